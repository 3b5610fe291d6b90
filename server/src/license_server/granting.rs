//! The granting module 126: which license a client gets. Pure functions over what the secure license store holds.
//!
//! In this order:
//! 1. a permanent license of the client that has not ended and covers the wanted version and features is issued
//!    again; one whose upgrade has ended, as what it was before;
//! 2. a license of an older version, with fewer features, or one that has ended, is upgraded by a free upgrade license:
//!    of several the first for which there is one that ends no earlier, else the one whose upgrade license ends last;
//! 3. a free license is allocated, beside those that the client has; for want of one, a free license of an older version,
//!    or with fewer features, is allocated and upgraded by a free upgrade license in one step;
//! 4. for want of one, a temporary license is issued, once for each client and product, where what is wanted was bought
//!    or ordered; later the same one again, while it is good for what is wanted.
//!
//! A client one of whose licenses was revoked gets nothing of 2 to 4 until the operator readmits it.
//!
//! No request drains packs, whatever it asks for: a license is only allocated where none of the client's fits, and an
//! upgrade takes nothing away from a license that is good: where it ends sooner, the license is afterwards what it was
//! before. So a client has at most one good license of each version with the same features.
//!
//! Which of several packs with free licenses is taken, the store finds: that of the lowest sufficient version, of those
//! with the fewest features, of those the soonest to end, of those the oldest. A store that was restored from a backup does not know
//! what it granted since, so nothing new is given out of it.

use trybuy_formats::ids::{SeatLicenseId, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::{enable_all, in_order};

use crate::store::{
    Allocation, Assignment, DecisionReason, HadTemporary, Standing, Upgradable, WantedLicense,
};

/// Of the licenses that a client has for the product, the one that is issued again (SL Fig. 6, step 202): of several
/// the newest version, and of those the last to end.
///
/// Whether it is "active" is not asked: a license is only issued after its first active date, and a clock that was
/// set back since is no reason to use up another one.
pub fn existing<'a>(wanted: &WantedLicense, held: &'a [Assignment]) -> Option<&'a Assignment> {
    let fits = |license: &&Assignment| {
        is_of_platform(wanted, license)
            && is_good(wanted, license)
            && !license.version.precedes(&wanted.version)
            && enable_all(&license.features, &wanted.features)
    };
    held.iter().filter(fits).max_by(|one, other| newness(one).cmp(&newness(other)))
}

/// Of the licenses that a client has and of which none can be issued again, those that an upgrade license could replace
/// (SL Fig. 8, step 242: it "has expired and/or is for an older version"), and what that has to be for. The one that the
/// client presents to be upgraded comes first; then those with the wanted features, as there the version alone is amiss;
/// of those the newest version, as the most upgrade licenses are for that.
pub fn upgradable<'a>(
    wanted: &WantedLicense,
    held: &'a [Assignment],
    presented: Option<SeatLicenseId>,
) -> Vec<Upgradable<'a>> {
    let rank = |license: &'a Assignment| {
        let is_presented = presented == Some(license.license_id);
        (is_presented, enable_all(&license.features, &wanted.features), newness(license))
    };
    let mut licenses: Vec<_> =
        held.iter().filter(|license| is_of_platform(wanted, license)).collect();
    licenses.sort_by(|one, other| rank(other).cmp(&rank(one)));
    licenses.into_iter().map(|license| upgraded(wanted, license)).collect()
}

/// What an upgrade of a license has to be for: what is wanted, and, while the license is good, all that it is good for.
fn upgraded<'a>(wanted: &WantedLicense, license: &'a Assignment) -> Upgradable<'a> {
    if !is_good(wanted, license) {
        return Upgradable { license, wanted: wanted.clone() };
    }
    let is_newer = wanted.version.precedes(&license.version);
    let features = wanted.features.iter().chain(&license.features).cloned().collect();
    let wanted = WantedLicense {
        version: if is_newer { &license.version } else { &wanted.version }.clone(),
        features: in_order(features),
        ..wanted.clone()
    };
    Upgradable { license, wanted }
}

/// What is done where no license can be issued again (SL Fig. 6, step 204; Fig. 8, step 246).
pub fn allocation(standing: Standing) -> Allocation {
    let Standing {
        only_upgrade,
        barred,
        restored,
        upgrade,
        seat,
        upgraded_seat,
        temporary,
        bought,
    } = standing;
    if barred {
        return Allocation::Refused(DecisionReason::ClientBarred);
    }
    match (restored, upgrade, seat, upgraded_seat) {
        (false, Some((license, pack)), ..) => return Allocation::Upgrade(license, pack),
        // A client that presents a license to be upgraded has been given what there is for it.
        (false, ..) if only_upgrade => return Allocation::Refused(DecisionReason::NoUpgrade),
        (false, None, Some(pack), _) => return Allocation::Seat(pack),
        (false, None, None, Some(upgraded)) => return Allocation::UpgradedSeat(upgraded),
        (true, ..) | (false, None, None, None) => {}
    }
    match temporary {
        Some(HadTemporary::Good(license)) if !only_upgrade => Allocation::TemporaryAgain(*license),
        _ if restored => Allocation::Refused(DecisionReason::LicenseServerRestored),
        Some(HadTemporary::Over(reason)) => Allocation::Refused(reason),
        Some(HadTemporary::Good(_)) | None => match bought {
            Some(features) => Allocation::Temporary(features),
            None => Allocation::Refused(DecisionReason::NotOrdered),
        },
    }
}

/// Whether a license has not ended.
fn is_good(wanted: &WantedLicense, license: &Assignment) -> bool {
    !license.has_ended(wanted.now)
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
