//! Why certificates are on the revocation list.

use trybuy_formats::certificates::{RevocationReason, Serial};
use trybuy_formats::ids::SeatLicenseId;
use trybuy_server::store::{LicenseCase, LicenseQuery, Revocation, Revoked};

use crate::harness::Database;
use crate::license_samples::{LicenseWorld, Outcome, case, client, pack, presented, upgrade_pack};
use crate::samples::{at, parsed};

const SUPERSEDED: Option<RevocationReason> = Some(RevocationReason::Superseded);
const WITHDRAWN: Option<RevocationReason> = Some(RevocationReason::PrivilegeWithdrawn);

/// Why certificates are on the list; one that is not on it is an error.
async fn reasons(world: &LicenseWorld, serials: &[&Serial]) -> Vec<Option<RevocationReason>> {
    let listed = world.store.revoked_certificates(at(90)).await.expect("answered");
    let entry = |serial: &&Serial| listed.iter().find(|entry| entry.serial == **serial);
    serials.iter().map(|serial| entry(serial).expect("on the list").reason).collect()
}

async fn revoke(world: &LicenseWorld, license_id: SeatLicenseId, bars: bool) {
    let revocation =
        Revocation { license_id, client: None, note: parsed("lost"), bars, now: at(40) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
}

pub(crate) async fn a_replaced_certificate_is_superseded_and_one_taken_back_is_withdrawn(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let (id, ada) = (world.install(&pack("1.0.0", 1)).await, client());
    world.install(&upgrade_pack("1.0.0", "2.0.0", 1)).await;
    let certificate =
        async || world.licenses(LicenseQuery::OfClient(ada)).await.remove(0).certificate_serial;
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let first = certificate().await;
    assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::UPGRADED);
    let upgraded = certificate().await;
    // What a restored license server has forgotten is shown by clients, before the revocation and after it.
    let license_id = SeatLicenseId::of_pack(id, 1000, 0);
    let [forgotten, late] = [(); 2].map(|()| presented(license_id, ada, "1.0.0", Some(id)));
    let show = async |held, now| {
        let asking = LicenseCase { presented: Some(held), ..case(ada, "2.0.0", now) };
        world.ask(asking).await
    };
    show(forgotten.clone(), 30).await;
    revoke(&world, license_id, false).await;
    show(late.clone(), 50).await;
    let shown = [&forgotten.certificate_serial, &late.certificate_serial];
    let all = [&first, shown[0], &upgraded, shown[1]];
    assert_eq!(reasons(&world, &all).await, [SUPERSEDED, SUPERSEDED, WITHDRAWN, WITHDRAWN]);
}

pub(crate) async fn what_a_revocation_takes_besides_is_withdrawn(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    world.order("1.0.0").await;
    let (ada, bob) = (client(), client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::TEMPORARY);
    let temporary = world.store.temporary_licenses(None, None).await.expect("answered").remove(0);
    let id = world.install(&pack("1.0.0", 1)).await;
    let shown =
        |client, turn| presented(SeatLicenseId::of_pack(id, 1000, turn), client, "1.0.0", Some(id));
    // The store knows of the second license of a seat alone: the first one was revoked.
    let (first, second) = (shown(bob, 0), shown(ada, 1));
    for (client, held) in [(ada, second.clone()), (bob, first.clone())] {
        let asking = LicenseCase { presented: Some(held), ..case(client, "1.0.0", 30) };
        world.ask(asking).await;
    }
    revoke(&world, second.license.license_id, true).await;
    let temporary = &temporary.license.certificate_serial;
    let all = [temporary, &first.certificate_serial, &second.certificate_serial];
    assert_eq!(reasons(&world, &all).await, [WITHDRAWN; 3]);
}

pub(crate) async fn what_was_listed_before_reasons_were_kept_has_none(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let (id, ada) = (world.install(&pack("1.0.0", 1)).await, client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let license = world.licenses(LicenseQuery::OfPack(id)).await.remove(0);
    revoke(&world, license.license_id, false).await;
    database.execute("ALTER TABLE revoked_certificates DROP COLUMN reason").await;
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 20").await;
    database.store.migrate().await.expect("migrated");
    assert_eq!(reasons(&world, &[&license.certificate_serial]).await, [None]);
}
