//! What a license server does by itself: it raises the mark beside the database, and forgets old challenges.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::instant::Span;

use super::mark::LookBackFailed;
use super::{LicenseServer, LicenseServerState};
use crate::store::RecordsComparison;

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

impl Worker {
    /// Compares the records with the mark, and starts the worker.
    ///
    /// # Errors
    /// When the mark or the store cannot be used.
    pub async fn start(server: LicenseServerState) -> Result<Self, LookBackFailed> {
        server.look_back().await?;
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
    /// Compares the records with the mark, and tells the operator where they do not go on from there.
    async fn look_back(&self) -> Result<(), LookBackFailed> {
        let found = self.mark.look_back(&self.store, self.secret(), self.clock.now()).await?;
        if found != RecordsComparison::GoOn {
            tracing::error!(
                "the database was restored from a backup: no new licenses are given out until \
                 `license-server restored accept`"
            );
        }
        Ok(())
    }

    async fn round(&self, round: u32) -> Result<(), LookBackFailed> {
        self.look_back().await?;
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
