//! Access condition C: the licensing terms are accepted as the vendor asks for it (step 310).

use trybuy_formats::api::{AcceptanceProof, ApplicationDetails};
use trybuy_formats::ids::Name;
use trybuy_formats::policy::AcceptanceKind;

use super::Trial;
use crate::cli::AcceptanceArguments;
use crate::error::Error;
use crate::messages::{self, notices};
use crate::output::{self, prompt};

/// How often a code may be mistyped.
const ATTEMPTS: usize = 3;

/// Shows the terms, and takes their acceptance from the command line or the terminal.
///
/// Without a terminal nothing is asked: the refusal says which flags accept the terms, and for
/// `retype-code` which code.
pub(super) fn accept(
    trial: &Trial<'_>,
    details: &ApplicationDetails,
    kind: AcceptanceKind,
    arguments: &AcceptanceArguments,
) -> Result<AcceptanceProof, Error> {
    output::notice(&notices::terms(details.name.as_str(), &details.terms));
    let mut proof = AcceptanceProof { terms_digest: details.terms_digest, name: None, code: None };
    match kind {
        AcceptanceKind::Passive => decline_or_go_on(arguments.accept_terms)?,
        AcceptanceKind::Explicit => proof.name = Some(name(arguments.name.as_ref())?),
        AcceptanceKind::RetypeCode => proof.code = Some(code(trial, arguments.code.as_deref())?),
    }
    Ok(proof)
}

/// "unless the user declines to accept the license terms, the license is accepted"
fn decline_or_go_on(accepted: bool) -> Result<(), Error> {
    output::notice(notices::TERMS_PASSIVE);
    if accepted || !prompt::is_possible() || prompt::go_on(notices::ASK_DECLINE) {
        Ok(())
    } else {
        Err(messages::terms_declined())
    }
}

/// "input an identifying name"
fn name(given: Option<&Name>) -> Result<Name, Error> {
    if let Some(name) = given {
        return Ok(name.clone());
    }
    if !prompt::is_possible() {
        return Err(messages::terms_need_a_name());
    }
    let typed = prompt::ask(notices::ASK_ACCEPTING_NAME).filter(|typed| !typed.is_empty());
    typed.and_then(|typed| typed.parse().ok()).ok_or_else(messages::terms_declined)
}

/// "retype a verification code"
fn code(trial: &Trial<'_>, given: Option<&str>) -> Result<String, Error> {
    if let Some(code) = given {
        return Ok(code.to_owned());
    }
    let shown = trial.server.acceptance_code(trial.id, &trial.signer)?;
    if !prompt::is_possible() {
        let command = trial.way.command(trial.id);
        return Err(messages::terms_need_a_code(&command, &shown.code, shown.expires_at));
    }
    for _ in 0..ATTEMPTS {
        match prompt::ask(&notices::ask_code(&shown.code)) {
            Some(typed) if typed.eq_ignore_ascii_case(&shown.code) => return Ok(shown.code),
            Some(typed) if !typed.is_empty() => {}
            _ => break,
        }
    }
    Err(messages::terms_declined())
}
