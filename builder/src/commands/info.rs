//! `trybuy info`: everything about an installed application. Needs no server.

use serde::Serialize;
use trybuy_formats::control::LicenseKind;
use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{Platform, TrialId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::{Expiration, Layout, Limits, TrialPolicy};

use super::Context;
use crate::cli::InfoArguments;
use crate::error::Error;
use crate::library::{self, Listed, SourceRecord, Viewer};
use crate::messages::words;
use crate::output;

/// An installed application, as `trybuy info --json` shows it: what `list` shows, and more.
#[derive(Serialize)]
struct Info {
    #[serde(flatten)]
    listed: Listed,
    trial_id: TrialId,
    platform: Platform,
    issued_at: Instant,
    head_number: u64,
    expiration: Expiration,
    limits: Limits,
    /// What was used of the limits; null where that is not known.
    used: Option<Used>,
    /// What happens at the end, in words.
    policy: String,
    /// The policy that the trial was granted under; null where it is not known.
    granted: Option<TrialPolicy>,
    layout: Layout,
    /// Bytes of the decoded program.
    program_size: u64,
    /// Bytes of the transmission file; null where it is not known any more.
    download_size: Option<u64>,
    /// Where the transmission file can be downloaded again; useless to anybody else.
    download_url: Option<String>,
}

/// What was used of a trial.
#[derive(Serialize)]
struct Used {
    launches: u64,
    /// Seconds.
    running: Span,
    days: u64,
}

impl From<TrialState> for Used {
    fn from(state: TrialState) -> Self {
        let days = u64::try_from(state.days.len()).unwrap_or(u64::MAX);
        Self { launches: state.launches, running: state.running, days }
    }
}

pub(super) fn info(context: &Context, arguments: &InfoArguments) -> Result<(), Error> {
    let id = &arguments.application;
    let control = library::clear_copy(&context.data, id)?.untrusted;
    let viewer = Viewer::new(&context.data);
    let listed = viewer.look(&context.data, id);
    let used = viewer.used(&context.data, id, &control).map(Used::from);
    let source = SourceRecord::load(&context.data, id);
    let info = Info {
        policy: words::terms_of_use(&control),
        granted: source.as_ref().and_then(|source| source.policy),
        listed,
        trial_id: control.trial_id,
        platform: control.platform,
        issued_at: control.issued_at,
        head_number: control.head_number,
        expiration: control.expiration,
        limits: control.limits,
        used,
        layout: control.layout,
        program_size: control.program_size,
        download_size: source.as_ref().map(|source| source.length),
        download_url: source.map(|source| source.download_url),
    };
    if arguments.json { output::print_json(&info) } else { output::print(&lines(&info)) }
}

/// `3 of 50 launches, 90 minutes of 20 hours of running, 2 of 14 days of use`: where there are
/// limits.
fn used(limits: Limits, used: &Used) -> String {
    let parts = [
        limits.launches.map(|most| format!("{} of {most} launches", used.launches.min(most))),
        limits.running.map(|most| {
            let running = used.running.min(most);
            format!("{} of {} of running", running.in_words(), most.in_words())
        }),
        limits.days.map(|most| format!("{} of {most} days of use", used.days.min(most))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn lines(info: &Info) -> String {
    let listed = &info.listed;
    let state = match listed.reason {
        Some(reason) => format!("{}: {reason}", listed.state),
        None => listed.state.to_owned(),
    };
    let date = |instant: Option<Instant>| instant.map_or_else(|| "none".to_owned(), words::date);
    let release = listed.release.as_deref().unwrap_or("?");
    let mut lines = vec![
        format!("{} {release} ({})", listed.name, listed.application),
        format!("State:      {state}, {}", words::left(listed.days_left, listed.reason)),
        format!("Licensed:   {}", words::date(info.issued_at)),
        format!("Ends:       {}", date(listed.ends_at)),
    ];
    if listed.until.is_some() {
        lines.push(format!("Runs until: {}", date(listed.until)));
    }
    lines.push(format!("Policy:     {}", info.policy));
    if let Some(granted) = info.granted.filter(|_| listed.kind == Some(LicenseKind::Trial)) {
        let length = granted.duration.in_words();
        lines.push(format!("Trials:     {}, of {length} each", granted.trials_in_words()));
    }
    if let Some(so_far) = info.used.as_ref().filter(|_| !info.limits.is_empty()) {
        lines.push(format!("Used:       {}", used(info.limits, so_far)));
    }
    lines.extend([
        format!("Licensee:   {}", listed.licensee_id.as_deref().unwrap_or("?")),
        format!("Trial:      {}", info.trial_id),
        format!("Platform:   {}", info.platform),
        format!(
            "Sizes:      stored {}, in memory {}",
            words::size(listed.stored_size),
            words::size(info.program_size)
        ),
    ]);
    lines.join("\n")
}
