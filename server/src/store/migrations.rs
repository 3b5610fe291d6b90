//! The schema: migrations are embedded, and only ever added.

use sqlx::migrate::{Migrate as _, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};

use super::connections::Engine;
use super::{Store, StoreError};

/// Number, name and text of each migration. The numbers ascend without gaps.
const MIGRATIONS: [(i64, &str, &str); 24] = [
    (1, "catalog and trials", include_str!("../../migrations/0001_catalog_and_trials.sql")),
    (
        2,
        "releases before pre-releases",
        include_str!("../../migrations/0002_releases_before_pre_releases.sql"),
    ),
    (3, "delivered trials", include_str!("../../migrations/0003_delivered_trials.sql")),
    (4, "policies and purchases", include_str!("../../migrations/0004_policies_and_purchases.sql")),
    (5, "webhooks", include_str!("../../migrations/0005_webhooks.sql")),
    (6, "people", include_str!("../../migrations/0006_people.sql")),
    (7, "first runs", include_str!("../../migrations/0007_first_runs.sql")),
    (8, "uses of keys", include_str!("../../migrations/0008_uses_of_keys.sql")),
    (9, "heads made", include_str!("../../migrations/0009_heads_made.sql")),
    (10, "clearinghouse", include_str!("../../migrations/0010_clearinghouse.sql")),
    (11, "license server", include_str!("../../migrations/0011_license_server.sql")),
    (12, "gateway", include_str!("../../migrations/0012_gateway.sql")),
    (13, "license bars", include_str!("../../migrations/0013_license_bars.sql")),
    (
        14,
        "features of temporary licenses",
        include_str!("../../migrations/0014_features_of_temporary_licenses.sql"),
    ),
    (15, "records accepted", include_str!("../../migrations/0015_records_accepted.sql")),
    (16, "what was bought", include_str!("../../migrations/0016_what_was_bought.sql")),
    (17, "other certificates", include_str!("../../migrations/0017_other_certificates.sql")),
    (18, "orders of packs", include_str!("../../migrations/0018_orders_of_packs.sql")),
    (19, "seats granted twice", include_str!("../../migrations/0019_seats_granted_twice.sql")),
    (
        20,
        "reasons of revocations",
        include_str!("../../migrations/0020_reasons_of_revocations.sql"),
    ),
    (21, "upgrades of clients", include_str!("../../migrations/0021_upgrades_of_clients.sql")),
    (22, "seen certificates", include_str!("../../migrations/0022_seen_certificates.sql")),
    (23, "periods of challenges", include_str!("../../migrations/0023_periods_of_challenges.sql")),
    (
        24,
        "records of seats granted twice",
        include_str!("../../migrations/0024_records_of_seats_granted_twice.sql"),
    ),
];

impl Store {
    /// Brings the schema up to date. Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::Migration`], or the database does not answer. A
    /// migration that fails leaves nothing behind.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let mut connection = self.dedicated_connection().await?;
        let migrator = migrator(self.engine);
        // Not `run`: the future of a call that is generic over `Acquire` is not `Send`.
        let mut outcome = migrator.run_direct(None, &mut connection, false).await;
        // PostgreSQL lets one process migrate and the others wait. On SQLite a migration fails
        // where another process has just done it, at most once for each migration.
        for _ in MIGRATIONS {
            if outcome.is_ok() || self.engine == Engine::Postgres {
                break;
            }
            outcome = migrator.run_direct(None, &mut connection, false).await;
        }
        connection.close().await?;
        outcome.map_err(|error| match error {
            MigrateError::VersionMissing(found) => {
                StoreError::NewerSchema { found, known: known() }
            }
            other => other.into(),
        })
    }

    /// Checks that the schema is the one this program knows.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::NotMigrated`], or the database does not answer.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let migrator = migrator(self.engine);
        let mut connection = self.dedicated_connection().await?;
        connection.ensure_migrations_table(&migrator.table_name).await?;
        let applied = connection.list_applied_migrations(&migrator.table_name).await?;
        connection.close().await?;
        let found = applied.iter().map(|migration| migration.version).max().unwrap_or(0);
        match found.cmp(&known()) {
            std::cmp::Ordering::Less => Err(StoreError::NotMigrated),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known: known() }),
        }
    }
}

/// The newest schema that this program knows.
fn known() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0)
}

/// The migrations with the words of the database in place of `{bytes}`, `{text}` and `{position}`.
fn migrator(engine: Engine) -> Migrator {
    let (bytes, text, position) = match engine {
        Engine::Sqlite => ("BLOB", "TEXT", "INSTR"),
        Engine::Postgres => ("BYTEA", "TEXT COLLATE \"C\"", "STRPOS"),
    };
    let migrations = MIGRATIONS.iter().map(|(version, name, template)| {
        let sql = template.replace("{bytes}", bytes).replace("{text}", text);
        // Safe: all of it is constants of this program.
        let sql = AssertSqlSafe(sql.replace("{position}", position));
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
