//! What a license server does by itself: it raises the mark beside the database, and forgets old challenges.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::records::RecordsMark;

use super::mark::{LookBackFailed, RESTORED_HELP};
use super::{LicenseServer, LicenseServerState};

/// The pause between two rounds. What was decided for longer than that is in the mark.
const PAUSE: Duration = Duration::from_millis(100);
/// Rounds between two comparisons where no record was added.
const COMPARING: u32 = 20;
/// How long challenges are remembered after their end, for the sake of clocks that are set back.
const REMEMBERED: Span = Span::seconds(3600);
/// Rounds between two times of forgetting. That is longer than a challenge can be answered.
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
    forgetting: Forgetting,
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
            forgetting: Forgetting::default(),
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
        if round.is_multiple_of(FORGETTING) {
            self.forget_challenges().await;
        }
    }

    /// Whether a record was added since the last comparison. Where the store does not answer, the next one tells.
    async fn has_moved(&self) -> bool {
        let head = self.server.store.record_head().await;
        head.is_ok_and(|head| head.mark != self.compared)
    }

    async fn forget_challenges(&mut self) {
        let Some(before) = self.forgetting.before(self.server.clock.now()) else { return };
        if let Err(error) = self.server.store.forget_challenges(before).await {
            tracing::warn!(%error, "old challenges are forgotten later");
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

/// Which challenges can be forgotten: those that could be the last time, too. A clock that is ahead of the time, and is
/// set back, could otherwise let one be answered twice; one that it was ahead both times for has ended in the meantime.
#[derive(Default)]
struct Forgetting {
    last: Option<Instant>,
}

impl Forgetting {
    /// The instant before which they ended; none at the first time.
    fn before(&mut self, now: Instant) -> Option<Instant> {
        let before = now.minus(REMEMBERED);
        self.last.replace(before).map(|last| last.min(before))
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
    fn a_clock_that_is_ahead_for_a_while_forgets_nothing_that_can_still_be_answered() {
        let at = |seconds: i64| Instant::from_unix(1_800_000_000 + seconds).expect("in range");
        let hour_before = |seconds: i64| Some(at(seconds).minus(REMEMBERED));
        for (what, rounds) in [
            (
                "a clock that is right",
                vec![(0, None), (120, hour_before(0)), (240, hour_before(120))],
            ),
            ("ahead once", vec![(0, None), (90_000, hour_before(0)), (240, hour_before(240))]),
            ("ahead at the start", vec![(90_000, None), (120, hour_before(120))]),
            (
                "behind once",
                vec![(0, None), (-90_000, hour_before(-90_000)), (240, hour_before(-90_000))],
            ),
        ] {
            let mut forgetting = Forgetting::default();
            for (now, before) in rounds {
                assert_eq!(forgetting.before(at(now)), before, "{what}, at {now}");
            }
        }
    }
}
