//! The connections to the database.

use std::future::Future;
use std::time::Duration;

use sqlx::any::{AnyArguments, AnyConnectOptions, AnyPoolOptions, AnyQueryResult, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Executor as _};

use super::StoreError;
use super::database_url::{DatabaseUrl, Kind};
use super::grants::GrantRequest;
use super::group_queue::GroupQueue;
use super::license_server::QueuedLicense;
use crate::data_dir::create_private_file;

/// Connections that read from SQLite, beside the one that writes.
pub const SQLITE_READERS: u32 = 4;
/// Connections of one process to PostgreSQL.
pub const POSTGRES_CONNECTIONS: u32 = 16;
/// The longest that one operation of the store takes, waiting for a connection included.
pub const DEADLINE: Duration = Duration::from_secs(15);

/// The longest wait for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection to PostgreSQL that was idle for longer is tried before it is used: the server or
/// something on the way may have closed it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The one connection that writes. With `synchronous = FULL` a commit in WAL mode is on the disk
/// before it is acknowledged (SQLite, "PRAGMA synchronous"). What is deleted is overwritten.
const SQLITE_WRITER: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
    PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON";
const SQLITE_READER: &str = "PRAGMA busy_timeout = 5000; PRAGMA query_only = ON";
/// No statement, no wait for a lock and no forgotten transaction lasts longer than the deadline. A commit is on the disk
/// before it is acknowledged, also where the database is set up not to wait for that.
const POSTGRES_SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s'; \
    SET idle_in_transaction_session_timeout = '15s'; \
    SELECT set_config(name, 'on', false) FROM pg_settings \
    WHERE name = 'synchronous_commit' AND setting = 'off'";

/// The database system behind a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// The server's database. Cheap to clone: clones share the connections.
///
/// SQLite has one connection that writes and [`SQLITE_READERS`] that read; PostgreSQL has
/// [`POSTGRES_CONNECTIONS`] for both. Every operation ends within [`DEADLINE`], if need be with
/// [`StoreError::TimedOut`] or [`StoreError::Unavailable`].
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) engine: Engine,
    pub(super) url: DatabaseUrl,
    pub(super) readers: AnyPool,
    pub(super) writer: AnyPool,
    /// On SQLite: gathers grants.
    pub(super) grant_queue: Option<GroupQueue<GrantRequest>>,
    /// Gathers grants of seat licenses. The store of its own task has none.
    pub(super) license_queue: Option<GroupQueue<QueuedLicense>>,
}

impl Store {
    /// Connects, and makes the file of a SQLite database that does not exist yet, for its owner only. The
    /// schema is not looked at: call [`Store::migrate`] or [`Store::check_schema`] next.
    ///
    /// # Errors
    /// The address cannot be used, or the database does not answer.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = url.connection_url()?.parse()?;
        let (engine, writer, readers) = match url.kind() {
            Kind::Sqlite(path) => {
                // SQLite gives the files beside it the same mode.
                create_private_file(path).map_err(sqlx::Error::Io)?;
                // One goes first, and switches the file to WAL. Pools would try a file that is no
                // database again and again.
                let mut first = AnyConnection::connect_with(&options).await?;
                first.execute(SQLITE_WRITER).await?;
                first.close().await?;
                let writer = sqlite_pool(1, SQLITE_WRITER)
                    .after_release(|connection, _| Box::pin(is_out_of_transaction(connection)))
                    .connect_with(options.clone())
                    .await?;
                let readers =
                    sqlite_pool(SQLITE_READERS, SQLITE_READER).connect_with(options).await?;
                (Engine::Sqlite, writer, readers)
            }
            Kind::Postgres(_) => {
                let pool = postgres_pool().connect_with(options).await?;
                (Engine::Postgres, pool.clone(), pool)
            }
        };
        let store = Self {
            engine,
            url: url.clone(),
            readers,
            writer,
            grant_queue: None,
            license_queue: None,
        };
        let gathers_trials = engine == Engine::Sqlite;
        Ok(Self {
            grant_queue: gathers_trials.then(|| GroupQueue::start(store.clone())),
            license_queue: Some(GroupQueue::start(store.clone())),
            ..store
        })
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.fetch_optional(sqlx::query("SELECT 1")).await.map(|_| ())
    }

    /// Ends all connections, after the operations that are under way.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A connection of its own, without the time limits, for migrations.
    pub(super) async fn dedicated_connection(&self) -> Result<AnyConnection, StoreError> {
        let options: AnyConnectOptions = self.url.connection_url()?.parse()?;
        let mut connection = AnyConnection::connect_with(&options).await?;
        if self.engine == Engine::Sqlite {
            connection.execute(SQLITE_WRITER).await?;
        }
        Ok(connection)
    }

    /// At most one row.
    pub(super) async fn fetch_optional(
        &self,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<Option<AnyRow>, StoreError> {
        in_time(async { Ok(query.fetch_optional(&self.readers).await?) }).await
    }

    /// All rows.
    pub(super) async fn fetch_all(
        &self,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<Vec<AnyRow>, StoreError> {
        in_time(async { Ok(query.fetch_all(&self.readers).await?) }).await
    }

    /// A single writing statement, a transaction in itself.
    pub(super) async fn execute(
        &self,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<AnyQueryResult, StoreError> {
        in_time(async { Ok(query.execute(&self.writer).await?) }).await
    }
}

/// Ends an operation at [`DEADLINE`].
pub(super) async fn in_time<T>(
    operation: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(DEADLINE, operation).await.unwrap_or(Err(StoreError::TimedOut))
}

/// Connections to a file do not go stale, so they are kept and not tried before use.
fn sqlite_pool(connections: u32, session: &'static str) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            Box::pin(async move { connection.execute(session).await.map(|_| ()) })
        })
}

/// Whether a connection can begin another transaction.
///
/// On a full disk SQLite takes a transaction back by itself. sqlx 0.9 then counts it as open for
/// ever, and refuses to begin another one: such a connection is closed.
async fn is_out_of_transaction(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    // A transaction that was dropped is taken back before this is answered.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn postgres_pool() -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, past| {
            Box::pin(async move {
                if past.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(POSTGRES_SESSION).await.map(|_| ()) })
        })
}
