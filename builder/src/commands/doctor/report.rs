//! What a check found.

use serde::Serialize;

use crate::error::Error;
use crate::execution::{Check, Outcome};

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Status {
    /// All is well.
    Ok,
    /// It works, but something should be done.
    Warning,
    /// Something does not work.
    Problem,
}

/// What one check found, as `trybuy doctor --json` shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Finding {
    /// A stable name.
    pub(super) check: &'static str,
    pub(super) status: Status,
    /// What was seen.
    pub(super) message: String,
    /// What to do; null if all is well.
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, message: message.into(), advice: None }
    }

    pub(super) fn new(
        check: &'static str,
        status: Status,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self { check, status, message: message.into(), advice: Some(advice.into()) }
    }

    pub(super) fn problem(check: &'static str, error: &Error) -> Self {
        Self::new(check, Status::Problem, error.explain(), error.help())
    }

    /// What the execution module found.
    pub(super) fn of(check: Check) -> Self {
        let status = match check.outcome {
            Outcome::Good => Status::Ok,
            Outcome::Warning => Status::Warning,
            Outcome::Bad => Status::Problem,
        };
        Self {
            check: check.name,
            status,
            message: check.observed,
            advice: check.advice.map(str::to_owned),
        }
    }
}

/// The findings for people.
pub(super) fn lines(findings: &[Finding]) -> String {
    let mut lines = Vec::new();
    for finding in findings {
        let mark = match finding.status {
            Status::Ok => "ok     ",
            Status::Warning => "warning",
            Status::Problem => "PROBLEM",
        };
        lines.push(format!("{mark}  {}: {}", finding.check, finding.message));
        if let Some(advice) = &finding.advice {
            lines.push(format!("         {advice}"));
        }
    }
    lines.join("\n")
}
