//! What a license server does by itself: it raises the mark beside the database, and forgets old challenges.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::licensing::records::RecordsMark;

use super::mark::{LookBackFailed, RESTORED_HELP};
use super::{LicenseServer, LicenseServerState};
use crate::store::StoreError;

/// The pause between two rounds. What was decided for longer than that is in the mark.
const PAUSE: Duration = Duration::from_millis(100);
/// Rounds between two comparisons where no record was added.
const COMPARING: u32 = 20;
/// Rounds between two looks at the period of challenges: two minutes, which is longer than a challenge can be answered.
const FORGETTING: u32 = 1200;

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
    /// The end of the records at the last comparison.
    compared: RecordsMark,
    periods: Periods,
    /// The store was found to be a restored one, and nobody has accepted that.
    restored: bool,
    /// Why the records were not compared with the mark.
    failure: Option<String>,
}

impl Rounds {
    fn new(server: LicenseServerState) -> Self {
        Self {
            server,
            compared: RecordsMark::BEGIN,
            periods: Periods::default(),
            restored: false,
            failure: None,
        }
    }

    /// Compares the records with the mark, and sees whether the store is a restored one, whoever found that.
    async fn look_back(&mut self) -> Result<(), LookBackFailed> {
        let LicenseServer { mark, store, clock, .. } = &*self.server;
        // Before the comparison: what is added during it is for the next round.
        self.compared = store.record_head().await?.mark;
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

    async fn round(&mut self, round: u32, is_last: bool) {
        if is_last || round.is_multiple_of(COMPARING) || self.has_moved().await {
            let looked = self.look_back().await;
            self.tell(looked.err());
        }
        if round.is_multiple_of(FORGETTING)
            && let Err(error) = self.forget_challenges().await
        {
            tracing::warn!(%error, "old challenges are forgotten later");
        }
    }

    /// Whether a record was added since the last comparison. Where the store does not answer, the next one tells.
    async fn has_moved(&self) -> bool {
        let head = self.server.store.record_head().await;
        head.is_ok_and(|head| head.mark != self.compared)
    }

    async fn forget_challenges(&mut self) -> Result<(), StoreError> {
        let store = &self.server.store;
        match self.periods.over(store.record_head().await?.challenge_period) {
            Some(period) => store.end_challenge_period(period).await,
            None => Ok(()),
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

/// Which period of challenges is over: one that there was at the last look too. So each lasts for longer than a challenge
/// can be answered, whatever clocks say, and however many license servers share the store.
#[derive(Default)]
struct Periods {
    last: Option<u64>,
}

impl Periods {
    /// The period that there is, if it is over.
    fn over(&mut self, period: u64) -> Option<u64> {
        let last = self.last.replace(period);
        last.filter(|last| *last == period)
    }
}

async fn run(mut rounds: Rounds, mut stopped: oneshot::Receiver<()>) {
    let mut round = 0;
    loop {
        let stops = tokio::select! {
            () = tokio::time::sleep(PAUSE) => false,
            _ = &mut stopped => true,
        };
        rounds.round(round, stops).await;
        if stops {
            return;
        }
        round = round.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_challenges_is_over_when_it_was_there_at_the_last_look() {
        for (what, looks) in [
            ("the only one", vec![(7, None), (7, Some(7)), (8, None), (8, Some(8)), (9, None)]),
            ("another one has ended it", vec![(7, None), (8, None), (9, None), (9, Some(9))]),
            ("it could not be ended", vec![(7, None), (7, Some(7)), (7, Some(7))]),
            ("the store was restored", vec![(7, None), (3, None), (3, Some(3))]),
        ] {
            let mut periods = Periods::default();
            for (period, over) in looks {
                assert_eq!(periods.over(period), over, "{what}, in {period}");
            }
        }
    }
}
