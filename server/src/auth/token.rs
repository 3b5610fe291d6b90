//! Vendor tokens: plain in the vendor's hands, hashed in the store.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::{random, sha256};
use zeroize::Zeroizing;

/// What every vendor token begins with, so that secret scanners know one.
const PREFIX: &str = "tbv_";
/// The random part, in bytes.
const LENGTH: usize = 32;

/// A vendor's token. It has no `Debug`; its hash may be stored and compared, as 256 random bits cannot
/// be guessed from it.
pub struct VendorToken(Zeroizing<String>);

impl VendorToken {
    /// A new one.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        random(bytes.as_mut_slice());
        let random = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes));
        Self(Zeroizing::new(format!("{PREFIX}{}", *random)))
    }

    /// A text that looks like a token.
    pub fn parse(text: &str) -> Option<Self> {
        let random = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).map(Zeroizing::new).ok()?;
        (random.len() == LENGTH).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The token itself, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> Digest {
        Digest::from_bytes(sha256(self.0.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = VendorToken::generate();
        let text = token.reveal();
        assert_eq!(VendorToken::parse(text).expect("a token").hash(), token.hash());
        for other in [&text[1..], &text[..text.len() - 1], "tbv_", ""] {
            assert!(VendorToken::parse(other).is_none(), "{other}");
        }
        assert!(VendorToken::parse(&format!("{text}A")).is_none());
    }
}
