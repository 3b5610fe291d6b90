//! A certifying authority for development, and for companies without one.

use super::encode::{self, Body};
use super::revocation::{self, Revoked};
use super::verify::check_role;
use super::{Certificate, CertificateError, CertificateRequest, IssueError, Role};
use super::{extensions, names};
use crate::instant::{Instant, Span};
use crate::primitives::EcdsaKey;

/// A certifying authority of its own: a key and a certificate that it signed itself.
pub struct DevelopmentAuthority {
    key: EcdsaKey,
    certificate: Certificate,
}

impl DevelopmentAuthority {
    /// Makes one.
    ///
    /// # Errors
    /// When the name has no characters, or the library fails.
    pub fn generate(name: &str, now: Instant, validity: Span) -> Result<Self, IssueError> {
        let key = EcdsaKey::generate().map_err(IssueError::Signature)?;
        let subject = names::name(name, None)?;
        let body = Body {
            issuer: subject.clone(),
            not_before: now,
            not_after: now.plus(validity),
            subject,
            spki: key.spki(),
            extensions: extensions::of_authority(key.spki())?,
        };
        let certificate = encode::certificate(&key, body)?;
        Ok(Self { key, certificate })
    }

    /// Puts key and certificate together.
    ///
    /// # Errors
    /// [`CertificateError::OtherKey`] when they do not belong together.
    pub fn new(key: EcdsaKey, certificate: Certificate) -> Result<Self, CertificateError> {
        let belong_together = certificate.spki() == key.spki();
        belong_together.then_some(Self { key, certificate }).ok_or(CertificateError::OtherKey)
    }

    /// Its key.
    pub fn key(&self) -> &EcdsaKey {
        &self.key
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Issues a certificate of a role. It ends with that of the authority at the latest.
    ///
    /// # Errors
    /// [`IssueError::Invalid`] when the request's key or id is not one of the role, and for seat licenses,
    /// which license servers issue.
    pub fn issue(
        &self,
        request: &CertificateRequest,
        role: Role,
        now: Instant,
        validity: Span,
    ) -> Result<Certificate, IssueError> {
        if role == Role::SeatLicense {
            return Err(IssueError::Invalid);
        }
        let spki = request.spki();
        let body = Body {
            issuer: self.certificate.parsed().tbs_certificate().subject().clone(),
            not_before: now,
            not_after: now.plus(validity).min(self.certificate.not_after()),
            subject: request.subject().clone(),
            spki: &spki,
            extensions: extensions::of_role(role, &spki, &self.certificate)?,
        };
        let certificate = encode::certificate(&self.key, body)?;
        check_role(&certificate, role).map_err(|_| IssueError::Invalid)?;
        Ok(certificate)
    }

    /// Signs the list of revoked certificates; stock servers want one of every authority of a chain.
    ///
    /// # Errors
    /// When the library fails.
    pub fn revocation_list(
        &self,
        revoked: Vec<Revoked>,
        number: u64,
        now: Instant,
        next: Instant,
    ) -> Result<Vec<u8>, IssueError> {
        revocation::list(&self.key, &self.certificate, revoked, number, now, next)
    }
}
