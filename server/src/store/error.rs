//! What can go wrong in the store: never the fault of the client that asked.

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use trybuy_formats::slug::Slug;

use crate::data_dir::slug_of;

/// A fault of the database, of its schema or of its address.
///
/// What a client may do wrong (a name that is taken, a limit that is reached) is an outcome of the
/// operation and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database does not answer, or is busy for too long. Trying later may help.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// There is no room on the disk of the database. Trying later helps once there is.
    #[error("there is no room for the database")]
    Full(#[source] sqlx::Error),
    /// An operation took longer than [`DEADLINE`](super::DEADLINE). Trying later may help.
    #[error("the database took too long to answer")]
    TimedOut,
    /// Others changed the same rows at once, again and again. Trying later helps.
    #[error("the database is too busy with the same rows")]
    Contention,
    /// A stored value is not what its column promises.
    #[error("the database holds a damaged value in the column {column}")]
    Corrupt {
        /// The column.
        column: &'static str,
    },
    /// A row that the schema makes, and nothing removes, is not there.
    #[error("a row is missing that the database always has")]
    RowMissing,
    /// The address of the database cannot be used.
    #[error("not an address of a database: {reason}")]
    InvalidUrl {
        /// Why.
        reason: &'static str,
    },
    /// The schema is newer than this program.
    #[error(
        "the database was written by a newer trybuy-server (schema {found}, this program knows {known}): use that one"
    )]
    NewerSchema {
        /// The schema of the database.
        found: i64,
        /// The newest schema of this program.
        known: i64,
    },
    /// The schema is older than this program.
    #[error("the database has to be migrated first: run trybuy-server migrate")]
    NotMigrated,
    /// A migration failed; the database is as it was before that migration.
    #[error("the database could not be migrated")]
    Migration(#[source] Box<MigrateError>),
    /// The file of the SQLite database is damaged, or something else.
    #[error("the file is damaged or not a database")]
    Damaged(#[source] sqlx::Error),
    /// A license could not be signed while it was granted. Nothing was recorded.
    #[error("the license could not be signed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else the database says: a fault of this program.
    #[error("the database refused a query")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether it may go away by itself, so that trying later makes sense.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full(_) | Self::TimedOut | Self::Contention)
    }

    /// Whether another transaction was in the way and running the same one again may succeed.
    pub(super) fn is_collision(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else {
            return false;
        };
        // A serializable transaction of PostgreSQL may meet a unique constraint before it is found
        // not to be serializable, so that too is worth another run.
        error.is_unique_violation() || matches!(error.code().as_deref(), Some("40001" | "40P01"))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(failed) if slug_of(failed) == Slug::DiskFull => Self::Full(error),
            sqlx::Error::Database(database) if is_full(database.as_ref()) => Self::Full(error),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            sqlx::Error::Database(database) if is_outage(database.as_ref()) => {
                Self::Unavailable(error)
            }
            sqlx::Error::RowNotFound => Self::RowMissing,
            sqlx::Error::Database(database) if is_damage(database.as_ref()) => Self::Damaged(error),
            _ => Self::Database(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(sqlx::Error::Database(database))
            | MigrateError::ExecuteMigration(sqlx::Error::Database(database), _)
                if is_damage(database.as_ref()) || is_full(database.as_ref()) =>
            {
                Self::from(sqlx::Error::Database(database))
            }
            error => Self::Migration(Box::new(error)),
        }
    }
}

/// Whether the database says that its disk is full.
fn is_full(error: &dyn DatabaseError) -> bool {
    // "This error code may indicate that the underlying filesystem volume is out of space" (SQLite, "Result and Error
    // Codes", SQLITE_IOERR_SHMSIZE): a database cannot be opened then.
    const IOERR_SHMSIZE: &str = "4874";
    let code = error.code().unwrap_or_default();
    sqlite_code(error) == Some(13) || code == IOERR_SHMSIZE || code == "53100"
}

/// Whether the database says that it cannot work now, rather than that the query is wrong.
fn is_outage(error: &dyn DatabaseError) -> bool {
    match sqlite_code(error) {
        // Busy, locked, I/O error, cannot open.
        Some(code) => matches!(code, 5 | 6 | 10 | 14),
        // Connection exception, insufficient resources, operator intervention (shutdown, statement
        // timeout), system error, lock not available.
        None => {
            let code = error.code().unwrap_or_default();
            ["08", "53", "57", "58", "55P03"].iter().any(|class| code.starts_with(class))
        }
    }
}

/// Whether SQLite says that its file is corrupt or not a database.
fn is_damage(error: &dyn DatabaseError) -> bool {
    matches!(sqlite_code(error), Some(11 | 26))
}

/// SQLite's result code; none if it is PostgreSQL's, which has five characters.
fn sqlite_code(error: &dyn DatabaseError) -> Option<u32> {
    let code = error.code()?;
    // The extended codes have the primary one in their low byte.
    if code.len() < 5 { code.parse::<u32>().ok().map(|code| code & 0xff) } else { None }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::error::Error;
    use std::fmt;

    use sqlx::error::ErrorKind;

    use super::*;

    /// An error of a database with nothing but its code.
    #[derive(Debug)]
    struct Coded(&'static str);

    impl fmt::Display for Coded {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Coded {}

    impl DatabaseError for Coded {
        fn message(&self) -> &str {
            self.0
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            Some(self.0.into())
        }

        fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
            self
        }

        fn as_error_mut(&mut self) -> &mut (dyn Error + Send + Sync + 'static) {
            self
        }

        fn into_error(self: Box<Self>) -> Box<dyn Error + Send + Sync + 'static> {
            self
        }

        fn kind(&self) -> ErrorKind {
            ErrorKind::Other
        }
    }

    #[test]
    fn a_full_disk_an_outage_and_damage_are_told_apart_by_their_codes() {
        for (codes, expected) in [
            (&["13", "4874", "53100"][..], "there is no room for the database"),
            (
                &["5", "6", "10", "14", "266", "53300", "57P03", "55P03"],
                "the database does not answer",
            ),
            (&["11", "26"], "the file is damaged or not a database"),
            (&["1", "42P01"], "the database refused a query"),
        ] {
            for code in codes {
                let error = sqlx::Error::Database(Box::new(Coded(code)));
                assert_eq!(StoreError::from(error).to_string(), expected, "{code}");
            }
        }
        let migrating = MigrateError::Execute(sqlx::Error::Database(Box::new(Coded("13"))));
        assert!(matches!(StoreError::from(migrating), StoreError::Full(_)));
    }
}
