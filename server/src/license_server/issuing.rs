//! The granting module's hands: what it decides by, and the key that it signs with.

use std::error::Error;

use trybuy_formats::certificates::{Certificate, LicenseIssuer};
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::signed::FORMAT;

use super::granting;
use crate::store::{
    Allocation, Assignment, GrantingModule, IssuedLicense, LicenseTerms, Standing, Upgradable,
    WantedLicense,
};

/// What signs licenses.
pub trait LicenseSigner: Send + Sync + 'static {
    /// Fills in the fields of SL Table 5 and signs them (SL Fig. 6, step 206).
    ///
    /// # Errors
    /// When the library fails.
    fn sign(
        &self,
        wanted: &WantedLicense,
        terms: &LicenseTerms<'_>,
    ) -> Result<IssuedLicense, Box<dyn Error + Send + Sync>>;

    /// Whether a license that ends then has to be signed anew: its certificate, in DER, has ended, is dated ahead of now,
    /// or is another than it would get now.
    fn is_outdated(&self, certificate: &[u8], ends_at: Option<Instant>, now: Instant) -> bool;
}

/// The granting module 126 of a license server.
pub struct Granting<S = LicenseIssuer> {
    signer: S,
    secret: LicenseServerSecret,
}

/// A certificate that was issued has a serial number, by its profile.
#[derive(Debug, thiserror::Error)]
#[error("the certificate has no serial number")]
struct NoSerial;

impl<S> Granting<S> {
    /// One with what it signs and authenticates with.
    pub fn new(signer: S, secret: LicenseServerSecret) -> Self {
        Self { signer, secret }
    }

    /// What it signs with.
    pub fn signer(&self) -> &S {
        &self.signer
    }
}

impl<S: LicenseSigner> GrantingModule for Granting<S> {
    fn secret(&self) -> &LicenseServerSecret {
        &self.secret
    }

    fn existing<'a>(
        &self,
        wanted: &WantedLicense,
        held: &'a [Assignment],
    ) -> Option<&'a Assignment> {
        granting::existing(wanted, held)
    }

    fn upgradable<'a>(
        &self,
        wanted: &WantedLicense,
        held: &'a [Assignment],
        presented: Option<SeatLicenseId>,
    ) -> Vec<Upgradable<'a>> {
        granting::upgradable(wanted, held, presented)
    }

    fn allocation(&self, standing: Standing) -> Allocation {
        granting::allocation(standing)
    }

    fn issue(
        &self,
        wanted: &WantedLicense,
        terms: &LicenseTerms<'_>,
    ) -> Result<IssuedLicense, Box<dyn Error + Send + Sync>> {
        self.signer.sign(wanted, terms)
    }

    fn is_outdated(&self, certificate: &[u8], ends_at: Option<Instant>, now: Instant) -> bool {
        self.signer.is_outdated(certificate, ends_at, now)
    }
}

impl LicenseSigner for LicenseIssuer {
    fn sign(
        &self,
        wanted: &WantedLicense,
        terms: &LicenseTerms<'_>,
    ) -> Result<IssuedLicense, Box<dyn Error + Send + Sync>> {
        let license = SeatLicense {
            format: FORMAT,
            license_id: terms.license_id,
            client_id: wanted.client_id,
            issued_at: wanted.now,
            ends_at: terms.ends_at,
            license_server: self.id().clone(),
            kind: terms.kind,
            pack_id: terms.pack_id,
            product_id: wanted.product_id.clone(),
            version: terms.version.clone(),
            features: terms.features.to_vec(),
            platform_type: wanted.platform_type,
        };
        let certificate = self.issue(&license, &wanted.client_key)?;
        Ok(IssuedLicense {
            certificate_serial: certificate.serial().ok_or(NoSerial)?,
            certificate: certificate.der().to_vec(),
        })
    }

    fn is_outdated(&self, certificate: &[u8], ends_at: Option<Instant>, now: Instant) -> bool {
        let certificate = Certificate::from_der(certificate);
        !certificate.is_ok_and(|certificate| self.is_current(&certificate, ends_at, now))
    }
}
