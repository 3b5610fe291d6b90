//! The license pack installer 110 (SL Fig. 4, steps 164 to 170).
//!
//! Whether the clearinghouse's certificate is good is asked at two times. Now: an authority's certificate that has
//! ended vouches for nobody, so a pack has to be installed while its clearinghouse's certificate is valid, or be
//! delivered again, signed anew. And at the pack's issue date, so that a certificate is not used for a time in which
//! it was not valid. A pack is refused by name for every other reason that it can have.

use trybuy_formats::certificates::{Authorities, Certificate, CertificateError, Role};
use trybuy_formats::ids::LicenseServerId;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::{LicensePack, PackError, SealedPack};
use trybuy_formats::licensing::signing::{CertifiedError, open_certified};
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;

/// Why a pack was not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackRefused {
    /// It is forged, altered, or not from a known clearinghouse.
    #[error("the pack is not one of a clearinghouse that the certifying authority knows")]
    Signature(#[source] CertifiedError),
    /// The clearinghouse's certificate was not valid when the pack was issued.
    #[error("the clearinghouse's certificate was not valid when the pack was issued")]
    IssueDate,
    /// It is for another license server.
    #[error("the pack is for the license server {0}")]
    LicenseServer(LicenseServerId),
    /// It cannot be decrypted, or is not the one that is written outside.
    #[error("the pack cannot be opened")]
    Contents(#[source] PackError),
    /// The clearinghouse in it is not the one that signed it.
    #[error("the pack names the clearinghouse {named} and is signed by {signer}")]
    Clearinghouse {
        /// Which one it names.
        named: String,
        /// Whose certificate it is.
        signer: String,
    },
    /// Its licenses have ended.
    #[error("the licenses of the pack ended at {0}")]
    Ended(Instant),
    /// It was installed before.
    #[error("the pack has been installed before")]
    Installed,
}

impl Refusal for PackRefused {
    fn slug(&self) -> Slug {
        match self {
            Self::Signature(CertifiedError::Certificate(_)) => Slug::CertificateRefused,
            Self::Installed => Slug::PackInstalled,
            _ => Slug::PackRefused,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Signature(CertifiedError::Certificate(CertificateError::Ended))
            | Self::IssueDate => {
                "ask the clearinghouse to deliver the pack again under a valid certificate"
            }
            Self::Signature(_) | Self::Clearinghouse { .. } => {
                "fetch the pack from the clearinghouse again, and see that the certifying authority's \
                 certificate is the right one"
            }
            Self::LicenseServer(_) => "install it on that license server",
            Self::Contents(_) => {
                "see that this license server's keys are those that the pack was ordered with, and fetch \
                 the pack again"
            }
            Self::Ended(_) => "order another one",
            Self::Installed => {
                "its licenses are there: see `trybuy-server license-server pack list`"
            }
        };
        Some(help.to_owned())
    }
}

/// Verifies and decrypts a pack file (SL Fig. 4, steps 164 and 166).
///
/// # Errors
/// Why it is not one to be installed on this license server.
pub fn open(
    authorities: &Authorities,
    license_server: &LicenseServerId,
    key: &DecryptionKey,
    file: &str,
    now: Instant,
) -> Result<LicensePack, PackRefused> {
    let (signer, sealed) =
        open_certified::<SealedPack>(authorities, Role::Clearinghouse, now, file)
            .map_err(PackRefused::Signature)?;
    if sealed.license_server != *license_server {
        return Err(PackRefused::LicenseServer(sealed.license_server.clone()));
    }
    let pack = sealed.open(key).map_err(PackRefused::Contents)?;
    check(&pack, &signer, now)?;
    Ok(pack)
}

fn check(pack: &LicensePack, signer: &Certificate, now: Instant) -> Result<(), PackRefused> {
    let id = signer.subject_id().unwrap_or_default();
    if id != pack.clearinghouse.as_str() {
        let named = pack.clearinghouse.to_string();
        return Err(PackRefused::Clearinghouse { named, signer: id });
    }
    if !(signer.not_before()..=signer.not_after()).contains(&pack.issued_at) {
        return Err(PackRefused::IssueDate);
    }
    match pack.ends_at.filter(|end| *end <= now) {
        Some(end) => Err(PackRefused::Ended(end)),
        None => Ok(()),
    }
}
