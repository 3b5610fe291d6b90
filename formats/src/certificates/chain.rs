//! A certificate with those it was issued under, in PEM (RFC 7468).

use der::pem::{self, PemLabel as _};

use super::{Certificate, CertificateError};
use crate::limits;

/// A certificate first, then the one that issued it, and so on; nothing believed of them yet.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateChain(Vec<Certificate>);

const LABEL: &str = x509_cert::Certificate::PEM_LABEL;
const END: &str = "-----END CERTIFICATE-----";

impl CertificateChain {
    /// From the certificates.
    ///
    /// # Errors
    /// [`CertificateError::Chain`] when they are none, or more than [`limits::CERTIFICATE_CHAIN`].
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, CertificateError> {
        let fits = (1..=limits::CERTIFICATE_CHAIN).contains(&certificates.len());
        fits.then_some(Self(certificates)).ok_or(CertificateError::Chain)
    }

    /// Reads certificates in PEM. Text between them is passed over (RFC 7468, section 2).
    ///
    /// # Errors
    /// [`CertificateError::Malformed`] and [`CertificateError::Chain`].
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::new(read_pem(text)?)
    }

    /// The certificates in PEM.
    pub fn to_pem(&self) -> String {
        self.0.iter().map(Certificate::to_pem).collect()
    }

    /// The certificate that the chain is about.
    pub fn leaf(&self) -> &Certificate {
        &self.0[0]
    }

    /// All certificates, the leaf first.
    pub fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// A chain that begins with a certificate that the leaf of this one issued.
    ///
    /// # Errors
    /// [`CertificateError::Chain`] when it would become too long.
    pub fn with_leaf(&self, leaf: Certificate) -> Result<Self, CertificateError> {
        Self::new(std::iter::once(leaf).chain(self.0.iter().cloned()).collect())
    }
}

/// At most [`limits::CERTIFICATE_CHAIN`] certificates and one more.
pub(super) fn read_pem(text: &str) -> Result<Vec<Certificate>, CertificateError> {
    if text.len() > limits::CERTIFICATE_FILE {
        return Err(CertificateError::Malformed);
    }
    let begin = format!("-----BEGIN {LABEL}-----");
    let mut certificates = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(&begin) {
        let end = rest[start..].find(END).ok_or(CertificateError::Malformed)? + start + END.len();
        let (label, der) = pem::decode_vec(&rest.as_bytes()[start..end])
            .map_err(|_| CertificateError::Malformed)?;
        if label != LABEL || certificates.len() > limits::CERTIFICATE_CHAIN {
            return Err(CertificateError::Chain);
        }
        certificates.push(Certificate::from_der(&der)?);
        rest = &rest[end..];
    }
    Ok(certificates)
}
