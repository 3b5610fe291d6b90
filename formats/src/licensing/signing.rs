//! How the documents of the licensing system are signed: JWS with ES256 in compact serialisation (RFC 7515,
//! RFC 7518), whose header holds the signer's key or certificates (`LI-3`, `LI-4`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::canonical_json;
use crate::certificates::{Authorities, Certificate, CertificateChain, CertificateError, Role};
use crate::encoding::{base64_bytes, from_base64, to_base64};
use crate::ids::ClientId;
use crate::instant::Instant;
use crate::keys::key_id;
use crate::limits;
use crate::primitives::{EcdsaKey, EcdsaVerificationKey};
use crate::signed::{Document, SignError, SignedError, Verified, read_payload};

/// The one algorithm.
pub(super) const ALGORITHM: &str = "ES256";
/// What comes before the coordinates in the SubjectPublicKeyInfo of a P-256 key (RFC 5480).
const SPKI_START: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// Bytes of a coordinate.
const COORDINATE: usize = 32;

/// The key that a client signed a document with: it is the client (`LI-3`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientKey {
    spki: Vec<u8>,
}

impl ClientKey {
    /// The client of a key, SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`SignedError::Malformed`] when it is not one of P-256.
    pub fn from_spki(spki: &[u8]) -> Result<Self, SignedError> {
        let key = EcdsaVerificationKey::from_spki(spki).map_err(|_| SignedError::Malformed)?;
        Ok(Self { spki: key.spki().to_vec() })
    }

    /// The client's id.
    pub fn client_id(&self) -> ClientId {
        ClientId::from_bytes(*key_id(&self.spki).as_bytes())
    }

    /// The key, SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

/// Why a document that is signed under a certificate was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertifiedError {
    /// The document.
    #[error(transparent)]
    Document(#[from] SignedError),
    /// Its signer's certificate.
    #[error("the signer's certificate was refused")]
    Certificate(#[from] CertificateError),
}

/// The header of a client's document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientHeader {
    alg: String,
    jwk: Jwk,
    typ: String,
}

/// A public key of P-256 (RFC 7517; RFC 7518, section 6.2).
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jwk {
    crv: String,
    kty: String,
    #[serde(with = "base64_bytes")]
    x: Vec<u8>,
    #[serde(with = "base64_bytes")]
    y: Vec<u8>,
}

impl Jwk {
    /// Of a key, SubjectPublicKeyInfo in DER.
    pub(super) fn of(spki: &[u8]) -> Result<Self, SignError> {
        let point = spki.strip_prefix(&SPKI_START).ok_or(SignError::Invalid)?;
        let (x, y) = point.split_at_checked(COORDINATE).ok_or(SignError::Invalid)?;
        Ok(Self { crv: "P-256".into(), kty: "EC".into(), x: x.into(), y: y.into() })
    }

    /// The key, SubjectPublicKeyInfo in DER; none where it is of another kind.
    pub(super) fn spki(&self) -> Option<Vec<u8>> {
        let is_ours = (self.crv.as_str(), self.kty.as_str()) == ("P-256", "EC");
        is_ours.then(|| [SPKI_START.as_slice(), &self.x, &self.y].concat())
    }
}

/// The header of a document that is signed under a certificate.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CertifiedHeader {
    alg: String,
    typ: String,
    /// The signer's certificate and those it was issued under (RFC 7515, section 4.1.6).
    x5c: Vec<String>,
}

/// Signs a document as the client that has a key.
///
/// # Errors
/// When the document would not be accepted by [`open_from_client`], or the library fails.
pub fn sign_as_client<T: Document>(key: &EcdsaKey, document: &T) -> Result<String, SignError> {
    let jwk = Jwk::of(key.spki())?;
    sign(key, &ClientHeader { alg: ALGORITHM.into(), jwk, typ: T::TYPE.into() }, document)
}

/// Verifies a client's document, then reads it. Whoever signed it has the key that it names.
///
/// # Errors
/// Why it was refused.
pub fn open_from_client<T: Document>(text: &str) -> Result<(ClientKey, Verified<T>), SignedError> {
    let parts = Parts::of(text)?;
    let header: ClientHeader = parts.header()?;
    if header.alg != ALGORITHM || header.typ != T::TYPE {
        return Err(SignedError::Malformed);
    }
    let spki = header.jwk.spki().ok_or(SignedError::Malformed)?;
    let client = ClientKey::from_spki(&spki)?;
    parts.verify(&spki)?;
    Ok((client, read_payload(parts.payload)?))
}

/// Signs a document under a certificate, which is enclosed with those it was issued under.
///
/// # Errors
/// When the document would not be accepted by [`open_certified`], or the library fails.
pub fn sign_certified<T: Document>(
    key: &EcdsaKey,
    chain: &CertificateChain,
    document: &T,
) -> Result<String, SignError> {
    let certificates = chain.certificates().iter();
    let x5c = certificates.map(|certificate| STANDARD.encode(certificate.der())).collect();
    sign(key, &CertifiedHeader { alg: ALGORITHM.into(), typ: T::TYPE.into(), x5c }, document)
}

/// Verifies the certificate of a document's signer for a role, then the document; then reads it.
///
/// # Errors
/// Why it was refused.
pub fn open_certified<T: Document>(
    authorities: &Authorities,
    role: Role,
    now: Instant,
    text: &str,
) -> Result<(Certificate, Verified<T>), CertifiedError> {
    let parts = Parts::of(text)?;
    let header: CertifiedHeader = parts.header()?;
    if header.alg != ALGORITHM || header.typ != T::TYPE {
        return Err(SignedError::Malformed.into());
    }
    let signer = authorities.verify(&enclosed(&header.x5c)?, role, now)?;
    parts.verify(&signer.spki())?;
    Ok((signer, read_payload(parts.payload)?))
}

fn enclosed(x5c: &[String]) -> Result<CertificateChain, CertifiedError> {
    if x5c.len() > limits::CERTIFICATE_CHAIN {
        return Err(CertificateError::Chain.into());
    }
    let read = |text: &String| {
        let der = STANDARD.decode(text).map_err(|_| CertificateError::Malformed)?;
        Certificate::from_der(&der)
    };
    let certificates = x5c.iter().map(read).collect::<Result<_, _>>()?;
    Ok(CertificateChain::new(certificates)?)
}

fn sign<T: Document>(
    key: &EcdsaKey,
    header: &impl Serialize,
    document: &T,
) -> Result<String, SignError> {
    let payload = serde_json::to_vec(document).map_err(|_| SignError::Invalid)?;
    let header = serde_json::to_vec(header).map_err(|_| SignError::Invalid)?;
    if payload.len() > T::PAYLOAD_CAP || !document.is_valid() {
        return Err(SignError::Invalid);
    }
    let input = format!("{}.{}", to_base64(&header), to_base64(&payload));
    let signature = key.sign_fixed(input.as_bytes()).map_err(SignError::Signature)?;
    Ok(format!("{input}.{}", to_base64(&signature)))
}

/// The parts of a signed document, of which nothing is believed yet.
pub(super) struct Parts<'a> {
    input: &'a str,
    header: Vec<u8>,
    pub(super) payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(text: &'a str) -> Result<Self, SignedError> {
        if text.len() > limits::CERTIFIED_DOCUMENT {
            return Err(SignedError::Malformed);
        }
        let split = || {
            let (input, signature) = text.rsplit_once('.')?;
            let (header, payload) = input.split_once('.')?;
            Some(Self {
                input,
                header: from_base64(header)?,
                payload: from_base64(payload)?,
                signature: from_base64(signature)?,
            })
        };
        split().ok_or(SignedError::Malformed)
    }

    /// The header, in a writer's own spelling.
    pub(super) fn header<H: Serialize + DeserializeOwned>(&self) -> Result<H, SignedError> {
        canonical_json::parse_unversioned(&self.header).ok_or(SignedError::Malformed)
    }

    pub(super) fn verify(&self, spki: &[u8]) -> Result<(), SignedError> {
        let key = EcdsaVerificationKey::from_spki(spki).map_err(|_| SignedError::Malformed)?;
        key.verify_fixed(self.input.as_bytes(), &self.signature).map_err(|_| SignedError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licensing::upgrade::UpgradeRequest;
    use crate::primitives::SPKI_LENGTH;
    use crate::signed::FORMAT;

    fn request() -> UpgradeRequest {
        UpgradeRequest {
            format: FORMAT,
            license: vec![1, 2, 3],
            version: "5.0.0".parse().expect("a version"),
            features: Vec::new(),
            encryption_key: vec![0; SPKI_LENGTH],
        }
    }

    #[test]
    fn a_client_is_the_key_it_signed_with() {
        let key = EcdsaKey::generate().expect("a key");
        let text = sign_as_client(&key, &request()).expect("signed");
        let (client, opened) = open_from_client::<UpgradeRequest>(&text).expect("opened");
        assert_eq!(client.spki(), key.spki());
        assert!(*opened == request());
    }

    #[test]
    fn no_other_key_or_spelling_passes() {
        let (key, other) =
            (EcdsaKey::generate().expect("a key"), EcdsaKey::generate().expect("a key"));
        let text = sign_as_client(&key, &request()).expect("signed");
        let foreign = sign_as_client(&other, &request()).expect("signed");
        let parts: Vec<&str> = text.split('.').collect();
        let header_of_other = foreign.split('.').next().expect("a header");
        let mixed = [header_of_other, parts[1], parts[2]].join(".");
        let opened = |text: &str| open_from_client::<UpgradeRequest>(text).err();
        assert_eq!(opened(&mixed), Some(SignedError::Signature));
        let header = String::from_utf8(from_base64(parts[0]).expect("base64")).expect("UTF-8");
        for (one, instead) in [
            ("ES256", "none"),
            ("trybuy-license-upgrade", "trybuy-challenge-response"),
            ("{\"alg\"", "{ \"alg\""),
            ("P-256", "P-384"),
        ] {
            let other = to_base64(header.replacen(one, instead, 1).as_bytes());
            let text = [other.as_str(), parts[1], parts[2]].join(".");
            assert_eq!(opened(&text), Some(SignedError::Malformed), "{instead}");
        }
        for text in ["", ".", "..", "a.b.c", &text[..text.len() - 1], &format!("{text}.")] {
            assert!(opened(text).is_some(), "{text}");
        }
    }
}
