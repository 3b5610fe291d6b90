//! `trybuy renew`: what the vendor changed since, or another trial where one is allowed, without a new
//! download where the layout lets a head be replaced alone.

use trybuy_formats::control::LicenseKind;
use trybuy_formats::expiry;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::policy::Layout;
use trybuy_formats::slug::Slug;

use super::try_application::{self, Trial, Way};
use super::{Context, contact, offline, refresh};
use crate::cli::{AcceptanceArguments, OfflineArguments, RenewArguments};
use crate::clock::{ClockFile, Reading};
use crate::data_dir::DataDir;
use crate::decoder::{Fetched, VerifiedTrial};
use crate::error::Error;
use crate::library::StateLock;
use crate::license::LicensedBuilder;
use crate::messages::{self, notices};
use crate::output;

pub(super) fn renew(context: &Context, arguments: &RenewArguments) -> Result<(), Error> {
    match (&arguments.application, &arguments.offline) {
        (Some(id), OfflineArguments { response: Some(file), .. }) => {
            try_application::take_response(context, Way::Renew, id, file)
        }
        (Some(id), OfflineArguments { request: Some(file), .. }) => {
            offline::ask_for_renewal(context, id, &arguments.acceptance, file)
        }
        (Some(id), _) => renew_one(context, id, &arguments.acceptance),
        (None, OfflineArguments { request: None, response: None }) => renew_all(context),
        (None, _) => Err(messages::offline_needs_application()),
    }
}

/// Brings everything that is installed up to what the server says of it.
fn renew_all(context: &Context) -> Result<(), Error> {
    let builder = LicensedBuilder::load(&context.data)?;
    let (builder, server) = contact::connect(context, builder)?;
    let signer = builder.signer(&context.data)?;
    contact::remember_time(context, &builder, server.info().time)?;
    if refresh::refresh(context, &builder, &server, &signer)? == 0 {
        output::notice(notices::NOTHING_RENEWED);
    }
    Ok(())
}

fn renew_one(
    context: &Context,
    id: &ApplicationId,
    acceptance: &AcceptanceArguments,
) -> Result<(), Error> {
    let installed = Fetched::open(&context.data, id)?;
    let trial = Trial::connect(context, Way::Renew, id, None)?;
    let installed = installed.verify(&trial.builder)?;
    let control = installed.control().clone();
    let answer = trial.server.trial(control.trial_id, &trial.signer)?;
    let is_newer = answer.trial.head_number > control.head_number;
    let has_ended = expiry::has_ended(answer.trial.ends_at, answer.time);
    if has_ended && control.kind == LicenseKind::Trial {
        return match trial.renew(control.trial_id, false, acceptance) {
            // Then it is worth knowing what its vendor changed, for which a head has to be enough: the
            // file of a trial that is over is not sent.
            Err(error) if is_refused(&error) && is_newer && control.layout == Layout::Leading => {
                trial.take(answer)
            }
            another => trial.take(another?),
        };
    }
    if is_newer {
        return trial.take(answer);
    }
    if has_ended {
        return Err(messages::purchase_over(&control.name, id));
    }
    if is_used_up(&context.data, &trial.builder.secret, installed)? {
        return trial.take(trial.renew(control.trial_id, true, acceptance)?);
    }
    output::notice(&notices::nothing_to_renew(&answer.trial.name, answer.trial.ends_at));
    Ok(())
}

/// Whether the licensee gets no other trial.
fn is_refused(error: &Error) -> bool {
    matches!(error.slug(), Slug::TrialLimitReached | Slug::LicenseeBlocked)
}

/// Whether a trial that has not ended cannot be run any more, as a limit is used up. The server knows nothing
/// of that.
pub(super) fn is_used_up(
    data: &DataDir,
    secret: &LicenseSecret,
    installed: VerifiedTrial,
) -> Result<bool, Error> {
    let control = installed.control();
    let now = ClockFile::of(data, secret).look(&Reading::take())?.time;
    let state = StateLock::wait(data, secret, &control.application)?.load(control.trial_id)?;
    Ok(matches!(installed.authorize(now, &state), Err(error) if error.slug() == Slug::LimitReached))
}
