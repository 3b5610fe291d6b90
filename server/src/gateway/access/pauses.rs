//! Pauses between requests that came to nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use trybuy_formats::ids::Label;

/// When each client's license was last asked for. There are as many entries as clients that have none.
#[derive(Default)]
pub(super) struct Pauses(Mutex<HashMap<Label, Instant>>);

impl Pauses {
    /// Begins a pause for a client, unless one is running.
    pub(super) fn begin(&self, client: &Label, pause: Duration) -> bool {
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        begun.retain(|_, at| at.elapsed() < pause);
        let is_new = !begun.contains_key(client);
        if is_new {
            begun.insert(client.clone(), Instant::now());
        }
        is_new
    }
}
