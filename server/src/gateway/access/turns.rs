//! Requests for the licenses that the gateway holds: one at a time for each client, and a pause after one
//! that came to nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OwnedMutexGuard;
use trybuy_formats::ids::Label;

use crate::error::ApiError;

/// How long the license server is not asked again for a client that it gave no license.
const PAUSE: Duration = Duration::from_secs(10);

/// The clients that somebody asks for, or that were refused not long ago.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Label, Arc<Last>>>);

type Last = tokio::sync::Mutex<Option<Refused>>;

struct Refused {
    /// What is said until then.
    error: ApiError,
    at: Instant,
}

/// The one who may ask for a client now.
pub(super) struct Turn(OwnedMutexGuard<Option<Refused>>);

impl Turns {
    /// Waits until nobody else asks for the client.
    pub(super) async fn wait(&self, client: &Label) -> Turn {
        let last = {
            let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            clients.retain(|_, last| {
                let pauses =
                    || last.try_lock().is_ok_and(|last| last.as_ref().is_some_and(Refused::pauses));
                Arc::strong_count(last) > 1 || pauses()
            });
            Arc::clone(clients.entry(client.clone()).or_default())
        };
        Turn(last.lock_owned().await)
    }
}

impl Turn {
    /// Whether the license server may be asked.
    ///
    /// # Errors
    /// It was a moment ago, for nothing.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match self.0.as_ref().filter(|refused| refused.pauses()) {
            Some(Refused { error, at }) => {
                let title = "no license could be had for this client a moment ago";
                let wait = PAUSE.saturating_sub(at.elapsed());
                Err(error.without_cause().title(title).retry_after(wait))
            }
            None => Ok(()),
        }
    }

    /// Notes what came of it.
    pub(super) fn end<T>(mut self, asked: Result<T, ApiError>) -> Result<T, ApiError> {
        let refused = asked.as_ref().err();
        *self.0 = refused.map(|error| Refused { error: error.without_cause(), at: Instant::now() });
        asked
    }
}

impl Refused {
    fn pauses(&self) -> bool {
        self.at.elapsed() < PAUSE
    }
}

#[cfg(test)]
mod tests {
    use trybuy_formats::slug::Slug;

    use super::*;

    #[tokio::test]
    async fn clients_take_turns_and_pause_after_a_refusal() {
        let turns = Turns::default();
        let (one, other): (Label, Label) =
            ("one".parse().expect("a name"), "other".parse().expect("a name"));
        let turn = turns.wait(&one).await;
        assert!(turn.check().is_ok());
        turns.wait(&other).await.end(Ok(())).expect("given");
        let second = turns.wait(&one);
        let refused: Result<(), _> = turn.end(Err(ApiError::new(Slug::NoFreeLicense, "none")));
        assert!(refused.is_err());
        let again = second.await.check().expect_err("a pause");
        assert_eq!(again.slug(), Slug::NoFreeLicense);
        assert!(turns.wait(&other).await.check().is_ok());
    }
}
