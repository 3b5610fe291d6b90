//! Trials as they are answered.

use trybuy_formats::api::{DOWNLOADS, TrialAnswer, TrialSummary};
use trybuy_formats::keys::Capability;

use crate::app::App;
use crate::store::TrialRecord;
use crate::trials::TransmissionFile;

/// A trial with the address of its file.
pub(crate) fn trial_answer(app: &App, file: TransmissionFile) -> TrialAnswer {
    let trial = file.trial.trial.id;
    let capability = Capability::derive(app.keys.master(), trial);
    TrialAnswer {
        policy: file.trial.trial.policy,
        download_url: format!("{}{DOWNLOADS}/{trial}.{capability}", app.public_url),
        length: file.version.length(),
        delivered: file.trial.delivered_at.is_some(),
        head_length: file.version.head.head().len() as u64,
        time: app.clock.now(),
        etag: file.etag,
        trial: trial_summary(file.trial),
    }
}

/// A trial as its licensee sees it.
pub(super) fn trial_summary(record: TrialRecord) -> TrialSummary {
    TrialSummary {
        id: record.trial.id,
        application: record.trial.application,
        name: record.application_name,
        version: record.version,
        platform: record.trial.platform,
        kind: record.trial.kind,
        started_at: record.trial.started_at,
        ends_at: record.trial.ends_at,
        head_number: record.head_number,
        first_run_on: record.first_run_on,
    }
}
