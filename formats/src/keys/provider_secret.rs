//! The secret that a payment provider signs its messages with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::primitives::{constant_time_eq, hmac_sha256};

/// The secret that messages of somebody else are signed with (Standard Webhooks): 24 to 64 bytes. It has no
/// `Debug`.
pub struct ProviderSecret(Zeroizing<Vec<u8>>);

/// The most characters of the signatures of a message: several, while a secret is replaced.
const SIGNATURES: usize = 1024;

impl ProviderSecret {
    /// Reads a secret as providers show it: `whsec_` and base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix("whsec_")?).ok()?);
        (24..=64).contains(&bytes.len()).then_some(Self(bytes))
    }

    /// Whether one of the signatures of a message, which stand behind each other with a space between them,
    /// is made with this secret: `v1,` and base64 of the HMAC.
    pub fn is_signed(&self, message: &[u8], signatures: &str) -> bool {
        let tag = hmac_sha256(&self.0, message);
        signatures.len() <= SIGNATURES
            && signatures.split(' ').any(|signature| {
                let text = signature.strip_prefix("v1,").unwrap_or_default();
                let bytes = STANDARD.decode(text).unwrap_or_default();
                constant_time_eq(&bytes, &tag)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of Standard Webhooks test themselves with.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let secret = ProviderSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("one");
        let message = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        for (signatures, is_signed) in [
            (good.to_owned(), true),
            (format!("v1,AAAA {good}"), true),
            (format!("v1a,AAAA {good} v1,"), true),
            (String::new(), false),
            ("v1,".to_owned(), false),
            (good.replace("v1", "v2"), false),
            (good.replace("g0", "h0"), false),
            (format!("{good} ").repeat(30), false),
        ] {
            assert_eq!(secret.is_signed(message, &signatures), is_signed, "{signatures}");
        }
        assert!(!secret.is_signed(b"another message", good));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        for (length, good) in [(23, false), (24, true), (64, true), (65, false)] {
            let text = format!("whsec_{}", STANDARD.encode(vec![7; length]));
            assert_eq!(ProviderSecret::parse(&text).is_some(), good, "{length}");
        }
        assert!(ProviderSecret::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none());
    }
}
