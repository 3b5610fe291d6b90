//! `trybuy verify`: checks every chunk of what is installed, and the digests of the programs.

use serde::Serialize;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::slug::Slug;

use super::Context;
use crate::cli::VerifyArguments;
use crate::decoder::Fetched;
use crate::error::Error;
use crate::execution::LaunchGuard;
use crate::library;
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output::progress::Progress;
use crate::output::{self, table::Table};

/// What was found about one application, as `trybuy verify --json` shows it.
#[derive(Serialize)]
struct Finding {
    application: String,
    intact: bool,
    /// A slug, or null.
    reason: Option<Slug>,
    message: Option<String>,
    help: Option<String>,
}

pub(super) fn verify(context: &Context, arguments: &VerifyArguments) -> Result<u8, Error> {
    let data = &context.data;
    let ids = match &arguments.application {
        Some(id) => vec![id.clone()],
        None => library::applications(data)?,
    };
    let guard = context.guard()?;
    let builder = LicensedBuilder::load(data)?;
    let mut findings = Vec::new();
    for id in &ids {
        let checked = check(context, &guard, &builder, id);
        match checked {
            // Of one that was asked for by name, this is the answer.
            Err(error) if error.slug() == Slug::NotInstalled => return Err(error),
            checked => findings.push(finding(id, checked)),
        }
    }
    print(arguments.json, &findings)?;
    Ok(u8::from(findings.iter().any(|finding| !finding.intact)))
}

fn check(
    context: &Context,
    guard: &LaunchGuard,
    builder: &LicensedBuilder,
    id: &ApplicationId,
) -> Result<(), Error> {
    let trial = Fetched::open(&context.data, id)?.verify(builder)?;
    let progress = Progress::of_bytes("Checking", 0, trial.checked_length());
    trial.check(guard, &mut |done| progress.set(done))
}

fn finding(id: &ApplicationId, checked: Result<(), Error>) -> Finding {
    let error = checked.err();
    Finding {
        application: id.to_string(),
        intact: error.is_none(),
        reason: error.as_ref().map(Error::slug),
        message: error.as_ref().map(Error::explain),
        help: error.map(|error| error.help().to_owned()),
    }
}

fn print(json: bool, findings: &[Finding]) -> Result<(), Error> {
    if json {
        return output::print_json(&findings);
    }
    if findings.is_empty() {
        output::notice(notices::NOTHING_INSTALLED);
        return Ok(());
    }
    let mut table = Table::new(&["APPLICATION", "STATE", "WHAT TO DO"], 2);
    for finding in findings {
        table.row([
            finding.application.clone(),
            finding.reason.map_or_else(|| "intact".to_owned(), |reason| reason.to_string()),
            finding.help.clone().unwrap_or_default(),
        ]);
    }
    table.print()?;
    for message in findings.iter().filter_map(|finding| finding.message.as_deref()) {
        output::notice(message);
    }
    Ok(())
}
