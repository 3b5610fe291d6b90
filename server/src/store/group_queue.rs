//! Writes that are gathered, several to a commit.
//!
//! A durable commit costs as much as several writes do, and SQLite has one writer. So one task writes, and
//! takes what came meanwhile into one transaction. Each is answered after the commit that holds it.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::connections::in_time;
use super::{Store, StoreError};

/// The most writes of one transaction.
const GROUP: usize = 256;
/// How long a group is gathered at most, until it is as large as the last one: whoever was answered with that
/// one is likely to ask again. One that comes alone is written at once.
const GATHER: Duration = Duration::from_millis(2);

/// What is written in groups.
pub(super) trait Grouped: Sized + Send + Sync + 'static {
    /// What it answers.
    type Answer: Send + 'static;

    /// Writes several in one transaction, or none.
    fn together(
        store: &Store,
        group: &[&Self],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;

    /// Writes this one in a transaction of its own.
    fn alone(&self, store: &Store)
    -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// Where writes wait. Clones share it.
pub(super) struct GroupQueue<T: Grouped>(mpsc::Sender<Queued<T>>);

impl<T: Grouped> Clone for GroupQueue<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Grouped> fmt::Debug for GroupQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupQueue")
    }
}

struct Queued<T: Grouped> {
    write: T,
    answer: oneshot::Sender<Result<T::Answer, StoreError>>,
}

impl<T: Grouped> GroupQueue<T> {
    /// Starts the task that writes. It ends with the last clone of the queue.
    pub(super) fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(GROUP);
        tokio::spawn(write_groups(store, receiver));
        Self(sender)
    }

    /// Writes with others that come at the same time. Once it is queued it is written, even if nobody waits
    /// for the answer any more.
    pub(super) async fn write(&self, write: T) -> Result<T::Answer, StoreError> {
        let stopped = || StoreError::Unavailable(sqlx::Error::WorkerCrashed);
        let (answer, answered) = oneshot::channel();
        self.0.send(Queued { write, answer }).await.map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

async fn write_groups<T: Grouped>(store: Store, mut queue: mpsc::Receiver<Queued<T>>) {
    let (mut group, mut last) = (Vec::new(), 0);
    while let Some(first) = queue.recv().await {
        group.push(first);
        gather(&mut queue, &mut group, last).await;
        last = group.len();
        write_group(&store, &mut group).await;
    }
}

/// Takes what waits, and waits for so many.
async fn gather<T: Grouped>(
    queue: &mut mpsc::Receiver<Queued<T>>,
    group: &mut Vec<Queued<T>>,
    expected: usize,
) {
    let end = Instant::now() + GATHER;
    while group.len() < GROUP {
        let next = if group.len() < expected {
            timeout_at(end, queue.recv()).await.ok().flatten()
        } else {
            queue.try_recv().ok()
        };
        let Some(next) = next else { return };
        group.push(next);
    }
}

/// Writes and answers a group. What cannot be written together is written one by one, so that nobody fails
/// for the fault of another.
async fn write_group<T: Grouped>(store: &Store, group: &mut Vec<Queued<T>>) {
    let together = match group.len() {
        0 | 1 => None,
        _ => {
            let writes: Vec<&T> = group.iter().map(|queued| &queued.write).collect();
            in_time(T::together(store, &writes)).await.ok()
        }
    };
    if let Some(answers) = together {
        for (queued, answer) in group.drain(..).zip(answers) {
            // Whoever asked may have gone.
            queued.answer.send(Ok(answer)).ok();
        }
    } else {
        for queued in group.drain(..) {
            let outcome = queued.write.alone(store).await;
            queued.answer.send(outcome).ok();
        }
    }
}
