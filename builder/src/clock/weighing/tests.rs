//! Scenarios: what happens to a machine and its clock, and what the time is then.

use Expected::{FilesTell, SeenLater, Time};
use Step::{Contact, Files, Look, Nameless, Off, Pass, Reboot, Set, Signed};

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const A_DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * A_DAY;

/// All numbers are seconds.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Time goes by.
    Pass(i64),
    /// The clock is set to so much after the real time.
    Set(i64),
    /// The machine starts again, after so much time.
    Reboot(i64),
    /// The machine starts again after so much time, with its clock at that time since the
    /// beginning.
    Off(i64, i64),
    /// The files of the system bear that date since the beginning.
    Files(i64),
    /// The server is asked for something; its clock is so much ahead of the real time.
    Contact(i64),
    /// The server signs the time.
    Signed,
    /// The kernel does not say which boot it is, from now on.
    Nameless,
    /// The Builder looks at the time.
    Look(Expected),
}

/// What the Builder finds out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Expected {
    /// The trusted time, as so much after the real one.
    Time(i64),
    /// Set back: a later time was seen.
    SeenLater,
    /// Set back: files are newer.
    FilesTell,
}

struct Machine {
    /// Since the beginning.
    real: i64,
    /// Of the clock, ahead of the real time.
    error: i64,
    boot: u32,
    nameless: bool,
    booted_at: i64,
    files: Option<i64>,
    memory: Memory,
}

fn at(seconds: i64) -> Instant {
    Instant::from_unix((1_798_000_000 + seconds).max(0)).expect("in range")
}

impl Machine {
    fn new() -> Self {
        let uptime = Uptime { boot: Boot::new("0"), milliseconds: 0 };
        let memory = Memory::said(at(0), uptime, None);
        Self { real: 0, error: 0, boot: 0, nameless: false, booted_at: 0, files: None, memory }
    }

    fn reading(&self, wall: i64) -> Reading {
        let seconds = u64::try_from(self.real - self.booted_at).expect("after the boot");
        let boot = if self.nameless { String::new() } else { self.boot.to_string() };
        let uptime = Uptime { boot: Boot::new(boot), milliseconds: seconds * 1000 };
        Reading { wall: at(wall), uptime }
    }

    fn reboot(&mut self, off: i64) {
        self.real += off;
        self.boot += 1;
        self.booted_at = self.real;
    }

    fn look(&mut self) -> Expected {
        let reading = self.reading(self.real + self.error);
        let files = self.files.map(at).filter(|_| self.memory.needs_file_dates(&reading));
        match self.memory.weigh(&reading, files) {
            Ok(weighed) => {
                self.memory = weighed.memory;
                Time(weighed.time.instant().unix() - at(self.real).unix())
            }
            Err(SetBack { by: Witness::Floor, .. }) => SeenLater,
            Err(SetBack { by: Witness::FileDates, .. }) => FilesTell,
        }
    }

    fn does(&mut self, step: Step) {
        match step {
            Pass(seconds) => self.real += seconds,
            Set(error) => self.error = error,
            Reboot(off) => self.reboot(off),
            Off(off, clock) => {
                self.reboot(off);
                self.error = clock - self.real;
            }
            Files(date) => self.files = Some(date),
            Contact(error) => {
                let told = self.reading(self.real + error);
                if let Ok(weighed) = self.memory.weigh(&told, None)
                    && weighed.clock != ClockState::Behind
                {
                    self.memory = weighed.memory;
                }
            }
            Signed => {
                let uptime = self.reading(0).uptime;
                self.memory = Memory::signed(at(self.real), uptime, self.files.map(at));
            }
            Nameless => self.nameless = true,
            Look(expected) => assert_eq!(self.look(), expected, "{:?}", self.memory),
        }
    }
}

const SCENARIOS: &[(&str, &[Step])] = &[
    ("time goes on", &[Pass(HOUR), Look(Time(0)), Pass(A_DAY), Look(Time(0))]),
    ("time goes on over boots", &[Reboot(A_DAY), Look(Time(0)), Reboot(A_DAY), Look(Time(0))]),
    ("a year in a drawer is not lost", &[Reboot(100 * A_DAY), Look(Time(0))]),
    // Honest errors.
    (
        "a small step back",
        &[Pass(HOUR), Look(Time(0)), Set(-30), Look(Time(0)), Pass(60), Look(Time(0))],
    ),
    ("a step of NTP forward", &[Pass(HOUR), Set(40), Look(Time(40)), Set(0), Look(Time(40))]),
    (
        "another system that keeps local time, two hours behind",
        &[
            Pass(A_DAY),
            Look(Time(0)),
            Off(60, A_DAY - 2 * HOUR),
            Look(Time(HOUR - 60)),
            Set(0),
            Pass(A_DAY),
            Look(Time(HOUR - 60)),
        ],
    ),
    (
        "a dead battery: 1970 until the network sets the clock",
        &[Pass(A_DAY), Look(Time(0)), Off(A_DAY, -YEAR), Look(SeenLater), Set(0), Look(Time(0))],
    ),
    (
        "a dead battery: the last shutdown until the network sets the clock",
        &[
            Pass(A_DAY),
            Look(Time(0)),
            Off(20 * A_DAY, A_DAY),
            Look(Time(-20 * A_DAY)),
            Set(0),
            Look(Time(0)),
            Pass(HOUR),
            Look(Time(0)),
        ],
    ),
    (
        "a dead battery, and the server is asked first",
        &[
            Pass(A_DAY),
            Look(Time(0)),
            Off(A_DAY, -YEAR),
            Contact(0),
            Look(Time(0)),
            Pass(HOUR),
            Look(Time(0)),
        ],
    ),
    (
        "a wrong year, corrected",
        &[
            Pass(HOUR),
            Look(Time(0)),
            Set(YEAR),
            Look(Time(YEAR)),
            Pass(HOUR),
            Set(0),
            Look(Time(0)),
            Reboot(HOUR),
            Look(Time(0)),
        ],
    ),
    (
        "a wrong year, corrected after the next start",
        &[Pass(HOUR), Set(YEAR), Look(Time(YEAR)), Reboot(HOUR), Set(0), Look(Time(0))],
    ),
    (
        "a start with a wrong year, corrected",
        &[
            Pass(HOUR),
            Look(Time(0)),
            Off(HOUR, YEAR),
            Look(Time(YEAR - 2 * HOUR)),
            Set(0),
            Look(Time(0)),
        ],
    ),
    (
        "a wrong year in two boots counts, until the server says otherwise",
        &[
            Pass(HOUR),
            Set(YEAR),
            Look(Time(YEAR)),
            Reboot(HOUR),
            Look(Time(YEAR)),
            Set(0),
            Look(Time(YEAR)),
            Signed,
            Look(Time(0)),
        ],
    ),
    (
        "a clock that stays a year ahead, after the server's word",
        &[
            Reboot(HOUR),
            Look(Time(0)),
            Set(YEAR),
            Look(Time(YEAR)),
            Signed,
            Look(Time(0)),
            Pass(HOUR),
            Look(Time(0)),
            Reboot(HOUR),
            Look(Time(YEAR)),
            Set(0),
            Look(Time(0)),
        ],
    ),
    (
        "a server whose clock is a year ahead, and then right",
        &[Contact(YEAR), Set(0), Look(Time(0)), Pass(HOUR), Contact(0), Look(Time(0))],
    ),
    (
        "a server whose clock is behind",
        &[Pass(A_DAY), Look(Time(0)), Contact(-YEAR), Look(Time(0))],
    ),
    (
        "one file with a strange date that many share: the server's word helps for good",
        &[
            Files(YEAR),
            Reboot(HOUR),
            Look(FilesTell),
            Signed,
            Look(Time(0)),
            Reboot(HOUR),
            Look(Time(0)),
        ],
    ),
    ("files a little newer than the clock", &[Files(A_DAY), Reboot(HOUR), Look(Time(0))]),
    // What gains nothing.
    (
        "set back while it runs",
        &[
            Pass(10 * A_DAY),
            Look(Time(0)),
            Set(-10 * A_DAY),
            Look(Time(0)),
            Pass(A_DAY),
            Look(Time(0)),
        ],
    ),
    ("set back before it was looked at", &[Pass(10 * A_DAY), Set(-10 * A_DAY), Look(Time(0))]),
    (
        "set back over a boot",
        &[Pass(10 * A_DAY), Look(Time(0)), Set(-8 * A_DAY), Reboot(MINUTE), Look(SeenLater)],
    ),
    (
        "set back over a boot before it was looked at, where files are newer",
        &[Pass(10 * A_DAY), Files(10 * A_DAY), Set(-10 * A_DAY), Reboot(MINUTE), Look(FilesTell)],
    ),
    (
        "set back by as much as is tolerated, every day: each boot costs an hour",
        &[
            Pass(A_DAY),
            Look(Time(0)),
            Off(A_DAY - MINUTE, A_DAY - HOUR),
            Look(Time(HOUR + MINUTE - A_DAY)),
            Off(A_DAY - MINUTE, A_DAY - HOUR),
            Look(Time(2 * (HOUR + MINUTE - A_DAY))),
        ],
    ),
    (
        "set back by as much as is tolerated: the time runs on in the boot",
        &[
            Pass(A_DAY),
            Look(Time(0)),
            Off(0, HOUR),
            Look(Time(HOUR)),
            Pass(5 * A_DAY),
            Look(Time(HOUR)),
        ],
    ),
    (
        "no look costs an hour where the kernel does not say which boot it is",
        &[
            Nameless,
            Pass(A_DAY),
            Look(Time(0)),
            Set(-2 * HOUR),
            Look(Time(0)),
            Pass(MINUTE),
            Look(Time(0)),
            Look(Time(0)),
            Pass(3 * HOUR),
            Look(Time(0)),
        ],
    ),
    (
        "a start does, where it is certain",
        &[
            Nameless,
            Pass(A_DAY),
            Look(Time(0)),
            Off(MINUTE, A_DAY - 2 * HOUR),
            Look(Time(HOUR - MINUTE)),
            Pass(MINUTE),
            Look(Time(HOUR - MINUTE)),
        ],
    ),
    (
        "a start that is not certain costs the uptime beyond the one remembered",
        &[
            Nameless,
            Pass(2 * HOUR),
            Look(Time(0)),
            Off(MINUTE, -10 * HOUR),
            Pass(5 * HOUR),
            Look(Time(-2 * HOUR - MINUTE)),
        ],
    ),
    (
        "further back than is tolerated, where the kernel does not say which boot it is",
        &[
            Nameless,
            Pass(A_DAY),
            Look(Time(0)),
            Set(-2 * A_DAY),
            Look(SeenLater),
            Set(0),
            Look(Time(0)),
        ],
    ),
    (
        "set ahead and back in one boot",
        &[Pass(HOUR), Set(40 * A_DAY), Look(Time(40 * A_DAY)), Set(-10 * A_DAY), Look(Time(0))],
    ),
    (
        "ahead is not the way out of an end that was really reached",
        &[
            Reboot(40 * A_DAY),
            Look(Time(0)),
            Set(YEAR),
            Look(Time(YEAR)),
            Set(-39 * A_DAY),
            Look(Time(0)),
        ],
    ),
];

#[test]
fn the_time_is_what_the_evidence_says() {
    for (name, steps) in SCENARIOS {
        let mut machine = Machine::new();
        for (number, step) in steps.iter().enumerate() {
            let so_far =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| machine.does(*step)));
            assert!(so_far.is_ok(), "{name}: step {number}, {step:?}");
        }
    }
}

#[test]
fn whatever_happens_to_the_clock_the_time_never_goes_back_within_a_boot_but_from_a_jump() {
    // A cheap generator (Numerical Recipes): the same run every time.
    let mut word = 42_u32;
    let mut random = |below: i64| {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        i64::from(word >> 8) % below
    };
    let mut machine = Machine::new();
    let mut floor = machine.memory.floor;
    for _ in 0..20_000 {
        match random(4) {
            0 => machine.does(Pass(random(3 * A_DAY))),
            1 => machine.does(Set(random(4 * A_DAY) - 2 * A_DAY)),
            2 => machine.does(Reboot(random(A_DAY))),
            _ => {
                if let Time(error) = machine.look() {
                    let trusted = at(machine.real + error);
                    assert!(trusted >= floor, "{trusted} after {floor}");
                }
            }
        }
        assert!(machine.memory.floor >= floor, "the floor went back");
        floor = machine.memory.floor;
    }
}

#[test]
fn an_answer_by_file_counts_as_late_as_it_can_be_but_where_less_was_believed() {
    let counts = |passed: i64, believed: Option<i64>| {
        let passed = Span::seconds(u64::try_from(passed).expect("not before the question"));
        let answer = Answer { time: at(0), passed };
        answer.counts(believed.map(at)).unix() - at(0).unix()
    };
    for (name, passed, believed, expected) in [
        ("taken at once", 0, None, 0),
        ("carried for an hour", HOUR, None, HOUR),
        ("kept for a month: nothing is gained", 30 * A_DAY, None, 30 * A_DAY),
        ("a memory that is a year ahead", HOUR, Some(YEAR), HOUR),
        ("a memory that nothing contradicts stays", A_DAY, Some(HOUR), HOUR),
        ("a memory that is behind", HOUR, Some(-YEAR), 0),
    ] {
        assert_eq!(counts(passed, believed), expected, "{name}");
    }
}
