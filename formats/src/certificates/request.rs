//! Requests for certificates (PKCS#10, RFC 2986).

use der::asn1::{BitString, SetOfVec};
use der::pem::{self, LineEnding, PemLabel as _};
use der::{Decode as _, Encode as _};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::encode::{ECDSA_WITH_SHA256, invalid};
use super::verify::check_signed;
use super::{CertificateError, IssueError, names};
use crate::limits;
use crate::primitives::{DecryptionKey, EcdsaKey, SignatureKey, VerificationKey};

/// A request whose signature shows that whoever made it has the key.
pub struct CertificateRequest {
    info: CertReqInfo,
}

/// `RSASSA-PSS` with SHA-256, MGF1 with SHA-256 and 32 bytes of salt (RFC 4055, section 3.1), in DER.
const RSA_PSS: [u8; 67] = [
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0,
    0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0xa2, 0x03,
    0x02, 0x01, 0x20,
];

impl CertificateRequest {
    /// Asks for a certificate for a key that signs, in PEM; `id` is that of the role.
    ///
    /// # Errors
    /// [`IssueError::Invalid`] when a name has characters that certificates cannot hold.
    pub fn to_sign_with(key: &EcdsaKey, name: &str, id: &str) -> Result<String, IssueError> {
        let info = info(name, id, key.spki())?;
        let signature =
            key.sign(&info.to_der().map_err(invalid)?).map_err(IssueError::Signature)?;
        to_pem(info, ECDSA_WITH_SHA256, &signature)
    }

    /// Asks for a certificate for a key that decrypts, in PEM. To show that one has the key, it signs this
    /// once.
    ///
    /// # Errors
    /// As [`CertificateRequest::to_sign_with`].
    pub fn to_decrypt_with(
        key: &DecryptionKey,
        name: &str,
        id: &str,
    ) -> Result<String, IssueError> {
        let info = info(name, id, key.encryption_key().spki())?;
        let pkcs8 = key.to_pkcs8().map_err(IssueError::Signature)?;
        let signer = SignatureKey::from_pkcs8(&pkcs8).map_err(IssueError::Signature)?;
        let bytes = info.to_der().map_err(invalid)?;
        let signature = signer.sign(&bytes).map_err(IssueError::Signature)?;
        let algorithm = AlgorithmIdentifierOwned::from_der(&RSA_PSS).map_err(invalid)?;
        to_pem(info, algorithm, &signature)
    }

    /// Reads a request in PEM and verifies its signature.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::Algorithm`] and [`CertificateError::Signature`].
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed;
        if text.len() > limits::CERTIFICATE_FILE {
            return Err(malformed);
        }
        let (label, der) = pem::decode_vec(text.as_bytes()).map_err(|_| malformed)?;
        if label != CertReq::PEM_LABEL || der.len() > limits::CERTIFICATE {
            return Err(malformed);
        }
        let request = CertReq::from_der(&der).map_err(|_| malformed)?;
        let bytes = request.info.to_der().map_err(|_| malformed)?;
        let signature = request.signature.as_bytes().ok_or(malformed)?;
        let spki = request.info.public_key.to_der().map_err(|_| malformed)?;
        let is_pss = request.algorithm.to_der().is_ok_and(|algorithm| algorithm == RSA_PSS);
        if is_pss {
            let key = VerificationKey::from_spki(&spki).map_err(|_| CertificateError::Key)?;
            key.verify(&bytes, signature).map_err(|_| CertificateError::Signature)?;
        } else {
            check_signed(&request.algorithm, &spki, &bytes, signature)?;
        }
        Ok(Self { info: request.info })
    }

    /// The key, SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> Vec<u8> {
        self.info.public_key.to_der().expect("what was read from DER can be written")
    }

    /// The id that it asks for.
    pub fn id(&self) -> Option<String> {
        names::id(&self.info.subject)
    }

    /// The name that it asks for.
    pub(super) fn subject(&self) -> &x509_cert::name::Name {
        &self.info.subject
    }
}

fn info(name: &str, id: &str, spki: &[u8]) -> Result<CertReqInfo, IssueError> {
    Ok(CertReqInfo {
        version: Version::V1,
        subject: names::name(name, Some(id))?,
        public_key: SubjectPublicKeyInfoOwned::from_der(spki).map_err(invalid)?,
        attributes: SetOfVec::new(),
    })
}

fn to_pem(
    info: CertReqInfo,
    algorithm: AlgorithmIdentifierOwned,
    signature: &[u8],
) -> Result<String, IssueError> {
    let signature = BitString::from_bytes(signature).map_err(invalid)?;
    let der = CertReq { info, algorithm, signature }.to_der().map_err(invalid)?;
    pem::encode_string(CertReq::PEM_LABEL, LineEnding::LF, &der).map_err(|_| IssueError::Invalid)
}
