//! A license that came (Fig. 6, step 212).

use trybuy_formats::api::{LicenseAnswer, LicenseOutcome};
use trybuy_formats::certificates::CertificateError;
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use super::Requestor;
use crate::error::Error;
use crate::licensing::challenge;
use crate::licensing::seat_license::ClientLicense;
use crate::{clock, messages};

impl Requestor<'_> {
    /// Decrypts a license (Fig. 6, step 212), and believes nothing of it that was not verified.
    pub(super) fn open(&self, answer: &LicenseAnswer) -> Result<ClientLicense, Error> {
        let chain = sealed_license::open(&self.decryption_key, &answer.license)
            .map_err(|error| messages::license_refused(Slug::LicenseInvalid).caused_by(error))?;
        let client = Some(self.client_key()?.client_id());
        let license = ClientLicense::verify(chain, &self.gateway, client, clock::now())
            .map_err(|error| messages::license_refused(slug_of(error)).caused_by(error))?;
        if license.standing() == Err(Slug::LicenseExpired)
            && answer.outcome == LicenseOutcome::TemporaryAgain
        {
            return Err(messages::no_free_license(license.fields()));
        }
        let fitting = license.standing().and_then(|()| self.fits(license.fields()));
        fitting.map_err(messages::license_refused)?;
        Ok(license)
    }

    /// Whether it is the license that was asked for.
    fn fits(&self, fields: &SeatLicense) -> Result<(), Slug> {
        if fields.license_server != self.info.license_server
            || fields.product_id != self.info.product_id
            || fields.platform_type != challenge::platform_type()
        {
            return Err(Slug::LicenseForeign);
        }
        if !fields.covers(&self.info.product_id, &self.info.version) {
            return Err(Slug::LicenseTooOld);
        }
        fields.enables(&self.info.features).then_some(()).ok_or(Slug::LicenseForeign)
    }
}

fn slug_of(error: CertificateError) -> Slug {
    match error {
        CertificateError::Ended => Slug::LicenseExpired,
        CertificateError::NotYetValid => Slug::LicenseNotActive,
        _ => Slug::LicenseInvalid,
    }
}
