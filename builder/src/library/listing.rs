//! What is in the library, until when: for display, from the clear copies alone.
//!
//! Nothing is decrypted but the small sealed states, so that a library of hundreds is listed at
//! once. The state shown is that of the same decision that a launch makes (`XD-1`), over data that
//! only a launch verifies.

use serde::Serialize;
use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::expiry::{self, Decision, Refusal, TrialState, TrustedTime};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use crate::clock::{ClockFile, Reading};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::license::{self, LicensedBuilder};
use crate::messages::{self, words};

/// One application of the library, as `trybuy list --json` shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Listed {
    /// Application id.
    pub application: String,
    /// Name for people; the id where the file is damaged.
    pub name: String,
    /// The release; null where the file is damaged.
    pub release: Option<String>,
    /// The licensee; null where the file is damaged.
    pub licensee_id: Option<String>,
    /// License termination date; null for a license without an end.
    pub ends_at: Option<Instant>,
    /// Days left (`XD-3`); null for a license without an end.
    pub days_left: Option<u64>,
    /// `allowed`, `warning` or `refused`.
    pub state: &'static str,
    /// Why it is refused; null otherwise.
    pub reason: Option<Slug>,
    /// When the grace ends, with `warning`, or ended, with `grace-ended`.
    pub until: Option<Instant>,
    /// `trial` or `purchase`; null where the file is damaged.
    pub kind: Option<LicenseKind>,
    /// Bytes of the stored file.
    pub stored_size: u64,
}

/// Who looks at the library: a licensed Builder with a trusted time, or why there is none.
pub struct Viewer {
    builder: Result<LicensedBuilder, Error>,
    now: Result<TrustedTime, Slug>,
}

impl Viewer {
    /// Loads license and clock; whatever is wrong with them is shown at each application.
    pub fn new(data: &DataDir) -> Self {
        let builder = LicensedBuilder::load(data);
        let now = match &builder {
            Ok(builder) => ClockFile::of(data, &builder.secret)
                .look(&Reading::take())
                .map(|weighed| weighed.time)
                .map_err(|error| error.slug()),
            Err(error) => Err(error.slug()),
        };
        Self { builder, now }
    }

    /// Looks at one application. Never fails: a broken file is listed as `refused`.
    pub fn look(&self, data: &DataDir, id: &ApplicationId) -> Listed {
        let stored_size = std::fs::metadata(super::file_of(data, id)).map_or(0, |meta| meta.len());
        match super::clear_copy(data, id) {
            Ok(clear) => self.describe(data, id, &clear.untrusted, stored_size),
            Err(error) => broken(id, error.slug(), stored_size),
        }
    }

    /// What was used of a trial, as far as its memory can be read.
    pub fn used(
        &self,
        data: &DataDir,
        id: &ApplicationId,
        control: &ControlInformation,
    ) -> Option<TrialState> {
        usable_state(self.builder.as_ref().ok()?, data, id, control).ok()
    }

    /// What is wrong with an application's files, as far as it can be seen without decrypting
    /// them. That its trial is over is nothing wrong, and neither license nor clock are its files; but that
    /// it was licensed by a clock that was ahead is.
    pub fn defect(&self, data: &DataDir, id: &ApplicationId) -> Option<Error> {
        let control = match super::clear_copy(data, id) {
            Ok(clear) => clear.untrusted,
            Err(error) => return Some(error),
        };
        if let Err(error) = usable_state(self.builder.as_ref().ok()?, data, id, &control) {
            return Some(error);
        }
        match self.decide(data, id, &control).ok()? {
            (Decision::Refuse { reason: reason @ Refusal::ClockSetBack }, _) => {
                Some(messages::refusal(control.name.as_str(), control.kind, reason))
            }
            _ => None,
        }
    }

    fn describe(
        &self,
        data: &DataDir,
        id: &ApplicationId,
        control: &ControlInformation,
        stored_size: u64,
    ) -> Listed {
        let decision = self.decide(data, id, control);
        let (state, days_left, reason, until) = match decision {
            Ok((decision, now)) => {
                let (reason, until) = match decision {
                    Decision::Allow { .. } => (None, None),
                    Decision::Warn { until, .. } => (None, Some(until)),
                    Decision::Refuse { reason } => (Some(reason.slug()), grace_end(reason)),
                };
                (words::state(decision), decision.days_left(now), reason, until)
            }
            Err(slug) => ("refused", Some(0), Some(slug), None),
        };
        Listed {
            application: id.to_string(),
            name: control.name.to_string(),
            release: Some(control.release.to_string()),
            licensee_id: Some(control.licensee_id.to_string()),
            ends_at: control.ends_at,
            days_left,
            state,
            reason,
            until,
            kind: Some(control.kind),
            stored_size,
        }
    }

    fn decide(
        &self,
        data: &DataDir,
        id: &ApplicationId,
        control: &ControlInformation,
    ) -> Result<(Decision, TrustedTime), Slug> {
        let builder = self.builder.as_ref().map_err(Error::slug)?;
        let now = self.now?;
        let state = usable_state(builder, data, id, control).map_err(|error| error.slug())?;
        let version = license::version();
        Ok((expiry::decide(control, &builder.license, &version, now, &state), now))
    }
}

fn grace_end(reason: Refusal) -> Option<Instant> {
    match reason {
        Refusal::GraceEnded(end) => Some(end),
        _ => None,
    }
}

/// What is remembered of a trial, if its file is one that this Builder may use.
fn usable_state(
    builder: &LicensedBuilder,
    data: &DataDir,
    id: &ApplicationId,
    control: &ControlInformation,
) -> Result<TrialState, Error> {
    let problem = |slug| Err(messages::file_problem(id, slug, ""));
    if control.application != *id {
        return Err(messages::file_of_another(id, &control.application));
    }
    let state = super::state::load(data, &builder.secret, id, control.trial_id)?;
    if control.head_number < state.head_number {
        return problem(Slug::HeadTooOld);
    }
    if !builder.license.licensee_ids.contains(&control.licensee_id) {
        return problem(Slug::LicenseeMismatch);
    }
    Ok(state)
}

fn broken(id: &ApplicationId, reason: Slug, stored_size: u64) -> Listed {
    Listed {
        application: id.to_string(),
        name: id.to_string(),
        release: None,
        licensee_id: None,
        ends_at: None,
        days_left: Some(0),
        state: "refused",
        reason: Some(reason),
        until: None,
        kind: None,
        stored_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir;

    #[test]
    fn a_damaged_file_is_listed_as_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let id: ApplicationId = "com.example.sketch".parse().expect("an id");
        for garbage in [&b""[..], b"garbage", b"trybuy-c\x01\0\0\0\0\0\0\x02{}"] {
            data_dir::replace(&super::super::file_of(&data, &id), garbage).expect("written");
            let ids = super::super::applications(&data).expect("readable");
            let listed = Viewer::new(&data).look(&data, &ids[0]);
            assert_eq!((listed.state, listed.reason), ("refused", Some(Slug::FileDamaged)));
        }
    }

    #[test]
    fn what_is_not_an_application_is_not_listed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        assert!(super::super::applications(&data).expect("no library yet").is_empty());
        data_dir::replace(&data.library().join("com.example.removed/x.sealed"), b"x")
            .expect("written");
        data_dir::replace(&data.library().join("NOTES.txt"), b"x").expect("written");
        assert!(super::super::applications(&data).expect("readable").is_empty());
    }
}
