//! Where the server's time comes from.

use chrono::Utc;
use trybuy_formats::instant::Instant;

/// A source of the time. Tests put in one that they move by hand.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Instant;
}

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    /// A machine whose clock stands outside the years 1970 to 9999 reads as its beginning: every
    /// Builder would then answer `clock-set-back`, which names the fault.
    fn now(&self) -> Instant {
        Instant::try_from(Utc::now())
            .unwrap_or_else(|_| Instant::from_unix(0).expect("1970 is in range"))
    }
}
