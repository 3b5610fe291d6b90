//! Migrations, and what survives.

use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_server::store::{
    LicenseGateway, LicenseQuery, NewBuilder, Redeemed, Revocation, Store, StoreError,
};

use crate::harness::Database;
use crate::license_samples::{LicenseWorld, Outcome, client, pack, upgrade_pack};
use crate::purchase_keys::key;
use crate::purchases::{license, redeemed};
use crate::samples::{World, at, builder, parsed, random_digest, register, vendor};

pub(crate) async fn migrating_again_changes_nothing(database: Database) {
    let ada = vendor(&database.store, "Ada").await;
    database.store.migrate().await.expect("nothing to do");
    database.store.check_schema().await.expect("the schema is the known one");
    assert_eq!(vendor(&database.store, "Ada").await, ada);
    database.store.ping().await.expect("a sign of life");
}

pub(crate) async fn a_database_that_was_never_migrated_is_refused(database: Database) {
    database.execute("DELETE FROM _sqlx_migrations").await;
    let outcome = database.store.check_schema().await;
    assert!(matches!(outcome, Err(StoreError::NotMigrated)), "{outcome:?}");
}

pub(crate) async fn a_database_of_a_newer_schema_is_refused(database: Database) {
    database.execute("UPDATE _sqlx_migrations SET version = version + 998").await;
    for outcome in [database.store.check_schema().await, database.store.migrate().await] {
        let newer =
            matches!(outcome, Err(StoreError::NewerSchema { found: 999.., known }) if known < 999);
        assert!(newer, "{outcome:?}");
    }
}

/// On PostgreSQL, where the database may be set up to acknowledge what is not on the disk yet.
pub(crate) async fn a_commit_is_waited_for_whatever_the_database_is_set_up_to(database: Database) {
    use sqlx::{Connection as _, Row as _};
    let Some(("postgres" | "postgresql", rest)) = database.raw_url.split_once("://") else {
        return;
    };
    let path = rest.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    // Whoever adds a row says there how it commits.
    database
        .execute("ALTER TABLE license_gateways ADD COLUMN said TEXT DEFAULT current_setting('synchronous_commit')")
        .await;
    for (set_up, expected) in [("off", "on"), ("local", "local"), ("on", "on")] {
        database
            .execute(&format!("ALTER DATABASE \"{name}\" SET synchronous_commit = {set_up}"))
            .await;
        let store = Store::connect(&database.url).await.expect("the same database");
        let public_key = *random_digest().as_bytes();
        let gateway = LicenseGateway {
            name: parsed(set_up),
            key_id: key_id(&public_key),
            public_key,
            added_at: at(1),
        };
        assert!(store.add_license_gateway(&gateway).await.expect("added"));
        store.close().await;
        let mut raw = sqlx::AnyConnection::connect(&database.raw_url).await.expect("answered");
        let row = sqlx::query("SELECT said FROM license_gateways WHERE name = $1")
            .bind(set_up)
            .fetch_one(&mut raw)
            .await
            .expect("the row");
        assert_eq!(row.get::<String, _>("said"), expected, "{set_up}");
    }
}

pub(crate) async fn what_was_committed_is_there_after_reconnecting(database: Database) {
    let ada = vendor(&database.store, "Ada").await;
    database.store.close().await;
    let again = Store::connect(&database.url).await.expect("the same database");
    again.check_schema().await.expect("the schema is the known one");
    assert_eq!(vendor(&again, "Ada").await, ada);
    again.close().await;
}

pub(crate) async fn several_may_migrate_at_once(database: Database) {
    for table in TABLES {
        database.execute(table).await;
    }
    let mut stores = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = database.url.clone();
        stores.spawn(async move {
            let store = Store::connect(&url).await?;
            store.migrate().await?;
            store.check_schema().await?;
            store.close().await;
            Ok::<_, StoreError>(())
        });
    }
    for outcome in stores.join_all().await {
        outcome.expect("migrated");
    }
}

pub(crate) async fn uses_of_keys_are_known_from_before_they_were_recorded(database: Database) {
    let store = &database.store;
    let world = World::new(store).await;
    let key = key(store, &world, 1).await;
    let bought = license(&world, &world.builder, key, at(10));
    assert!(matches!(redeemed(store, &bought).await, Redeemed::Done(_)));
    database.execute("DROP TABLE key_uses").await;
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 8").await;
    store.migrate().await.expect("migrated");
    let other = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
    register(store, &other).await;
    let further = license(&world, &other, key, at(10));
    assert_eq!(redeemed(store, &further).await, Redeemed::NoMoreBuilders);
}

pub(crate) async fn orders_of_packs_are_known_from_before_they_were_columns(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let (one, other) = (pack("1.0.0", 1), pack("1.0.0", 1));
    for pack in [&one, &other] {
        world.install(pack).await;
    }
    database.execute("DROP INDEX license_packs_of_order").await;
    database.execute("ALTER TABLE license_packs DROP COLUMN order_id").await;
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 18").await;
    database.store.migrate().await.expect("migrated");
    for pack in [one, other] {
        let found = database.store.pack_of_order(pack.order_id).await.expect("answered");
        assert_eq!(found, Some(pack.pack_id));
    }
}

pub(crate) async fn upgrades_are_known_to_be_a_clients_from_before_they_said_so(
    database: Database,
) {
    let world = LicenseWorld::new(database.store.clone());
    world.install(&pack("1.0.0", 1)).await;
    let upgrade = LicensePack { ends_at: Some(at(50)), ..upgrade_pack("1.0.0", "2.0.0", 1) };
    world.install(&upgrade).await;
    let ada = client();
    assert_eq!(world.outcome(ada, "2.0.0", 1).await, Outcome::GRANTED);
    database.execute("ALTER TABLE license_upgrades DROP COLUMN client_id").await;
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 21").await;
    database.store.migrate().await.expect("migrated");
    let license_id = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let note = parsed("Machine was sold");
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(2) };
    world.store.revoke_license(world.secret(), &revocation).await.expect("revoked");
    assert_eq!(world.assigned(upgrade.pack_id).await, 0);
}

/// Each after those that refer to it.
const TABLES: [&str; 45] = [
    "DROP TABLE gateway_seen_licenses",
    "DROP TABLE gateway_clients",
    "DROP TABLE issued_packs",
    "DROP TABLE fee_payments",
    "DROP TABLE purchase_orders",
    "DROP TABLE offered_products",
    "DROP TABLE license_bars",
    "DROP TABLE license_upgrades",
    "DROP TABLE license_assignments",
    "DROP TABLE other_certificates",
    "DROP TABLE license_free_seats",
    "DROP TABLE license_packs",
    "DROP TABLE temporary_licenses",
    "DROP TABLE revoked_certificates",
    "DROP TABLE client_images",
    "DROP TABLE license_gateways",
    "DROP TABLE license_orders",
    "DROP TABLE used_challenges",
    "DROP TABLE license_records",
    "DROP TABLE license_record_head",
    "DROP TABLE refusals",
    "DROP TABLE deliveries",
    "DROP TABLE webhooks",
    "DROP TABLE trials",
    "DROP TABLE key_uses",
    "DROP TABLE purchase_keys",
    "DROP TABLE key_batches",
    "DROP TABLE blocks",
    "DROP TABLE email_codes",
    "DROP TABLE licensees",
    "DROP TABLE gifts",
    "DROP TABLE allowances",
    "DROP TABLE class_members",
    "DROP TABLE classes",
    "DROP TABLE policy_profiles",
    "DROP TABLE policy_changes",
    "DROP TABLE policy_overrides",
    "DROP TABLE acceptance_codes",
    "DROP TABLE builders",
    "DROP TABLE releases",
    "DROP TABLE applications",
    "DROP TABLE texts",
    "DROP TABLE vendor_tokens",
    "DROP TABLE vendors",
    "DROP TABLE _sqlx_migrations",
];
