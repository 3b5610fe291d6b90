//! Grants on SQLite, several to a commit.
//!
//! A durable commit costs as much as several grants do, and SQLite has one writer. So one task
//! writes the grants, and takes those that came meanwhile into one transaction. Each is answered
//! after the commit that holds it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::connections::in_time;
use super::transaction::Isolation;
use super::{Grant, GrantRequest, Store, StoreError};

/// The most grants of one transaction.
const GROUP: usize = 256;
/// How long a group is gathered when grants already wait, as then more are about to come. One that
/// comes alone is written at once.
const GATHER: Duration = Duration::from_millis(2);

/// Where grants wait to be written. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct GrantQueue(mpsc::Sender<Queued>);

#[derive(Debug)]
struct Queued {
    request: GrantRequest,
    answer: oneshot::Sender<Result<Grant, StoreError>>,
}

impl GrantQueue {
    /// Starts the task that writes. It ends with the last clone of the queue.
    pub(super) fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(GROUP);
        tokio::spawn(write_groups(store, receiver));
        Self(sender)
    }

    /// Grants a trial with others that come at the same time. Once it is queued it is written, even
    /// if nobody waits for the answer any more.
    pub(super) async fn grant(&self, request: &GrantRequest) -> Result<Grant, StoreError> {
        let stopped = || StoreError::Unavailable(sqlx::Error::WorkerCrashed);
        let (answer, answered) = oneshot::channel();
        let queued = Queued { request: request.clone(), answer };
        self.0.send(queued).await.map_err(|_| stopped())?;
        answered.await.unwrap_or_else(|_| Err(stopped()))
    }
}

async fn write_groups(store: Store, mut queue: mpsc::Receiver<Queued>) {
    let mut group = Vec::new();
    loop {
        if let Ok(first) = queue.try_recv() {
            group.push(first);
            tokio::time::sleep(GATHER).await;
        } else if let Some(first) = queue.recv().await {
            group.push(first);
        } else {
            return;
        }
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        store.grant_group(&mut group).await;
    }
}

impl Store {
    /// Writes and answers a group. What cannot be written together is written one by one, so that
    /// nobody fails for the fault of another.
    async fn grant_group(&self, group: &mut Vec<Queued>) {
        let together = match group.len() {
            0 | 1 => None,
            _ => in_time(self.grant_together(group)).await.ok(),
        };
        if let Some(grants) = together {
            for (queued, grant) in group.drain(..).zip(grants) {
                // Whoever asked may have gone.
                queued.answer.send(Ok(grant)).ok();
            }
        } else {
            for queued in group.drain(..) {
                let outcome = self.grant_alone(&queued.request).await;
                queued.answer.send(outcome).ok();
            }
        }
    }

    async fn grant_together(&self, group: &[Queued]) -> Result<Vec<Grant>, StoreError> {
        let mut transaction = self.begin(Isolation::ReadCommitted).await?;
        let mut grants = Vec::with_capacity(group.len());
        for queued in group {
            let grant = queued.request.grant_on(&mut transaction).await?;
            grants.push(grant.ok_or(StoreError::Contention)?);
        }
        transaction.commit().await?;
        Ok(grants)
    }
}
