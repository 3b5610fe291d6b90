//! Waiting for something that another process does: asking again and again, with a bound.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// How long anything may take before it has failed; generous, because tests share the machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two questions.
const PAUSE: Duration = Duration::from_millis(2);

/// Waits until the condition holds.
///
/// # Errors
/// The condition's own, and that it did not come to hold in time.
pub fn until(what: &str, mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !condition()? {
        ensure!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(PAUSE);
    }
    Ok(())
}
