//! Licenses that this license server signed and that its store does not know, as it was restored from a backup:
//! found with a client, they are assigned to it again.
//!
//! What can be found: every license that a client still has, and presents to a gateway or with its next request.
//! Where its seat was given to somebody else meanwhile, both stay, and the record says so. What cannot be found: a
//! license that nobody presents, a revocation since the backup, and a challenge that was used since.

use sqlx::AnyConnection;
use trybuy_formats::certificates::RevocationReason;
use trybuy_formats::ids::{Label, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::product::enable_all;
use trybuy_formats::licensing::seat_license::SeatLicense;

use super::assignments::{self, Assignment};
use super::cases::PresentedLicense;
use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision};
use super::revocations::supersede;
use super::seats::{self, Seat, SeatTaken};
use super::temporary::{self, TemporaryLicense};
use super::{license_certificates, packs, upgrades};
use crate::store::columns::{Columns, number};
use crate::store::{Store, StoreError};

/// What a gateway says it has seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenReport {
    /// Which gateway.
    pub gateway: Label,
    /// Licenses of its clients.
    pub licenses: Vec<PresentedLicense>,
    /// Now.
    pub now: Instant,
}

const GREATEST_TURN: &str = "SELECT COALESCE(MAX(turn), -1) AS turn FROM license_assignments \
    WHERE pack_id = $1 AND serial = $2 AND granted_twice = 0";

impl Store {
    /// Takes in what a gateway has seen. Answers how many licenses were not known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn take_report(
        &self,
        secret: &LicenseServerSecret,
        report: &SeenReport,
    ) -> Result<u32, StoreError> {
        self.write(&Chained { secret, operation: report }).await
    }
}

impl ChainedOperation for SeenReport {
    type Answer = u32;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<u32, StoreError> {
        let mut unknown = 0;
        for presented in &self.licenses {
            let gateway = Some(&self.gateway);
            unknown += u32::from(adopt(connection, chain, presented, gateway, self.now).await?);
        }
        Ok(unknown)
    }
}

/// Assigns a license to its client again, if the store does not know it. Answers whether it did not.
pub(super) async fn adopt(
    connection: &mut AnyConnection,
    chain: &mut Chain<'_>,
    presented: &PresentedLicense,
    gateway: Option<&Label>,
    now: Instant,
) -> Result<bool, StoreError> {
    let adopted = match presented.license.license_id.pack() {
        _ if license_certificates::is_revoked(connection, &presented.certificate_serial)
            .await? =>
        {
            Adoption::Known
        }
        None => adopt_temporary(connection, presented, now).await?,
        Some(pack) => adopt_permanent(connection, presented, pack, now).await?,
    };
    let (outcome, reason) = match adopted {
        Adoption::Known => return Ok(false),
        Adoption::Adopted => (DecisionOutcome::Adopted, None),
        Adoption::Twice => (DecisionOutcome::SeatGrantedTwice, None),
        Adoption::PackUnknown => (DecisionOutcome::Refused, Some(DecisionReason::PackUnknown)),
    };
    let SeatLicense { client_id, product_id, version, platform_type, .. } = &presented.license;
    let decision = LicenseDecision {
        reason,
        client_id: Some(*client_id),
        product_id: Some(product_id.clone()),
        version: Some(version.clone()),
        platform_type: Some(*platform_type),
        gateway: gateway.cloned(),
        pack_id: presented.license.pack_id,
        license_id: Some(presented.license.license_id),
        ..LicenseDecision::of(outcome, now)
    };
    chain.append(decision);
    Ok(true)
}

/// What became of a license that was presented.
enum Adoption {
    /// The store knows it, or knows that it is none any more.
    Known,
    /// It is assigned to its client again.
    Adopted,
    /// So it is, and its seat to another client.
    Twice,
    /// Its pack is not installed: it cannot be assigned before that.
    PackUnknown,
}

/// A client has one temporary license for a product: whatever else it shows is another certificate of that one.
async fn adopt_temporary(
    connection: &mut AnyConnection,
    presented: &PresentedLicense,
    now: Instant,
) -> Result<Adoption, StoreError> {
    let license = &presented.license;
    let row = TemporaryLicense {
        license_id: license.license_id,
        client_id: license.client_id,
        issued_at: license.issued_at,
        ends_at: license.ends_at.unwrap_or(license.issued_at),
        product_id: license.product_id.clone(),
        version: license.version.clone(),
        features: license.features.clone(),
        platform_type: license.platform_type,
        certificate_serial: presented.certificate_serial.clone(),
        certificate: presented.certificate.clone(),
    };
    if temporary::insert(connection, &row).await? {
        return Ok(Adoption::Adopted);
    }
    let known = temporary::of_client(connection, row.client_id, &row.product_id).await?;
    let Some(known) = known.filter(|it| it.certificate_serial != row.certificate_serial) else {
        return Ok(Adoption::Known);
    };
    let other = TemporaryLicense { license_id: known.license_id, ..row };
    if license_certificates::is_revoked(connection, &known.certificate_serial).await? {
        let reason = RevocationReason::PrivilegeWithdrawn;
        license_certificates::revoke(connection, &other, reason, now).await?;
        return Ok(Adoption::Known);
    }
    let is_new = license_certificates::note(connection, &other).await?;
    Ok(if is_new { Adoption::Adopted } else { Adoption::Known })
}

async fn adopt_permanent(
    connection: &mut AnyConnection,
    presented: &PresentedLicense,
    pack: PackId,
    now: Instant,
) -> Result<Adoption, StoreError> {
    let row = assignment(presented, pack);
    let rows = assignments::of_license(connection, row.license_id).await?;
    if rows.iter().any(|known| known.certificate_serial == row.certificate_serial) {
        return Ok(Adoption::Known);
    }
    for needed in [Some(pack), row.upgraded_by].into_iter().flatten() {
        if !packs::is_installed(connection, needed).await? {
            // Gateways tell of it as long as the pack is missing.
            let is_new = license_certificates::note(connection, &row).await?;
            return Ok(if is_new { Adoption::PackUnknown } else { Adoption::Known });
        }
    }
    if let Some(known) = rows.iter().find(|known| known.client_id == row.client_id) {
        return adopt_certificate(connection, known, &row, now).await;
    }
    adopt_seat(connection, row, now).await
}

fn assignment(presented: &PresentedLicense, pack: PackId) -> Assignment {
    let license = &presented.license;
    Assignment {
        license_id: license.license_id,
        pack_id: pack,
        client_id: license.client_id,
        issued_at: license.issued_at,
        ends_at: license.ends_at,
        product_id: license.product_id.clone(),
        version: license.version.clone(),
        features: license.features.clone(),
        platform_type: license.platform_type,
        upgraded_by: license.pack_id.filter(|of| *of != pack),
        certificate_serial: presented.certificate_serial.clone(),
        certificate: presented.certificate.clone(),
        granted_twice: false,
        revoked_at: None,
    }
}

/// The store knows the license with another certificate: it was upgraded since, or signed again, or it is the one from
/// before.
async fn adopt_certificate(
    connection: &mut AnyConnection,
    known: &Assignment,
    row: &Assignment,
    now: Instant,
) -> Result<Adoption, StoreError> {
    let is_same = known.product_pack() == row.product_pack();
    let is_revoked = known.revoked_at.is_some();
    if is_revoked || !(is_same || is_upgrade(known, row)) {
        if !is_revoked && upgrades::was_before(connection, row, known).await? {
            license_certificates::note(connection, row).await?;
            return Ok(Adoption::Known);
        }
        let reason = match is_revoked {
            true => RevocationReason::PrivilegeWithdrawn,
            false => RevocationReason::Superseded,
        };
        license_certificates::revoke(connection, row, reason, now).await?;
        return Ok(Adoption::Known);
    }
    if is_same {
        return adopt_same(connection, known, row).await;
    }
    let has_upgrade = upgrades::take(connection, row).await?;
    supersede(connection, known, row).await?;
    Ok(if has_upgrade { Adoption::Adopted } else { Adoption::Twice })
}

/// The same license was signed twice. Both certificates are good, and the client is given the later one again.
async fn adopt_same(
    connection: &mut AnyConnection,
    known: &Assignment,
    row: &Assignment,
) -> Result<Adoption, StoreError> {
    let is_new = if known.issued_at < row.issued_at {
        license_certificates::note(connection, known).await?;
        assignments::replace(connection, &known.certificate_serial, row).await?;
        true
    } else {
        license_certificates::note(connection, row).await?
    };
    Ok(if is_new { Adoption::Adopted } else { Adoption::Known })
}

/// Whether a license is what the other one became: by an upgrade to a newer version, or to more features; or after the
/// end of the other one, by an upgrade to whatever was wanted then, or as what it was before an upgrade. Else one that was
/// never upgraded is the older one.
fn is_upgrade(old: &Assignment, new: &Assignment) -> bool {
    let had_ended = |one: &Assignment, other: &Assignment| one.has_ended(other.issued_at);
    let has_more =
        enable_all(&new.features, &old.features) && !enable_all(&old.features, &new.features);
    match (old.upgraded_by, new.upgraded_by) {
        _ if had_ended(old, new) || had_ended(new, old) => had_ended(old, new),
        (None, _) => true,
        (Some(_), None) => false,
        _ => {
            old.version.precedes(&new.version) || (has_more && !new.version.precedes(&old.version))
        }
    }
}

/// The store knows nothing of the license.
async fn adopt_seat(
    connection: &mut AnyConnection,
    mut row: Assignment,
    now: Instant,
) -> Result<Adoption, StoreError> {
    let seat = row.seat();
    let taken = match seats::take_this(connection, seat).await? {
        SeatTaken::NotFree if was_given_back(connection, seat).await? => SeatTaken::GivenBack,
        taken => taken,
    };
    if taken == SeatTaken::GivenBack {
        let reason = RevocationReason::PrivilegeWithdrawn;
        license_certificates::revoke(connection, &row, reason, now).await?;
        return Ok(Adoption::Known);
    }
    row.granted_twice = taken == SeatTaken::NotFree;
    let has_upgrade = upgrades::take(connection, &row).await?;
    assignments::insert(connection, std::slice::from_ref(&row)).await?;
    Ok(if row.granted_twice || !has_upgrade { Adoption::Twice } else { Adoption::Adopted })
}

/// Whether a seat that is not free has had a license of a later turn: then this one was revoked.
async fn was_given_back(connection: &mut AnyConnection, seat: Seat) -> Result<bool, StoreError> {
    let row = sqlx::query(GREATEST_TURN)
        .bind(seat.pack.to_string())
        .bind(number(seat.serial))
        .fetch_one(connection)
        .await?;
    Ok(Columns(&row).number::<i64>("turn")? > i64::from(seat.turn))
}

#[cfg(test)]
mod tests {
    use trybuy_formats::certificates::Serial;
    use trybuy_formats::ids::{ClientId, PlatformType, SeatLicenseId};

    use super::*;

    /// A license: its version, features, the day on which it was issued, and its end.
    type Terms<'a> = (&'a str, &'a [&'a str], i64, Option<i64>);

    fn at(time: i64) -> Instant {
        Instant::from_unix(time).expect("in range")
    }

    fn upgraded((version, features, issued, ends): Terms<'_>) -> Assignment {
        let pack_id = PackId::new();
        Assignment {
            license_id: SeatLicenseId::of_pack(pack_id, 1, 0),
            pack_id,
            client_id: ClientId::from_bytes([7; 32]),
            issued_at: at(issued),
            ends_at: ends.map(at),
            product_id: "com.example.desk".parse().expect("a product"),
            version: version.parse().expect("a version"),
            features: features.iter().map(|it| it.parse().expect("a label")).collect(),
            platform_type: PlatformType::NonWindows,
            upgraded_by: Some(PackId::new()),
            certificate_serial: Serial::random(),
            certificate: Vec::new(),
            granted_twice: false,
            revoked_at: None,
        }
    }

    #[test]
    fn of_two_upgrades_of_a_license_one_is_what_the_other_became() {
        let first: Terms<'_> = ("2.0.0", &["basic"], 10, Some(50));
        for (second, is_upgrade_of_first, became_first) in [
            // Of a newer version, with more features, or both.
            (("3.0.0", &["basic"][..], 20, None), true, false),
            (("2.0.0", &["basic", "print"], 20, None), true, false),
            (("3.0.0", &["basic", "print"], 20, None), true, false),
            // Issued within the same second, or by a clock that was set back.
            (("2.0.0", &["basic", "print"], 10, None), true, false),
            (("2.0.0", &["basic", "print"], 5, Some(60)), true, false),
            // Of a license that had ended, to whatever was wanted then.
            (("1.0.0", &[], 50, None), true, false),
            (("3.0.0", &["basic", "print"], 1, Some(10)), false, true),
            // With other features, in place of more: the one did not become the other.
            (("2.0.0", &["print"], 20, None), false, false),
        ] {
            let (one, other) = (upgraded(first), upgraded(second));
            assert_eq!(is_upgrade(&one, &other), is_upgrade_of_first, "{second:?}");
            assert_eq!(is_upgrade(&other, &one), became_first, "{second:?}");
        }
        for (issued, is_older) in [(1, true), (49, true), (50, false)] {
            let terms = ("1.0.0", &[][..], issued, None);
            let never_upgraded = Assignment { upgraded_by: None, ..upgraded(terms) };
            assert_eq!(is_upgrade(&never_upgraded, &upgraded(first)), is_older, "{issued}");
            assert_eq!(is_upgrade(&upgraded(first), &never_upgraded), !is_older, "{issued}");
        }
    }
}
