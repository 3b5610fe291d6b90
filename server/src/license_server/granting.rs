//! The granting module 126: which license a client gets. Pure functions over what the secure license store holds.
//!
//! In this order:
//! 1. a permanent license of the client that has not ended and covers the wanted version is issued again;
//! 2. a license of an older version, or one that has ended, is upgraded by a free upgrade license;
//! 3. a free license is allocated;
//! 4. for want of one, a temporary license is issued, once for each client and product; later the same one again,
//!    while it is good for what is wanted.
//!
//! A client one of whose licenses was revoked gets nothing of 2 to 4 until the operator readmits it.
//!
//! Which of several packs with free licenses is taken, the store finds by its index: that of the lowest sufficient
//! version, of those the soonest to end, of those the oldest. A store that was restored from a backup does not know
//! what it granted since, so nothing new is given out of it.

use trybuy_formats::ids::{SeatLicenseId, Version};
use trybuy_formats::instant::Instant;

use crate::store::{Allocation, Assignment, DecisionReason, HadTemporary, Standing, WantedLicense};

/// Of the licenses that a client has for the product, the one that is issued again (SL Fig. 6, step 202): of several
/// the newest version, and of those the last to end.
///
/// Whether it is "active" is not asked: a license is only issued after its first active date, and a clock that was
/// set back since is no reason to use up another one.
pub fn existing<'a>(wanted: &WantedLicense, held: &'a [Assignment]) -> Option<&'a Assignment> {
    let fits = |license: &&Assignment| {
        is_of_platform(wanted, license)
            && license.ends_at.is_none_or(|end| end > wanted.now)
            && !license.version.precedes(&wanted.version)
    };
    held.iter().filter(fits).max_by(|one, other| newness(one).cmp(&newness(other)))
}

/// Of the licenses that a client has and of which none can be issued again, the one that an upgrade license would
/// replace (SL Fig. 8, step 242: it "has expired and/or is for an older version"): the newest version, as the most
/// upgrade licenses are for that.
pub fn upgradable<'a>(wanted: &WantedLicense, held: &'a [Assignment]) -> Option<&'a Assignment> {
    let licenses = held.iter().filter(|license| is_of_platform(wanted, license));
    licenses.max_by(|one, other| newness(one).cmp(&newness(other)))
}

/// What is done where no license can be issued again (SL Fig. 6, step 204; Fig. 8, step 246).
pub fn allocation(standing: Standing) -> Allocation {
    let Standing { only_upgrade, barred, restored, upgrade, seat, temporary } = standing;
    if barred {
        return Allocation::Refused(DecisionReason::ClientBarred);
    }
    match (restored, upgrade, seat, temporary) {
        (false, Some((license, pack)), _, _) => Allocation::Upgrade(license, pack),
        (false, None, Some(pack), _) if !only_upgrade => Allocation::Seat(pack),
        // A client that presents a license to be upgraded has been given what there is for it.
        (false, ..) if only_upgrade => Allocation::Refused(DecisionReason::NoUpgrade),
        (_, _, _, Some(HadTemporary::Good(license))) if !only_upgrade => {
            Allocation::TemporaryAgain(license)
        }
        (false, _, _, Some(HadTemporary::Over(reason))) => Allocation::Refused(reason),
        (false, ..) => Allocation::Temporary,
        (true, ..) => Allocation::Refused(DecisionReason::LicenseServerRestored),
    }
}

/// A license is for a client on one platform type: each has its own packs (SL Table 2).
fn is_of_platform(wanted: &WantedLicense, license: &Assignment) -> bool {
    license.platform_type == wanted.platform_type
}

/// Of two that are alike, the one with the greater id, so that it is always the same one.
fn newness(license: &Assignment) -> (&Version, bool, Option<Instant>, SeatLicenseId) {
    (&license.version, license.ends_at.is_none(), license.ends_at, license.license_id)
}

#[cfg(test)]
mod tests;
