//! `trybuy buy`: a purchase key turns the trial into the full license, without a new download where the
//! layout lets a head be replaced alone; or it licenses an application that was not tried before.

use trybuy_formats::api::{ApplicationDetails, BuyApplication, SecretText, TrialAnswer};
use trybuy_formats::ids::{ApplicationId, Digest, Platform, TrialId};
use trybuy_formats::primitives::sha256;
use trybuy_formats::slug::Slug;

use super::try_application::{self, Trial, Way};
use super::{Context, offline};
use crate::cli::BuyArguments;
use crate::error::Error;
use crate::library;
use crate::messages::{self, notices};
use crate::output::{self, prompt};

pub(super) fn buy(context: &Context, arguments: &BuyArguments) -> Result<(), Error> {
    let id = &arguments.application;
    if let Some(file) = &arguments.offline.response {
        return try_application::take_response(context, Way::Buy, id, file);
    }
    if let Some(file) = &arguments.offline.request {
        return offline::ask_to_buy(context, arguments, file);
    }
    let trial = Trial::connect(context, Way::Buy, id, None)?;
    let details = trial.server.application(id)?;
    let key = key(arguments, &details)?;
    let relicensing_digest = accept_relicensing(&details, arguments.acceptance.accept_terms)?;
    let mut request = BuyApplication {
        key,
        platform: Platform::current(),
        trial: installed_trial(context, id),
        relicensing_digest,
        acceptance: None,
    };
    let answer = redeem(&trial, &details, &mut request, arguments)?;
    trial.take(answer)
}

/// The trial that becomes the license. The clear copy decides nothing: the server looks whose it is.
fn installed_trial(context: &Context, id: &ApplicationId) -> Option<TrialId> {
    library::clear_copy(&context.data, id).ok().map(|clear| clear.untrusted.trial_id)
}

/// Where there is no trial yet, the licensing terms are accepted as for one.
fn redeem(
    trial: &Trial<'_>,
    details: &ApplicationDetails,
    request: &mut BuyApplication,
    arguments: &BuyArguments,
) -> Result<TrialAnswer, Error> {
    match trial.server.buy(trial.id, request, &trial.signer) {
        Err(error) if error.slug() == Slug::TermsNotAccepted => {}
        answered => return answered,
    }
    request.acceptance = Some(trial.accept(details, &arguments.acceptance)?);
    trial.server.buy(trial.id, request, &trial.signer)
}

/// The purchase key, from the command line or the terminal.
fn key(arguments: &BuyArguments, details: &ApplicationDetails) -> Result<SecretText, Error> {
    if let Some(key) = &arguments.key {
        return Ok(key.clone());
    }
    let typed = if prompt::is_possible() { prompt::ask(notices::ASK_KEY) } else { None };
    let homepage = details.homepage.as_deref();
    typed
        .map(SecretText::from)
        .filter(|key| !key.is_empty())
        .ok_or_else(|| messages::key_missing(&details.name, homepage))
}

/// The relicensing terms 189 are those of the purchase, where there are any.
fn accept_relicensing(
    details: &ApplicationDetails,
    accepted: bool,
) -> Result<Option<Digest>, Error> {
    let terms = &details.relicensing;
    if terms.is_empty() {
        return Ok(None);
    }
    output::notice(&notices::relicensing_terms(details.name.as_str(), terms));
    if !accepted {
        if !prompt::is_possible() {
            return Err(messages::terms_need_a_flag());
        }
        if !prompt::confirm(notices::ASK_TERMS) {
            return Err(messages::terms_declined());
        }
    }
    Ok(Some(Digest::from_bytes(sha256(terms.as_bytes()))))
}
