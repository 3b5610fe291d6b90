//! What a license server does by itself: it raises the mark beside the database, and forgets old challenges.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::instant::Span;

use super::mark::{LookBackFailed, RESTORED_HELP};
use super::{LicenseServer, LicenseServerState};

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
        let mut rounds = Rounds::new(server);
        rounds.look_back().await?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, task: tokio::spawn(run(rounds, stopped)) })
    }

    /// Writes the mark a last time.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker of the license server failed");
        }
    }
}

/// What goes on from one round to the next: the operator is told of what has changed only.
struct Rounds {
    server: LicenseServerState,
    /// The store was found to be a restored one, and nobody has accepted that.
    restored: bool,
    /// Why the records were not compared with the mark.
    failure: Option<String>,
}

impl Rounds {
    fn new(server: LicenseServerState) -> Self {
        Self { server, restored: false, failure: None }
    }

    /// Compares the records with the mark, and sees whether the store is a restored one, whoever found that.
    async fn look_back(&mut self) -> Result<(), LookBackFailed> {
        let LicenseServer { mark, store, clock, .. } = &*self.server;
        mark.look_back(store, self.server.secret(), clock.now()).await?;
        let restored = store.record_head().await?.restored;
        match (self.restored, restored) {
            (false, true) => tracing::error!(
                help = RESTORED_HELP,
                "the database was restored from a backup: no new licenses are given out"
            ),
            (true, false) => tracing::info!(
                "it is accepted that the database was restored: new licenses are given out again"
            ),
            _ => {}
        }
        self.restored = restored;
        Ok(())
    }

    async fn round(&mut self, round: u32) {
        let looked = self.look_back().await;
        self.tell(looked.err());
        if round.is_multiple_of(FORGETTING) {
            let before = self.server.clock.now().minus(REMEMBERED);
            if let Err(error) = self.server.store.forget_challenges(before).await {
                tracing::warn!(%error, "old challenges are forgotten later");
            }
        }
    }

    /// Tells the operator why the mark is not kept, and when it is again.
    fn tell(&mut self, failed: Option<LookBackFailed>) {
        let help = failed.as_ref().and_then(LookBackFailed::help);
        let failure = failed.map(|error| format!("{:#}", anyhow::Error::from(error)));
        if failure != self.failure {
            match &failure {
                Some(error) => tracing::warn!(error, help, "the number of records is kept later"),
                None => tracing::info!("the number of records is kept again"),
            }
            self.failure = failure;
        }
    }
}

async fn run(mut rounds: Rounds, mut stopped: oneshot::Receiver<()>) {
    let mut round = 0;
    loop {
        let stops = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            _ = &mut stopped => true,
        };
        rounds.round(round).await;
        if stops {
            return;
        }
        round = round.wrapping_add(1);
    }
}
