//! What has become of a license, for those who look after it.

use std::fmt;

use serde::Serialize;
use trybuy_formats::certificates::Certificate;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::enable_all;

use crate::store::{Assignment, InstalledPack, ListedTemporary, TemporaryLicense};

/// How it is with a license at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenseState {
    /// It can be used.
    Valid,
    /// It cannot be used yet.
    NotActiveYet,
    /// Its end has come.
    Ended,
    /// It cannot be used with its certificate, which has ended. When its client asks, it is signed anew.
    CertificateEnded,
    /// The operator took it back.
    Revoked,
    /// It was a temporary one, and its client has a permanent one that is for the same.
    Replaced,
}

impl LicenseState {
    /// That of a license that a client has. One that was upgraded is the one that it was upgraded to.
    pub fn of_assigned(license: &Assignment, now: Instant) -> Self {
        match license.revoked_at {
            Some(_) => Self::Revoked,
            None => Self::signed(license.issued_at, license.ends_at, &license.certificate, now),
        }
    }

    /// That of a temporary license.
    pub fn of_temporary(listed: &ListedTemporary, now: Instant) -> Self {
        let ListedTemporary { license, revoked_at, permanent } = listed;
        if revoked_at.is_some() {
            Self::Revoked
        } else if permanent.iter().any(|permanent| replaces(permanent, license, now)) {
            Self::Replaced
        } else {
            Self::signed(license.issued_at, Some(license.ends_at), &license.certificate, now)
        }
    }

    /// That of the free licenses of a pack.
    pub fn of_free(installed: &InstalledPack, now: Instant) -> Self {
        Self::between(installed.pack.first_active_at, installed.pack.ends_at, now)
    }

    /// That of a license with its certificate, in DER.
    fn signed(begin: Instant, end: Option<Instant>, certificate: &[u8], now: Instant) -> Self {
        let has_ended = || Certificate::from_der(certificate).is_ok_and(|it| it.not_after() < now);
        match Self::between(begin, end, now) {
            Self::Valid if has_ended() => Self::CertificateEnded,
            state => state,
        }
    }

    fn between(begin: Instant, end: Option<Instant>, now: Instant) -> Self {
        if end.is_some_and(|end| end <= now) {
            Self::Ended
        } else if now < begin {
            Self::NotActiveYet
        } else {
            Self::Valid
        }
    }
}

/// Whether a permanent license is good, and for all that a temporary one is for.
fn replaces(permanent: &Assignment, temporary: &TemporaryLicense, now: Instant) -> bool {
    LicenseState::of_assigned(permanent, now) == LicenseState::Valid
        && permanent.platform_type == temporary.platform_type
        && !permanent.version.precedes(&temporary.version)
        && enable_all(&permanent.features, &temporary.features)
}

impl fmt::Display for LicenseState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "valid",
            Self::NotActiveYet => "not active yet",
            Self::Ended => "ended",
            Self::CertificateEnded => "certificate ended",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
        })
    }
}
