//! What a license server does by itself: it raises the mark beside the database, and forgets old challenges.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::instant::Span;

use super::{LicenseServer, LicenseServerState};
use crate::store::{DecisionOutcome, DecisionReason, LicenseDecision, RecordHead, StoreError};

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(2);
/// How long challenges are remembered after their end, for the sake of clocks that are set back.
const REMEMBERED: Span = Span::seconds(3600);
/// Rounds between two times of forgetting.
const FORGETTING: u32 = 60;

/// A running worker. It ends when this is dropped.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Why a round failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoundFailed {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mark.
    #[error("records.mark cannot be used")]
    Mark(#[from] io::Error),
}

impl Worker {
    /// Compares the records with the mark, and starts the worker. A store with fewer records than there were is a
    /// restored one.
    ///
    /// # Errors
    /// When the mark or the store cannot be used.
    pub async fn start(server: LicenseServerState) -> Result<Self, RoundFailed> {
        let head = server.store.record_head().await?;
        server.look_back(head).await?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, task: tokio::spawn(run(server, stopped)) })
    }

    /// Writes the mark a last time.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker of the license server failed");
        }
    }
}

impl LicenseServer {
    /// Says that the store is a restored one, if it has fewer records than the mark, or others.
    async fn look_back(&self, head: RecordHead) -> Result<(), RoundFailed> {
        let Some(mark) = self.mark.read()? else { return Ok(self.mark.set(head)?) };
        if mark.records > head.records {
            tracing::error!(
                records = head.records,
                before = mark.records,
                "the database is older than it was: no new licenses are given out until \
                 `license-server restored accept`"
            );
            let decision = LicenseDecision {
                reason: Some(DecisionReason::FewerRecords),
                ..LicenseDecision::of(DecisionOutcome::Restored, self.clock.now())
            };
            self.store.set_restored(self.secret(), true, decision).await?;
            return Ok(());
        }
        Ok(self.mark.raise(head)?)
    }

    async fn round(&self, round: u32) -> Result<(), RoundFailed> {
        let head = self.store.record_head().await?;
        // What the mark says of a restored store is what it had before.
        if !head.restored {
            self.mark.raise(head)?;
        }
        if round.is_multiple_of(FORGETTING) {
            self.store.forget_challenges(self.clock.now().minus(REMEMBERED)).await?;
        }
        Ok(())
    }
}

async fn run(server: LicenseServerState, mut stopped: oneshot::Receiver<()>) {
    let mut round = 0;
    loop {
        let stops = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            _ = &mut stopped => true,
        };
        if let Err(error) = server.round(round).await {
            tracing::warn!(%error, "the number of records is kept later");
        }
        if stops {
            return;
        }
        round = round.wrapping_add(1);
    }
}
