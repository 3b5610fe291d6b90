//! The worker of a server process: rounds, from its start to its end.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Dispatcher;
use crate::app::AppState;

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(1);
/// How many times as long as a round the pause after it is at least, so that the worker never takes much
/// of the machine or the database.
const SHARE: u32 = 10;
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);

/// A running worker. It ends when this is dropped.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn start(app: AppState) -> Result<Self, reqwest::Error> {
        let dispatcher = Dispatcher::new(app)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, task: tokio::spawn(run(dispatcher, stopped)) })
    }

    /// Begins nothing more, and waits for what is on its way, which takes some seconds at most.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker of the webhooks failed");
        }
    }
}

async fn run(mut dispatcher: Dispatcher, mut stopped: oneshot::Receiver<()>) {
    loop {
        let begin = Instant::now();
        if let Err(error) = dispatcher.round().await {
            tracing::warn!(%error, "webhooks are told later");
        }
        let pause = begin.elapsed().saturating_mul(SHARE).clamp(PAUSE, LONGEST);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut stopped => break,
        }
    }
    dispatcher.stop().await;
}
