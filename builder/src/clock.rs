//! Trusted time (steps 316 and 428 ask for "the ambient date"): it does not go back when this
//! computer's clock is set back, and an honest mistake has a way out.
//!
//! `reading` looks at this computer's clocks and `file_dates` at the dates of its files,
//! `weighing` decides what to believe, `clock_file` keeps what is known, sealed.
//!
//! - In one boot the uptime tells how much time has passed: setting the clock back changes nothing.
//! - In another boot a clock that is behind by at most [`TOLERANCE`] is an honest correction, and
//!   the time goes on from the latest that was seen. One that is further behind is refused,
//!   `clock-set-back`, as is one that is behind the dates of the system's files.
//! - A clock that jumps ahead counts, and stops counting when it is corrected.
//! - A memory that is missing or was changed is refused, `state-damaged`.
//!
//! There is one way back from each refusal: a time that the server signs, which `trybuy doctor`
//! gets ([`ClockFile::replace`]).

mod clock_file;
mod file_dates;
mod reading;
mod weighing;

use trybuy_formats::instant::Instant;

use crate::error::Error;
use crate::messages;

pub use clock_file::ClockFile;
pub use reading::{Boot, Reading, Uptime};
pub use weighing::{AGREEMENT, Answer, ClockState, Memory, SetBack, TOLERANCE, Weighed, Witness};

/// This computer's time, cut to the second. A clock before 1970 reads as 1970.
pub fn now() -> Instant {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since_1970.ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    let first = Instant::from_unix(0).expect("1970 is in range");
    seconds.and_then(Instant::from_unix).unwrap_or(first)
}

impl From<SetBack> for Error {
    fn from(set_back: SetBack) -> Self {
        messages::clock_set_back(set_back)
    }
}
