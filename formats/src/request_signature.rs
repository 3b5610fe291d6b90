//! How a Builder signs its requests: HTTP Message Signatures (RFC 9421) in the one form of
//! `docs/formats/requests.md`. A server that accepts one form needs no parser for the others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::encoding::from_base64;
use crate::ids::{KeyId, LicenseId};
use crate::instant::{Instant, Span};
use crate::primitives::{RequestSignatureKey, sha256, verify_request_signature};

/// How far the signature's time may be from the server's (`RQ-5`).
pub const SIGNATURE_WINDOW: Span = Span::seconds(300);

const COMPONENTS: &str = r#"("@method" "@path" "@query" "content-digest")"#;
/// Bytes of an Ed25519 public key.
const PUBLIC_KEY: usize = 32;

/// The parts of a request that are signed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path, as it stands on the wire.
    pub path: &'a str,
    /// The query without its `?`, as it stands on the wire.
    pub query: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

/// The values of the three header fields that carry a signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignatureFields {
    /// `Content-Digest`
    pub content_digest: String,
    /// `Signature-Input`
    pub signature_input: String,
    /// `Signature`
    pub signature: String,
}

/// A signature that was read but not yet verified; says whose it claims to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestSignature {
    key_id: String,
    created: Instant,
    signature: [u8; 64],
}

/// Why a request's signature was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestSignatureError {
    /// The fields are not in the one form that is accepted (`RQ-1`, `RQ-4`).
    #[error("Signature-Input and Signature are not in the form that Builders use")]
    Malformed,
    /// `Content-Digest` does not fit the body (`RQ-3`).
    #[error("Content-Digest does not fit the body")]
    Digest,
    /// The signature does not fit the request or the key.
    #[error("the signature does not fit the request")]
    Signature,
}

/// Signs a request (`RQ-1` to `RQ-4`).
pub fn sign(
    key: &RequestSignatureKey,
    key_id: &str,
    request: &Request<'_>,
    created: Instant,
) -> SignatureFields {
    let parameters = parameters(key_id, created);
    let content_digest = content_digest(request.body);
    let base = signature_base(request, &content_digest, &parameters);
    SignatureFields {
        content_digest,
        signature_input: format!("trybuy={parameters}"),
        signature: format!("trybuy=:{}:", STANDARD.encode(key.sign(base.as_bytes()))),
    }
}

impl RequestSignature {
    /// Reads `Signature-Input` and `Signature`.
    ///
    /// # Errors
    /// When they are not in the one accepted form.
    pub fn parse(signature_input: &str, signature: &str) -> Result<Self, RequestSignatureError> {
        let (key_id, created) =
            parse_parameters(signature_input).ok_or(RequestSignatureError::Malformed)?;
        let signature = parse_signature(signature).ok_or(RequestSignatureError::Malformed)?;
        Ok(Self { key_id, created, signature })
    }

    /// Whose signature it claims to be (`RQ-2`).
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether it was made within the window around the server's time (`RQ-5`).
    pub fn is_recent(&self, now: Instant) -> bool {
        now.since(self.created).max(self.created.since(now)) <= SIGNATURE_WINDOW
    }

    /// Verifies it for a request as it was received.
    ///
    /// # Errors
    /// When the digest does not fit the body, or the signature not the request.
    pub fn verify(
        &self,
        public_key: &[u8; 32],
        request: &Request<'_>,
        received_digest: &str,
    ) -> Result<(), RequestSignatureError> {
        if received_digest != content_digest(request.body) {
            return Err(RequestSignatureError::Digest);
        }
        let parameters = parameters(&self.key_id, self.created);
        let base = signature_base(request, received_digest, &parameters);
        verify_request_signature(public_key, base.as_bytes(), &self.signature)
            .map_err(|_| RequestSignatureError::Signature)
    }
}

fn parameters(key_id: &str, created: Instant) -> String {
    let created = created.unix();
    format!(r#"{COMPONENTS};created={created};keyid="{key_id}";alg="ed25519""#)
}

/// The key id and time of a `Signature-Input` that is spelled exactly as [`sign`] spells it.
fn parse_parameters(signature_input: &str) -> Option<(String, Instant)> {
    let values = signature_input
        .strip_prefix("trybuy=")?
        .strip_prefix(COMPONENTS)?
        .strip_prefix(";created=")?;
    let (created, key_id) = values.strip_suffix(r#"";alg="ed25519""#)?.split_once(r#";keyid=""#)?;
    let created = Instant::from_unix(created.parse().ok()?)?;
    let canonical = signature_input == format!("trybuy={}", parameters(key_id, created));
    (is_key_id(key_id) && canonical).then(|| (key_id.to_owned(), created))
}

/// Whether it is a license id, a key id, or a request key in base64 (`RQ-2`).
fn is_key_id(text: &str) -> bool {
    text.parse::<LicenseId>().is_ok()
        || text.parse::<KeyId>().is_ok()
        || from_base64(text).is_some_and(|key| key.len() == PUBLIC_KEY)
}

fn parse_signature(field: &str) -> Option<[u8; 64]> {
    let text = field.strip_prefix("trybuy=:")?.strip_suffix(':')?;
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// `Content-Digest` of a body (RFC 9530).
fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(body)))
}

/// The signature base (RFC 9421, section 2.5).
fn signature_base(request: &Request<'_>, content_digest: &str, parameters: &str) -> String {
    let Request { method, path, query, .. } = request;
    let query = query.unwrap_or_default();
    format!(
        "\"@method\": {method}\n\
         \"@path\": {path}\n\
         \"@query\": ?{query}\n\
         \"content-digest\": {content_digest}\n\
         \"@signature-params\": {parameters}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: Request<'static> = Request {
        method: "POST",
        path: "/api/v1/applications/com.example.sketch/trials",
        query: None,
        body: br#"{"platform":"x86_64-linux"}"#,
    };

    fn signed() -> (RequestSignatureKey, SignatureFields) {
        let key = RequestSignatureKey::generate().expect("a key");
        let created = Instant::from_unix(1_795_000_000).expect("in range");
        let fields = sign(&key, "0198c0de-0000-7000-8000-000000000001", &REQUEST, created);
        (key, fields)
    }

    fn check(
        key: &RequestSignatureKey,
        fields: &SignatureFields,
        request: &Request<'_>,
    ) -> Result<(), RequestSignatureError> {
        RequestSignature::parse(&fields.signature_input, &fields.signature)?.verify(
            &key.public_key(),
            request,
            &fields.content_digest,
        )
    }

    #[test]
    fn a_signed_request_is_accepted() {
        let (key, fields) = signed();
        assert_eq!(check(&key, &fields, &REQUEST), Ok(()));
    }

    #[test]
    fn a_change_to_any_component_is_refused() {
        let (key, fields) = signed();
        for changed in [
            Request { method: "PUT", ..REQUEST },
            Request { path: "/api/v1/trials", ..REQUEST },
            Request { query: Some("a=b"), ..REQUEST },
        ] {
            let refusal = check(&key, &fields, &changed);
            assert_eq!(refusal, Err(RequestSignatureError::Signature));
        }
        let changed = Request { body: b"{}", ..REQUEST };
        assert_eq!(check(&key, &fields, &changed), Err(RequestSignatureError::Digest));
        let (other, _) = signed();
        assert_eq!(check(&other, &fields, &REQUEST), Err(RequestSignatureError::Signature));
    }

    #[test]
    fn another_spelling_is_malformed() {
        let (key, good) = signed();
        for (from, to) in [
            ("trybuy=(", "other=("),
            (r#""@method" "#, ""),
            (";created=1795000000", ""),
            ("created=1795000000", "created=+1795000000"),
            ("created=1795000000", "created=01795000000"),
            ("created=", "created= "),
            ("ed25519", "hmac-sha256"),
            (r#";alg="ed25519""#, r#";alg="ed25519";tag="x""#),
            ("keyid=\"", "keyid=\"\u{e9}"),
            ("0198c0de", "0198C0DE"),
            ("0198c0de-", ""),
        ] {
            let signature_input = good.signature_input.replacen(from, to, 1);
            assert_ne!(signature_input, good.signature_input, "{from}");
            let fields = SignatureFields { signature_input, ..good.clone() };
            assert_eq!(
                check(&key, &fields, &REQUEST),
                Err(RequestSignatureError::Malformed),
                "{from}"
            );
        }
    }

    #[test]
    fn the_window_is_open_on_both_sides() {
        let (_, fields) = signed();
        let signature = RequestSignature::parse(&fields.signature_input, &fields.signature)
            .expect("well-formed");
        for (seconds, recent) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)]
        {
            let now = Instant::from_unix(1_795_000_000 + seconds).expect("in range");
            assert_eq!(signature.is_recent(now), recent, "{seconds}");
        }
    }
}
