//! `trybuy run`: check, decode into memory, launch (steps 424-434). Needs no server.

mod meter;

use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::expiry::{self, Decision, TrialState, TrustedTime};
use trybuy_formats::ids::{ApplicationId, LicenseeId, Name, Version};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::OnExpiry;
use trybuy_formats::slug::Slug;

use super::Context;
use crate::cli::RunArguments;
use crate::clock::{ClockFile, Reading};
use crate::data_dir::DataDir;
use crate::decoder::{Fetched, VerifiedTrial};
use crate::error::Error;
use crate::execution::{self, Deadline, LaunchGuard, LaunchSpec, MemoryFile, Occasion};
use crate::library::StateLock;
use crate::license::{LicensedBuilder, SealedBuilder};
use crate::messages::{self, notices, words};
use crate::output;
use meter::{Counted, Meter};

/// How long before the end of a trial its user is told to save, where the vendor wants that.
const NOTICE: Span = Span::seconds(300);
/// How long a program may take to save and end itself when its trial is over.
const SAVING: Span = Span::seconds(30);

/// The exit code when `run` refuses (125), cannot execute (126), or there is no such application
/// (127), as `env` and the shells use them.
fn exit_code(slug: Slug) -> u8 {
    match slug {
        Slug::NotInstalled => 127,
        Slug::CannotExecute | Slug::MemoryExecutionForbidden => 126,
        _ => 125,
    }
}

/// Tells the user of a refusal; the answer is the exit code.
pub(super) fn refuse(error: &Error) -> u8 {
    output::report(error);
    exit_code(error.slug())
}

pub(super) fn run(context: Context, arguments: &RunArguments) -> Result<u8, Error> {
    let data = &context.data;
    let guard = context.guard()?;
    let process = context.process?;
    let (application, arguments) = arguments.split();
    let id: ApplicationId =
        application.parse().map_err(|_| messages::not_installed(&application))?;
    let memory = MemoryFile::create(&guard, id.as_str())?;
    let prepared =
        process.apart(|| prepare(data, &id, &guard, &memory).map_err(|error| refuse(&error)))?;
    let trial = match prepared {
        Ok(trial) => trial,
        Err(code) => return Ok(code),
    };
    let program = memory.into_program()?;
    let Prepared { name, counted, facts, deadline } = trial;
    let mut meter = Meter::new(&process, data, &id, counted);
    let mut spec =
        LaunchSpec::new(program_name(&id)).with_arguments(arguments).with_trial_facts(facts);
    spec.tick = meter.interval();
    spec.deadline = deadline.map(Deadline::from);
    let left = deadline.map(|deadline| deadline.notice).unwrap_or_default();
    let exit = execution::launch(&guard, program, &spec, &mut |occasion| match occasion {
        Occasion::Tick => meter.count_on(),
        Occasion::DeadlineNear => warn(notices::deadline_near(&name, left)),
        Occasion::DeadlineReached => warn(notices::deadline_reached(&name, SAVING)),
        Occasion::OthersRunOn => warn(notices::others_run_on(&name, meter.interval().is_some())),
    })?;
    meter.settle(Span::seconds(exit.running.as_secs()));
    if exit.interrupted {
        execution::end_by_interrupt();
    }
    Ok(exit.code())
}

fn warn((what, help): (String, String)) {
    output::warn_at_once(&what, &help);
}

/// A trial whose program is in memory, and whose launch was counted.
#[derive(Serialize, Deserialize)]
struct Prepared {
    name: Name,
    counted: Counted,
    /// See [`Facts`].
    facts: String,
    /// When the program is ended, if ever.
    deadline: Option<EndOfTrial>,
}

/// When a running program is ended (`XD-14`).
#[derive(Clone, Copy, Serialize, Deserialize)]
struct EndOfTrial {
    /// From its launch.
    after: Span,
    /// How long before it is told so.
    notice: Span,
}

impl EndOfTrial {
    fn of(
        control: &ControlInformation,
        decision: Decision,
        now: TrustedTime,
        state: &TrialState,
    ) -> Option<Self> {
        let notice = match control.on_expiry {
            OnExpiry::Warn => NOTICE,
            OnExpiry::Finish | OnExpiry::Terminate => Span::default(),
        };
        let after = expiry::may_run_for(control, decision, now, state)?;
        Some(Self { after, notice: notice.min(after) })
    }
}

impl From<EndOfTrial> for Deadline {
    fn from(EndOfTrial { after, notice }: EndOfTrial) -> Self {
        let duration = |span: Span| Duration::from_secs(span.as_seconds());
        Self { after: duration(after), grace: duration(SAVING), notice: duration(notice) }
    }
}

/// Everything that takes keys, up to the launch.
fn prepare(
    data: &DataDir,
    id: &ApplicationId,
    guard: &LaunchGuard,
    memory: &MemoryFile,
) -> Result<Prepared, Error> {
    let builder = SealedBuilder::load(data)?;
    let (builder, trial) = verify(builder, Fetched::open(data, id)?)?;
    let control = trial.control().clone();
    let reading = Reading::take();
    let weighed = ClockFile::of(data, &builder.secret).weigh(&reading)?;
    let now = weighed.time;

    // From the decision until its launch is counted, nobody else decides.
    let lock = StateLock::wait(data, &builder.secret, id)?;
    let mut state = lock.load(control.trial_id)?;
    // A wrong clock is the first thing to mend, whatever follows from it.
    let wrong = weighed.is_clock_wrong(&reading);
    let trial = trial.authorize(now, &state).map_err(|error| {
        if wrong && is_about_time(error.slug()) {
            error.with_help(messages::clock_first(reading.wall, now.instant()))
        } else {
            error
        }
    })?;
    let decision = trial.decision();
    trial.decode(guard, memory)?;
    let deadline = EndOfTrial::of(&control, decision, now, &state);
    let counted = count_launch(&mut state, &control, decision, now);
    lock.store(control.trial_id, &state)?;
    drop(lock);

    let days = decision.days_left(now);
    if let Some((what, help)) = notices::end_is_near(&control, days, state.launches) {
        output::warn(&what, help);
    }
    if let Decision::Warn { until, reason } = decision {
        let (what, help) = notices::grace(&control, until, days, words::warning(reason));
        output::warn(&what, &help);
    }
    let facts = facts(&control, decision, now);
    Ok(Prepared { name: control.name.clone(), counted, facts, deadline })
}

/// Verifies license and trial. The license's secret and the file key are both encrypted by RSA,
/// which takes most of a small program's launch, so they are decrypted at the same time.
fn verify(
    builder: SealedBuilder,
    trial: Fetched,
) -> Result<(LicensedBuilder, VerifiedTrial), Error> {
    let (secret, opened) = thread::scope(|scope| {
        let thread = thread::Builder::new();
        let opening = thread.spawn_scoped(scope, || builder.secret());
        let opened = trial.open_envelope(&builder.key);
        let secret = match opening {
            Ok(opening) => opening.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // Where the system gives no thread, it takes longer.
            Err(_) => builder.secret(),
        };
        (secret, opened)
    });
    let builder = builder.with_secret(secret?);
    let trial = opened?.verify(&builder)?;
    Ok((builder, trial))
}

/// Whether a refusal would be another one at another time.
fn is_about_time(refusal: Slug) -> bool {
    use Slug::{BuilderLicenseExpired, ClockSetBack, GraceEnded, TrialExpired};
    matches!(refusal, BuilderLicenseExpired | ClockSetBack | GraceEnded | TrialExpired)
}

/// What the program is called by (`argv[0]`): the last label of its id, `sketch` of
/// `com.example.sketch`.
fn program_name(id: &ApplicationId) -> &str {
    id.as_str().rsplit('.').next().unwrap_or(id.as_str())
}

/// The launch about to happen, in the state. The first warning is part of it, so that it is on the
/// disk before the program starts.
fn count_launch(
    state: &mut TrialState,
    control: &ControlInformation,
    decision: Decision,
    now: TrustedTime,
) -> Counted {
    state.head_number = state.head_number.max(control.head_number);
    state.launches = state.launches.saturating_add(1);
    if matches!(decision, Decision::Warn { .. }) {
        state.warned(now);
    }
    Counted::launch(state, control.trial_id, control.limits, now.instant())
}

/// What the program may know about its trial, in the environment variable `TRYBUY_TRIAL`.
#[derive(Serialize)]
struct Facts<'a> {
    application: &'a ApplicationId,
    name: &'a Name,
    release: &'a Version,
    licensee_id: LicenseeId,
    kind: LicenseKind,
    ends_at: Option<Instant>,
    days_left: Option<u64>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
}

fn facts(control: &ControlInformation, decision: Decision, now: TrustedTime) -> String {
    let until = match decision {
        Decision::Warn { until, .. } => Some(until),
        _ => None,
    };
    let facts = Facts {
        application: &control.application,
        name: &control.name,
        release: &control.release,
        licensee_id: control.licensee_id,
        kind: control.kind,
        ends_at: control.ends_at,
        days_left: decision.days_left(now),
        state: words::state(decision),
        until,
    };
    serde_json::to_string(&facts).expect("a plain structure")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_used_up_is_not_blamed_on_the_clock() {
        for (slug, expected) in [
            (Slug::TrialExpired, true),
            (Slug::GraceEnded, true),
            (Slug::BuilderLicenseExpired, true),
            (Slug::LimitReached, false),
            (Slug::BuilderTooOld, false),
        ] {
            assert_eq!(is_about_time(slug), expected, "{slug}");
        }
    }
}
