//! What this computer says of the time.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use trybuy_formats::instant::{Instant, Span};

/// The kernel's random number of a boot (`/proc/sys/kernel/random/boot_id`).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";
/// What the kernel adds to the uptime in a time namespace (time_namespaces(7)).
const OFFSETS: &str = "/proc/self/timens_offsets";

/// One look at this computer's clocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The clock that people see and set.
    pub wall: Instant,
    /// The clock that nobody can set.
    pub uptime: Uptime,
}

/// How long the machine has been up, suspended or not: a clock that nobody can set, as long as it
/// is the same boot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uptime {
    /// Which boot.
    pub boot: Boot,
    /// Milliseconds since then: with whole seconds at both ends more time might seem to have passed
    /// than has.
    pub milliseconds: u64,
}

/// A boot of a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(String);

impl Boot {
    /// The boot of that id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }
}

impl Reading {
    /// Looks now.
    pub fn take() -> Self {
        // Where the kernel does not say which boot it is, it is empty.
        let boot = std::fs::read_to_string(BOOT_ID).unwrap_or_default().trim().to_owned();
        let since_boot = clock_gettime(ClockId::Boottime);
        let [seconds, nanoseconds] =
            [since_boot.tv_sec, since_boot.tv_nsec].map(|part| u64::try_from(part).unwrap_or(0));
        let milliseconds = seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000);
        // Whoever makes a namespace chooses its offset: the machine's own uptime is without it.
        let offset = std::fs::read_to_string(OFFSETS).ok().and_then(|text| boot_offset(&text));
        let milliseconds = milliseconds.saturating_add_signed(-offset.unwrap_or(0));
        Self { wall: super::now(), uptime: Uptime { boot: Boot(boot), milliseconds } }
    }
}

/// The milliseconds that are added to the uptime: a line of the clock's name, seconds and nanoseconds.
fn boot_offset(offsets: &str) -> Option<i64> {
    let line = offsets.lines().find_map(|line| line.strip_prefix("boottime"))?;
    let mut numbers = line.split_whitespace().map(str::parse::<i64>);
    let (seconds, nanoseconds) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    seconds.checked_mul(1000)?.checked_add(nanoseconds / 1_000_000)
}

impl Uptime {
    /// The whole seconds since an earlier look, if it was in the same boot.
    pub fn since(&self, earlier: &Self) -> Option<Span> {
        let is_same = !self.boot.0.is_empty() && self.boot == earlier.boot;
        self.beyond(earlier).filter(|_| is_same)
    }

    /// The whole seconds that have passed at least since an earlier look, where nothing says which
    /// boot either was in: in the same one exactly so many, and in another one more. None if it was
    /// another one for certain.
    pub fn at_least_since(&self, earlier: &Self) -> Option<Span> {
        let is_unknown = self.boot.0.is_empty() && earlier.boot.0.is_empty();
        self.beyond(earlier).filter(|_| is_unknown)
    }

    fn beyond(&self, earlier: &Self) -> Option<Span> {
        let passed = self.milliseconds.checked_sub(earlier.milliseconds);
        passed.map(|passed| Span::seconds(passed / 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_computer_has_clocks() {
        let (first, second) = (Reading::take(), Reading::take());
        assert!(second.wall >= first.wall);
        assert!(
            second.uptime.since(&first.uptime).is_some_and(|passed| passed < Span::seconds(60))
        );
    }

    #[test]
    fn what_a_namespace_adds_to_the_uptime_is_known() {
        for (offsets, expected) in [
            (
                "monotonic           0         0\nboottime      3456000 500000000\n",
                Some(3_456_000_500),
            ),
            ("monotonic           7         0\nboottime         -60         0\n", Some(-60_000)),
            ("monotonic           7         0\n", None),
            ("boottime much 0", None),
            ("", None),
        ] {
            assert_eq!(boot_offset(offsets), expected, "{offsets}");
        }
    }

    #[test]
    fn another_boot_says_nothing_of_the_time_between() {
        let at = |boot: &str, milliseconds| Uptime { boot: Boot::new(boot), milliseconds };
        assert_eq!(at("a", 50_000).since(&at("a", 20_000)), Some(Span::seconds(30)));
        assert_eq!(at("a", 50_100).since(&at("a", 20_900)), Some(Span::seconds(29)));
        assert_eq!(at("b", 50).since(&at("a", 20)), None);
        assert_eq!(at("a", 10).since(&at("a", 20)), None, "no time before");
        assert_eq!(at("", 50).since(&at("", 20)), None, "an unknown boot is not the same one");
        assert_eq!(at("", 5_000).at_least_since(&at("", 2_000)), Some(Span::seconds(3)));
        assert_eq!(at("", 20).at_least_since(&at("", 50)), None, "certainly another boot");
        assert_eq!(at("b", 50).at_least_since(&at("a", 20)), None, "known to be another boot");
    }
}
