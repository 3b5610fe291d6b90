//! The license server as the issuer of its licenses.

use der::asn1::Utf8StringRef;

use super::encode::{self, Body, invalid};
use super::profile::LICENSE_FIELDS;
use super::revocation::{self, Revoked};
use super::verify::{check_role, names as names_issuer};
use super::{Certificate, CertificateChain, CertificateError, IssueError, Role};
use super::{extensions, names};
use crate::ids::LicenseServerId;
use crate::instant::{Instant, Span};
use crate::keys::key_id;
use crate::licensing::seat_license::SeatLicense;
use crate::primitives::{EcdsaKey, EcdsaVerificationKey};

/// How long before its issue date a license is valid, for the sake of clocks that are slow.
const BACKDATED: Span = Span::seconds(3600);
/// How far the clocks of two processes of one license server may differ: what one issues, the other leaves as it is.
const CLOCKS: Span = Span::seconds(300);

/// A license server's key with the certificate that its licenses are issued under.
pub struct LicenseIssuer {
    key: EcdsaKey,
    chain: CertificateChain,
    id: LicenseServerId,
}

impl LicenseIssuer {
    /// Puts key and certificate together. Whether the certificate is trusted is asked of
    /// [`super::Authorities`].
    ///
    /// # Errors
    /// [`CertificateError::OtherKey`] when they do not belong together, [`CertificateError::Role`] and
    /// [`CertificateError::Profile`] when it is another role's certificate.
    pub fn new(key: EcdsaKey, chain: CertificateChain) -> Result<Self, CertificateError> {
        check_role(chain.leaf(), Role::LicenseIssuer)?;
        if chain.leaf().spki() != key.spki() {
            return Err(CertificateError::OtherKey);
        }
        let id = chain.leaf().subject_id().and_then(|id| id.parse().ok());
        let id = id.ok_or(CertificateError::Profile)?;
        Ok(Self { key, chain, id })
    }

    /// The license server.
    pub fn id(&self) -> &LicenseServerId {
        &self.id
    }

    /// Its certificate, and those up to the certifying authority's.
    pub fn chain(&self) -> &CertificateChain {
        &self.chain
    }

    /// Its key, which signs its orders too.
    pub fn key(&self) -> &EcdsaKey {
        &self.key
    }

    /// Issues a license for a client's key (SL Fig. 6, steps 204 and 206). Its certificate ends with the
    /// license, or with that of the license server where that ends first.
    ///
    /// # Errors
    /// [`IssueError::Invalid`] when the license is another server's, not for this key, or ended.
    pub fn issue(&self, license: &SeatLicense, spki: &[u8]) -> Result<Certificate, IssueError> {
        let is_for_key = EcdsaVerificationKey::from_spki(spki).is_ok()
            && key_id(spki).as_bytes() == license.client_id.as_bytes();
        if !license.is_valid() || license.license_server != self.id || !is_for_key {
            return Err(IssueError::Invalid);
        }
        let issuer = self.chain.leaf();
        let not_after = self.end(license.ends_at);
        if not_after <= license.issued_at {
            return Err(IssueError::Invalid);
        }
        let mut extensions = extensions::of_role(Role::SeatLicense, spki, issuer)?;
        let fields = serde_json::to_string(license).map_err(|_| IssueError::Invalid)?;
        let fields = Utf8StringRef::new(&fields).map_err(invalid)?;
        extensions.push(extensions::extension(LICENSE_FIELDS, false, &fields)?);
        let common_name = format!("{} {}", license.product_id, license.version);
        let body = Body {
            issuer: issuer.parsed().tbs_certificate().subject().clone(),
            not_before: license.issued_at.minus(BACKDATED),
            not_after,
            subject: names::name(&common_name, Some(&license.client_id.to_string()))?,
            spki,
            extensions,
        };
        encode::certificate(&self.key, body)
    }

    /// Whether a license that ends then would still be issued as in this certificate: under the same key, dated now at the
    /// latest, as far as clocks agree, and until the same end. One from before the license server's certificate was renewed
    /// may end too early; one that was issued while the clock was ahead is dated too late.
    pub fn is_current(
        &self,
        certificate: &Certificate,
        ends_at: Option<Instant>,
        now: Instant,
    ) -> bool {
        names_issuer(self.chain.leaf(), certificate) == Ok(true)
            && certificate.not_before().plus(BACKDATED) <= now.plus(CLOCKS)
            && self.end(ends_at) <= certificate.not_after()
    }

    /// When the certificate of a license ends.
    fn end(&self, license: Option<Instant>) -> Instant {
        license.unwrap_or_else(Instant::last).min(self.chain.leaf().not_after())
    }

    /// Signs the list of revoked licenses. Its number grows with each, and the next one comes at the latest at `next`.
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
        revocation::list(&self.key, self.chain.leaf(), revoked, number, now, next)
    }
}
