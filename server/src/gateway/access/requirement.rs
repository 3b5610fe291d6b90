//! What a license has to be, for the service behind the gateway.

use trybuy_formats::certificates::{CertificateError, RevocationReason};
use trybuy_formats::ids::{Label, ProductId, Version};
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;

/// The product that the service is, and the features of it that it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// The product.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// The features that a license has to enable.
    pub features: Vec<Label>,
}

/// Why a client may not pass (SL Fig. 5: "the software license is deemed invalid").
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoLicense {
    /// It shows none.
    #[error("this service needs a license, and no license was presented")]
    Missing,
    /// It shows a token instead, which is nobody's, or nobody's any more.
    #[error("the token is that of no legacy client of this gateway")]
    UnknownToken,
    /// It is a user of this machine who may be no client.
    #[error("user {0} of this machine may be no direct-connect client of this gateway")]
    NoDirectUser(u32),
    /// It shows something else, or a forged one.
    #[error("what was presented is not a license of this company's license server: {0}")]
    Invalid(CertificateError),
    /// The license is for something else.
    #[error("the license is for {0}")]
    Foreign(String),
    /// It cannot be used yet.
    #[error("the license cannot be used yet")]
    NotActive,
    /// It has ended.
    #[error("the license has ended")]
    Expired,
    /// It was revoked.
    #[error("the license was revoked")]
    Revoked,
    /// One of both: the license server has not kept which.
    #[error("the license was revoked, or a newer one took its place")]
    RevokedOrSuperseded,
    /// It was upgraded, or the same license was signed anew.
    #[error("a newer license took the place of this one")]
    Superseded,
    /// Whether it was revoked is not known any more, and the operator wants none to be accepted then.
    #[error("the license server's revocation list is too old to accept any license")]
    StaleList,
    /// It is for an older version.
    #[error("the license is for version {held}, and this service needs {needed}")]
    TooOld {
        /// Its version.
        held: Version,
        /// The version that is needed.
        needed: Version,
    },
    /// It does not enable a feature.
    #[error("the license does not enable {0}, which this service needs")]
    Feature(Label),
}

impl Requirement {
    /// Whether a license is one for the service.
    ///
    /// # Errors
    /// Why it is not.
    pub fn check(&self, license: &SeatLicense) -> Result<(), NoLicense> {
        if license.product_id != self.product_id {
            return Err(NoLicense::Foreign(format!("the product {}", license.product_id)));
        }
        if !license.covers(&self.product_id, &self.version) {
            let held = license.version.clone();
            return Err(NoLicense::TooOld { held, needed: self.version.clone() });
        }
        let missing = self.features.iter().find(|feature| !license.features.contains(feature));
        missing.map_or(Ok(()), |feature| Err(NoLicense::Feature(feature.clone())))
    }
}

impl NoLicense {
    /// What it means that a license is on the revocation list for a reason, if it is known.
    pub(super) fn on_the_list(reason: Option<RevocationReason>) -> Self {
        match reason {
            Some(RevocationReason::Superseded) => Self::Superseded,
            Some(RevocationReason::PrivilegeWithdrawn) => Self::Revoked,
            None => Self::RevokedOrSuperseded,
        }
    }
}

impl From<CertificateError> for NoLicense {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::NotYetValid => Self::NotActive,
            CertificateError::Ended => Self::Expired,
            other => Self::Invalid(other),
        }
    }
}

impl Refusal for NoLicense {
    fn slug(&self) -> Slug {
        match self {
            Self::Missing | Self::UnknownToken | Self::NoDirectUser(_) => Slug::LicenseRequired,
            Self::Invalid(_) => Slug::LicenseInvalid,
            Self::Foreign(_) | Self::Feature(_) => Slug::LicenseForeign,
            Self::NotActive => Slug::LicenseNotActive,
            Self::Expired => Slug::LicenseExpired,
            Self::Revoked | Self::RevokedOrSuperseded => Slug::LicenseRevoked,
            Self::Superseded => Slug::LicenseSuperseded,
            Self::StaleList => Slug::LicenseServerUnreachable,
            Self::TooOld { .. } => Slug::LicenseTooOld,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotActive => "wait until it can be used, and check this computer's clock",
            Self::UnknownToken => "ask whoever runs this gateway for a token",
            Self::NoDirectUser(_) => {
                "ask whoever runs this gateway to name this user with `users` in `[direct]`"
            }
            Self::Revoked => "ask whoever hands out licenses for this service",
            Self::RevokedOrSuperseded => {
                "get a newer one with `trybuy license renew`; where there is none, ask whoever hands out licenses for \
                this service"
            }
            Self::Superseded => {
                "run `trybuy license renew`: it gets what is good now in place of it, or says why there is nothing, as \
                where the newer one has ended or was revoked; `trybuy connect` does so by itself. Export it anew for \
                other programs"
            }
            Self::StaleList => {
                "try again later; if it stays, tell whoever runs this gateway that it gets no news of its \
                license server"
            }
            Self::TooOld { .. } => {
                "get a newer one with `trybuy license request GATEWAY`, where GATEWAY is this address"
            }
            _ => {
                "get one with `trybuy license request GATEWAY`, or connect through `trybuy connect GATEWAY`, \
                where GATEWAY is this address"
            }
        };
        Some(help.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use trybuy_formats::ids::{ClientId, PlatformType, SeatLicenseId};
    use trybuy_formats::instant::Instant;
    use trybuy_formats::licensing::seat_license::SeatLicenseKind;

    use super::*;

    fn license(product: &str, version: &str, features: &[&str]) -> SeatLicense {
        SeatLicense {
            format: 1,
            license_id: SeatLicenseId::temporary(),
            client_id: ClientId::from_bytes([1; 32]),
            issued_at: Instant::from_unix(1).expect("an instant"),
            ends_at: None,
            license_server: "acme".parse().expect("an id"),
            kind: SeatLicenseKind::Temporary,
            pack_id: None,
            product_id: product.parse().expect("an id"),
            version: version.parse().expect("a version"),
            features: features.iter().map(|feature| feature.parse().expect("a feature")).collect(),
            platform_type: PlatformType::NonWindows,
        }
    }

    #[test]
    fn a_newer_license_is_accepted_and_an_older_one_is_not() {
        let requirement = Requirement {
            product_id: "com.example.suite".parse().expect("an id"),
            version: "4.2.0".parse().expect("a version"),
            features: vec!["drawing".parse().expect("a feature")],
        };
        for (product, version, features, slug) in [
            ("com.example.suite", "4.2.0", &["drawing"][..], None),
            ("com.example.suite", "5.0.0", &["drawing", "writing"], None),
            ("com.example.suite", "4.1.9", &["drawing"], Some(Slug::LicenseTooOld)),
            ("com.example.suite", "4.2.0-beta.1", &["drawing"], Some(Slug::LicenseTooOld)),
            ("com.example.suite", "4.2.0", &["writing"], Some(Slug::LicenseForeign)),
            ("com.example.other", "4.2.0", &["drawing"], Some(Slug::LicenseForeign)),
        ] {
            let checked = requirement.check(&license(product, version, features));
            assert_eq!(checked.err().map(|refused| refused.slug()), slug, "{product} {version}");
        }
    }
}
