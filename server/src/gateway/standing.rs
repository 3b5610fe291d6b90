//! For how long a decision stands.

use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

/// Whether a client may go on with what it was let in for. It is looked at whenever there is news, so that what takes
/// long, tunnels and endless answers, does not outlast the license.
#[derive(Clone)]
pub struct Standing {
    news: watch::Receiver<()>,
    holds: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Standing {
    /// A decision that stands for as long as `holds` says so with each news.
    pub fn new(
        news: watch::Receiver<()>,
        holds: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { news, holds: Arc::new(holds) }
    }

    /// A decision that stands for ever.
    pub fn forever() -> Self {
        Self::new(watch::channel(()).1, || true)
    }

    /// Whether it stands no more. Costs next to nothing while there is no news.
    pub(super) fn has_ended(&mut self) -> bool {
        // Without a sender the gateway is at its end, and ends everything by itself.
        if !self.news.has_changed().unwrap_or(false) {
            return false;
        }
        let ended = !(self.holds)();
        if !ended {
            self.news.mark_unchanged();
        }
        ended
    }

    /// Ready as soon as it stands no more.
    pub(super) async fn ended(mut self) {
        while self.news.changed().await.is_ok() {
            if !(self.holds)() {
                return;
            }
        }
        pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_decision_is_looked_at_with_each_news_and_stays_ended() {
        let (sender, news) = watch::channel(());
        let holds = Arc::new(AtomicBool::new(true));
        let mut standing = Standing::new(news, {
            let holds = Arc::clone(&holds);
            move || holds.load(Ordering::Relaxed)
        });
        assert!(!standing.has_ended());
        sender.send_replace(());
        assert!(!standing.has_ended());
        holds.store(false, Ordering::Relaxed);
        assert!(!standing.has_ended(), "no news");
        let ended = tokio::spawn(standing.clone().ended());
        sender.send_replace(());
        ended.await.expect("joined");
        assert!(standing.has_ended() && standing.has_ended());
        drop(sender);
        assert!(!Standing::forever().has_ended());
    }
}
