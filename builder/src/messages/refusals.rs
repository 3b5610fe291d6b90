//! Why a program is not launched.

use trybuy_formats::control::LicenseKind;
use trybuy_formats::expiry::Refusal;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use super::words;
use crate::clock::{SetBack, Witness};
use crate::error::Error;
use crate::execution::ExecutionError;

/// What to do when a trial is over.
const OVER: &str = "`trybuy renew` asks for another trial where its vendor allows one, and `trybuy buy` makes \
    it yours with a purchase key";
/// What to do when a license that was bought is over.
const BOUGHT_OVER: &str = "`trybuy buy` continues it with another purchase key; `trybuy renew` takes what its vendor gives";

/// The expiry decision refuses (`XD-1`).
pub(crate) fn refusal(name: &str, kind: LicenseKind, reason: Refusal) -> Error {
    let what = words::kind(kind);
    let over = match kind {
        LicenseKind::Trial => OVER,
        LicenseKind::Purchase => BOUGHT_OVER,
    };
    let (happened, help) = match reason {
        Refusal::BuilderLicenseExpired(end) => (
            format!("the Builder license ended on {}", words::date(end)),
            "run `trybuy setup --renew` while the server can be reached",
        ),
        Refusal::BuilderTooOld => (
            format!("{name} asks for a newer trybuy than {}", crate::VERSION),
            "install a newer release of trybuy",
        ),
        Refusal::ClockSetBack => (
            format!("this computer's clock is earlier than the day {name} was licensed"),
            "set the clock, then try again; `trybuy doctor` compares it with the server's. If the clock is right, the server's was wrong: `trybuy renew` gets a license with the right dates",
        ),
        Refusal::LimitReached(limit) => {
            (format!("the {what} of {name} has reached its {}", words::limit(limit)), over)
        }
        Refusal::TrialExpired(end) => {
            (format!("the {what} of {name} ended on {}", words::date(end)), over)
        }
        Refusal::GraceEnded(end) => (
            format!("the {what} of {name} and its days of grace ended on {}", words::date(end)),
            over,
        ),
    };
    Error::new(reason.slug(), happened, help)
}

/// What to do first about a refusal that may come of a wrong clock.
pub(crate) fn clock_first(clock: Instant, counts: Instant) -> String {
    format!(
        "this computer's clock says {}, and {} counts: if the clock is wrong, set it; then run \
         `trybuy doctor`, which asks the server for the time; without a network, `trybuy doctor --request FILE`",
        words::date(clock),
        words::date(counts)
    )
}

/// The clock is earlier than the time must be.
pub(crate) fn clock_set_back(set_back: SetBack) -> Error {
    let (now, latest) = (words::date(set_back.now), words::date(set_back.latest));
    let happened = match set_back.by {
        Witness::Floor => {
            format!("this computer's clock says {now}, but {latest} counts already")
        }
        Witness::FileDates => format!(
            "this computer's clock says {now}, but files of this system were written until {latest}"
        ),
    };
    Error::new(
        Slug::ClockSetBack,
        happened,
        "set the clock; if the clock is right and was wrong before, run `trybuy doctor`: it asks the server for the time; without a network, `trybuy doctor --request FILE`",
    )
}

/// What is remembered of the time is missing, foreign or edited.
pub(crate) fn clock_state_damaged() -> Error {
    Error::new(
        Slug::StateDamaged,
        "what the Builder remembers of the time is missing or was changed (clock.sealed)",
        "run `trybuy doctor`: it asks the server for the time; without a network, `trybuy doctor --request FILE`",
    )
}

/// What is remembered of a trial is missing, foreign or edited.
pub(crate) fn state_problem(app: &ApplicationId) -> Error {
    Error::new(
        Slug::StateDamaged,
        format!("what the Builder remembers of the trial of {app} is missing or was changed"),
        format!("run `trybuy try {app}`: it gets the trial again from the server"),
    )
}

/// A stored or downloaded file was refused; `slug` says why, `detail` what exactly.
pub(crate) fn file_problem(app: &ApplicationId, slug: Slug, detail: &str) -> Error {
    let again = format!("run `trybuy try {app}` to get it again");
    let (happened, help) = match slug {
        Slug::WrongKey => {
            (format!("the file of {app} was made for another Builder or by another server"), again)
        }
        Slug::LicenseeMismatch => {
            (format!("the file of {app} is licensed to somebody else"), again)
        }
        Slug::ControlMismatch => (
            format!("the clear copy of the control information of {app} is not the signed one"),
            again,
        ),
        Slug::FormatTooNew => (
            format!("the file of {app} was written by a newer release of trybuy"),
            "install a newer release of trybuy".to_owned(),
        ),
        Slug::HeadTooOld => (
            format!("the file of {app} is older than one this Builder has already accepted"),
            again,
        ),
        Slug::LocalFile => (
            format!("the file of {app} cannot be read"),
            "check the disk; `trybuy doctor` checks the permissions".to_owned(),
        ),
        Slug::CannotExecute => (
            format!("{app} does not fit into memory"),
            "close other programs, then try again".to_owned(),
        ),
        _ => (format!("the file of {app} is damaged"), again),
    };
    let happened = if detail.is_empty() { happened } else { format!("{happened}: {detail}") };
    Error::new(slug, happened, help)
}

/// The file of an application is another one's, as in a folder that was renamed.
pub(crate) fn file_of_another(app: &ApplicationId, other: &ApplicationId) -> Error {
    Error::new(
        Slug::ControlMismatch,
        format!("the file of {app} is one of {other}"),
        format!(
            "rename its folder in the library to {other} if you renamed it; otherwise run \
             `trybuy remove {app}`, and `trybuy try` for the one that you want"
        ),
    )
}

impl From<ExecutionError> for Error {
    fn from(error: ExecutionError) -> Self {
        execution(&error)
    }
}

/// The program could not be run from memory.
pub(crate) fn execution(error: &ExecutionError) -> Error {
    let slug = match error {
        ExecutionError::MemoryExecutionForbidden { .. } => Slug::MemoryExecutionForbidden,
        _ => Slug::CannotExecute,
    };
    let text = error.to_string();
    let cause = std::error::Error::source(error);
    let limit = cause.and_then(|cause| cause.downcast_ref()).and_then(super::local::beyond_a_limit);
    let help = limit.unwrap_or_else(|| error.advice());
    match cause {
        Some(cause) => Error::new(slug, format!("{text}: {cause}"), help),
        None => Error::new(slug, text, help),
    }
}
