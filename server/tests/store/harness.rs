//! Runs each case on each database.

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;
use trybuy_server::store::{DatabaseUrl, Store};
use trybuy_tests::postgres::Cluster;

/// A case: its name, and what runs on a fresh database.
pub(crate) struct Case {
    pub name: &'static str,
    pub run: fn(Database) -> Pin<Box<dyn Future<Output = ()>>>,
}

/// Names an async function as a case.
macro_rules! case {
    ($path:path) => {
        $crate::harness::Case { name: stringify!($path), run: |database| Box::pin($path(database)) }
    };
}
pub(crate) use case;

/// A fresh, migrated database.
pub(crate) struct Database {
    pub store: Store,
    pub url: DatabaseUrl,
    /// The same, for connections that are not the store's.
    pub raw_url: String,
    _folder: Option<TempDir>,
}

impl Database {
    /// Does what another version of the program might have done, or what would take too long with this
    /// one.
    pub(crate) async fn execute(&self, statement: &str) {
        use sqlx::Connection as _;
        let mut connection =
            sqlx::AnyConnection::connect(&self.raw_url).await.expect("the database answers");
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        sqlx::query(statement).execute(&mut connection).await.expect("it is done");
        connection.close().await.expect("closed");
    }
}

/// PostgreSQL, started by the first case that needs it and ended with the last one.
#[derive(Default)]
struct Postgres {
    cluster: OnceLock<Result<Cluster, String>>,
    databases: AtomicU32,
}

pub(crate) fn run(cases: &[Case]) -> ExitCode {
    let postgres = Arc::new(Postgres::default());
    let missing = !Cluster::is_available();
    let required = std::env::var("CI").is_ok_and(|value| value == "true");
    if missing && !required {
        eprintln!(
            "notice: PostgreSQL is not installed, its cases are skipped (install `postgresql`)"
        );
    }
    let mut trials = Vec::new();
    for case in cases {
        let run = case.run;
        trials.push(Trial::test(format!("sqlite::{}", case.name), move || on_sqlite(run)));
        let postgres = Arc::clone(&postgres);
        let trial = Trial::test(format!("postgres::{}", case.name), move || postgres.run(run));
        trials.push(trial.with_ignored_flag(missing && !required));
    }
    trials.push(Trial::test("an_unanswering_server_is_an_error_and_no_hang", unanswering_server));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn on_sqlite(run: fn(Database) -> Pin<Box<dyn Future<Output = ()>>>) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}/store.sqlite3", folder.path().display());
    on(url, Some(folder), run)
}

/// A server that takes the connection and never says a word.
fn unanswering_server() -> Result<(), Failed> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url: DatabaseUrl = format!("postgres://ada@{}/trybuy", listener.local_addr()?).parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let error = match runtime.block_on(Store::connect(&url)) {
        Ok(_) => return Err("there is nothing to connect to".into()),
        Err(error) => error,
    };
    if error.is_temporary() { Ok(()) } else { Err(format!("{error:?}").into()) }
}

impl Postgres {
    fn run(&self, run: fn(Database) -> Pin<Box<dyn Future<Output = ()>>>) -> Result<(), Failed> {
        let cluster = self.cluster.get_or_init(|| Cluster::start().map_err(|e| format!("{e:#}")));
        let cluster = cluster.as_ref().map_err(Failed::from)?;
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("trybuy_{}_{number}", std::process::id());
        let url = cluster.create_database(&name).map_err(|e| format!("{e:#}"))?;
        on(url, None, run)
    }
}

fn on(
    raw_url: String,
    folder: Option<TempDir>,
    run: fn(Database) -> Pin<Box<dyn Future<Output = ()>>>,
) -> Result<(), Failed> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let url: DatabaseUrl = raw_url.parse()?;
    runtime.block_on(async {
        let store = Store::connect(&url).await?;
        store.migrate().await?;
        let again = store.clone();
        run(Database { store, url, raw_url, _folder: folder }).await;
        again.close().await;
        Ok(())
    })
}
