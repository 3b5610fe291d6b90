//! What vendors changed of trials that are installed: fetched at any contact with the server.

use trybuy_formats::api::TrialSummary;

use super::try_application::new_head;
use super::{Context, first_runs};
use crate::client::{Server, Signer};
use crate::data_dir::Lock;
use crate::error::Error;
use crate::library;
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output;

/// Gives every installed trial its newest head. Answers how many have changed. What cannot be fetched now is
/// told, and hinders nothing else.
pub(super) fn refresh(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    signer: &Signer,
) -> Result<usize, Error> {
    let mut changed = 0;
    let trials = server.trials(signer)?;
    for trial in trials.iter().filter(|trial| is_newer(context, trial)) {
        changed += 1;
        match refresh_one(context, builder, server, signer, trial) {
            Ok(true) => {
                let clear = library::clear_copy(&context.data, &trial.application)?;
                output::notice(&notices::renewed(&clear.untrusted));
            }
            Ok(false) => output::notice(&notices::changed(&trial.name, &trial.application)),
            Err(error) => output::warn(&error.explain(), error.help()),
        }
    }
    first_runs::report(context, builder, server, signer, &trials)?;
    Ok(changed)
}

/// The same, where the contact was for something else, which has succeeded.
pub(super) fn in_passing(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    signer: &Signer,
) {
    if let Err(error) = refresh(context, builder, server, signer) {
        output::warn(&error.explain(), error.help());
    }
}

/// Whether the server has a newer head than the installed file. The clear copy is good enough to ask by.
fn is_newer(context: &Context, trial: &TrialSummary) -> bool {
    library::clear_copy(&context.data, &trial.application).is_ok_and(|clear| {
        let installed = &clear.untrusted;
        installed.trial_id == trial.id && installed.head_number < trial.head_number
    })
}

/// Whether the head could be replaced alone.
fn refresh_one(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    signer: &Signer,
    trial: &TrialSummary,
) -> Result<bool, Error> {
    let _lock = Lock::application(&context.data, &trial.application)?;
    let answer = server.trial(trial.id, signer)?;
    new_head::replace(&context.data, builder, server, &answer).map(|bytes| bytes.is_some())
}
