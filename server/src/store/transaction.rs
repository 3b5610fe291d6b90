//! Transactions that write.

use std::future::Future;
use std::time::Duration;

use sqlx::{Any, AnyConnection, Transaction};

use super::connections::{Engine, in_time};
use super::{Store, StoreError};

/// Several statements that belong together. It may run more than once, so it changes nothing but
/// the database.
pub(super) trait Operation: Sync {
    /// What it answers.
    type Answer: Send;

    /// What it needs from the others that run at the same time.
    const ISOLATION: Isolation = Isolation::Serializable;

    /// Runs the statements. An error rolls them back.
    fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> impl Future<Output = Result<Finish<Self::Answer>, StoreError>> + Send;
}

/// How a transaction ends.
pub(super) enum Finish<T> {
    /// What was written stays.
    Commit(T),
    /// Nothing was written, or what was written is taken back.
    RollBack(T),
}

/// How transactions see each other on PostgreSQL. On SQLite they run one after the other.
#[derive(Clone, Copy)]
pub(super) enum Isolation {
    /// As if they ran one after the other; those that cannot are run again.
    Serializable,
    /// For operations whose statements each decide for themselves, by a constraint or a row's lock.
    ReadCommitted,
}

/// How often a transaction is run before it is given up: the last pauses add up to seconds.
const ATTEMPTS: u32 = 16;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl Store {
    /// Runs an operation in a transaction of its own, again where others were in the way.
    pub(super) async fn write<O: Operation>(&self, operation: &O) -> Result<O::Answer, StoreError> {
        in_time(async {
            for attempt in 1..=ATTEMPTS {
                match self.attempt(operation).await {
                    Err(error) if self.engine == Engine::Postgres && error.is_collision() => {
                        tracing::debug!(attempt, "a transaction collided with another one");
                        tokio::time::sleep(pause_after(attempt)).await;
                    }
                    outcome => return outcome,
                }
            }
            Err(StoreError::Contention)
        })
        .await
    }

    async fn attempt<O: Operation>(&self, operation: &O) -> Result<O::Answer, StoreError> {
        let mut transaction = self.begin(O::ISOLATION).await?;
        match operation.run(&mut transaction).await? {
            Finish::Commit(answer) => transaction.commit().await.map(|()| answer),
            Finish::RollBack(answer) => transaction.rollback().await.map(|()| answer),
        }
        .map_err(StoreError::from)
    }

    /// Begins a transaction. It is rolled back when it is dropped.
    ///
    /// Callers may be dropped at any time, as when a client goes away. sqlx 0.9 forgets a BEGIN
    /// that is dropped while PostgreSQL answers it, and the next user of the connection would write
    /// into a transaction that nobody commits. So a task of its own waits for that answer.
    pub(super) async fn begin(
        &self,
        isolation: Isolation,
    ) -> Result<Transaction<'static, Any>, StoreError> {
        let statement = match (self.engine, isolation) {
            // The lock to write is taken at once: taken later it could fail, as another process
            // may have written since the transaction began to read.
            (Engine::Sqlite, _) => "BEGIN IMMEDIATE",
            (Engine::Postgres, Isolation::Serializable) => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            (Engine::Postgres, Isolation::ReadCommitted) => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let pool = self.writer.clone();
        let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
        begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)).map_err(StoreError::from)
    }
}

/// Doubles from 1 ms. The random part keeps those that collided from colliding again.
fn pause_after(attempt: u32) -> Duration {
    let base = Duration::from_millis(1 << attempt.min(8)).min(LONGEST_PAUSE);
    let share = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    base * share / 255
}
