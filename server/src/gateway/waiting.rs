//! How long one side has left the other one waiting.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// No wait.
const NOT: u64 = u64::MAX;

/// A wait that begins and ends with every piece of a body. It is looked at only when it may have become
/// too long, so that pieces pay no more than a look at the clock.
pub(super) struct Waiting {
    origin: Instant,
    /// Milliseconds after the origin.
    since: AtomicU64,
}

impl Waiting {
    /// A wait that begins now.
    pub(super) fn new() -> Self {
        Self { origin: Instant::now(), since: AtomicU64::new(0) }
    }

    /// Begins to wait, from now on.
    pub(super) fn begin(&self) {
        let now = u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(NOT - 1);
        self.since.store(now, Ordering::Relaxed);
    }

    /// Waits no more.
    pub(super) fn end(&self) {
        self.since.store(NOT, Ordering::Relaxed);
    }

    /// Ready as soon as a wait has taken so long.
    pub(super) async fn takes(&self, limit: Duration) {
        loop {
            let next = match self.since.load(Ordering::Relaxed) {
                NOT => Instant::now() + limit,
                since => self.origin + Duration::from_millis(since) + limit,
            };
            if next <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(next).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn only_a_wait_without_an_end_takes_too_long() {
        let waiting = Waiting::new();
        waiting.takes(LIMIT).await;
        waiting.end();
        let still = tokio::time::timeout(LIMIT * 4, waiting.takes(LIMIT)).await;
        assert!(still.is_err(), "nobody waits");
        waiting.begin();
        waiting.takes(LIMIT).await;
    }
}
