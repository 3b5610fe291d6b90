//! Vectors of the expiry decision: what this implementation answers around every border.

use std::error::Error;

use serde_json::{Value, json};
use trybuy_formats::control::ControlInformation;
use trybuy_formats::expiry::{Decision, TrialState, TrustedTime, decide};
use trybuy_formats::ids::Version;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::{Expiration, GraceFrom, Layout, Limits};
use trybuy_formats::server_format::Compression;

use super::parties::{Parties, at};
use super::release::Release;
use super::trial::Trial;
use super::{Expect, Writer};

const DAY: i64 = 86_400;
const END: i64 = 30 * DAY;
const WEEK: Span = Span::seconds(7 * 86_400);

/// Writes them all.
pub(super) fn write(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let release = Release::new(parties, ["", "T", ""], b"p", Compression::Plain)?;
    let trial = Trial::new(parties, &release, Layout::Leading)?;
    let borders = Borders { writer, parties, control: trial.control };
    borders.write_dates()?;
    borders.write_limits()?;
    borders.write_builders()
}

struct Borders<'a> {
    writer: &'a Writer,
    parties: &'a Parties,
    control: ControlInformation,
}

impl Borders<'_> {
    fn write_dates(&self) -> Result<(), Box<dyn Error>> {
        let soft = |from| Expiration::Soft { from, grace: WEEK };
        let fresh = TrialState::default();
        let warned = TrialState { first_warned_at: Some(at(END + DAY)?), ..fresh.clone() };
        for (name, expiration, state) in [
            ("hard", Expiration::Hard {}, &fresh),
            ("grace", soft(GraceFrom::Expiration), &fresh),
            ("first-warning", soft(GraceFrom::FirstWarning), &fresh),
            ("warned", soft(GraceFrom::FirstWarning), &warned),
        ] {
            let control = ControlInformation { expiration, ..self.control.clone() };
            for (when, seconds) in [
                ("at-issue", 0),
                ("before-end", END - 1),
                ("at-end", END),
                ("before-grace-end", END + 7 * DAY - 1),
                ("at-grace-end", END + 7 * DAY),
                ("a-day-later", END + 8 * DAY),
            ] {
                self.row(
                    &format!("{name}-{when}"),
                    "XD-8 to XD-12",
                    &control,
                    at(seconds)?,
                    state,
                )?;
            }
        }
        Ok(())
    }

    fn write_limits(&self) -> Result<(), Box<dyn Error>> {
        let limits = Limits { launches: Some(3), running: Some(Span::seconds(100)), days: Some(2) };
        let control = ControlInformation { limits, ..self.control.clone() };
        let now = at(DAY)?;
        let today = now.day_number();
        let state = |launches, running, days: &[i64]| TrialState {
            launches,
            running: Span::seconds(running),
            days: days.iter().copied().collect(),
            ..TrialState::default()
        };
        for (name, state) in [
            ("last-launch", state(2, 99, &[today - 1, today])),
            ("second-day", state(2, 99, &[today - 1])),
            ("launches", state(3, 0, &[])),
            ("running", state(0, 100, &[])),
            ("days", state(0, 0, &[today - 2, today - 1])),
        ] {
            self.row(&format!("limit-{name}"), "XD-7", &control, now, &state)?;
        }
        Ok(())
    }

    fn write_builders(&self) -> Result<(), Box<dyn Error>> {
        let fresh = TrialState::default();
        for (name, oldest) in [("0-1-0", "0.1.0"), ("1-0-0", "1.0.0"), ("0-10-0", "0.10.0")] {
            let minimum_builder = Some(oldest.parse()?);
            let control = ControlInformation { minimum_builder, ..self.control.clone() };
            self.row(&format!("builder-{name}"), "XD-5", &control, at(0)?, &fresh)?;
        }
        for (name, seconds) in [("a-day", -DAY), ("more-than-a-day", -DAY - 1)] {
            let name = format!("set-back-{name}");
            self.row(&name, "XD-6", &self.control, at(seconds)?, &fresh)?;
        }
        let endless = ControlInformation { ends_at: None, ..self.control.clone() };
        for (name, seconds) in [("before", 400 * DAY - 1), ("at", 400 * DAY)] {
            let name = format!("license-{name}-its-end");
            self.row(&name, "XD-4", &endless, at(seconds)?, &fresh)?;
        }
        Ok(())
    }

    /// Writes one row of the table, with the answer of [`decide`].
    fn row(
        &self,
        name: &str,
        rule: &str,
        control: &ControlInformation,
        now: Instant,
        state: &TrialState,
    ) -> Result<(), Box<dyn Error>> {
        let builder: Version = "0.9.0".parse()?;
        let license = &self.parties.license;
        let decision = decide(control, license, &builder, TrustedTime::vouch(now), state);
        let input = json!({
            "control": {
                "issued_at": control.issued_at,
                "ends_at": control.ends_at,
                "expiration": control.expiration,
                "limits": control.limits,
                "minimum_builder": control.minimum_builder,
            },
            "license_ends_at": license.ends_at,
            "now": now,
            "builder": builder,
            "state": state,
        });
        let result = Expect::Accept(answer(decision, control, TrustedTime::vouch(now)));
        self.writer.write("expiry", &format!("expiry-{name}"), rule, input, result)
    }
}

/// The result of a vector (`VE-6`).
fn answer(decision: Decision, control: &ControlInformation, now: TrustedTime) -> Value {
    let days_left = decision.days_left(now);
    match decision {
        Decision::Allow { .. } => {
            json!({ "answer": "allow", "until": control.ends_at, "days_left": days_left })
        }
        Decision::Warn { until, .. } => {
            json!({ "answer": "warn", "until": until, "days_left": days_left })
        }
        Decision::Refuse { reason } => json!({ "answer": "refuse", "reason": reason.slug() }),
    }
}
