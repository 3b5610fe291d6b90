//! The granting module's hands: what it decides by, and the key that it signs with.

use std::error::Error;

use trybuy_formats::certificates::LicenseIssuer;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::signed::FORMAT;

use super::granting;
use crate::store::{
    Allocation, Assignment, GrantingModule, IssuedLicense, LicenseTerms, Standing, WantedLicense,
};

/// The granting module 126 of a license server.
pub struct Granting {
    issuer: LicenseIssuer,
    secret: LicenseServerSecret,
}

/// A certificate that was issued has a serial number, by its profile.
#[derive(Debug, thiserror::Error)]
#[error("the certificate has no serial number")]
struct NoSerial;

impl Granting {
    /// One that signs with a license server's key.
    pub fn new(issuer: LicenseIssuer, secret: LicenseServerSecret) -> Self {
        Self { issuer, secret }
    }

    /// Whose licenses it signs.
    pub fn issuer(&self) -> &LicenseIssuer {
        &self.issuer
    }
}

impl GrantingModule for Granting {
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
    ) -> Option<&'a Assignment> {
        granting::upgradable(wanted, held)
    }

    fn allocation(&self, standing: Standing) -> Allocation {
        granting::allocation(standing)
    }

    /// Fills in the fields of SL Table 5 and signs them (SL Fig. 6, step 206).
    fn issue(
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
            license_server: self.issuer.id().clone(),
            kind: terms.kind,
            pack_id: terms.pack_id,
            product_id: wanted.product_id.clone(),
            version: terms.version.clone(),
            features: terms.features.to_vec(),
            platform_type: wanted.platform_type,
        };
        let certificate = self.issuer.issue(&license, &wanted.client_key)?;
        Ok(IssuedLicense {
            certificate_serial: certificate.serial().ok_or(NoSerial)?,
            certificate: certificate.der().to_vec(),
        })
    }
}
