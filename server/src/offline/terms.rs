//! The terms that a step is about.

use trybuy_formats::ids::Digest;
use trybuy_formats::offline::{OfflineAcceptance, OfflineOutcome, OfflineStep, OfflineText};
use trybuy_formats::primitives::sha256;
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::store::StoreError;

/// Terms in force.
pub struct Terms {
    name: OfflineText,
    text: String,
}

impl Terms {
    fn new(of: String, relicensing: bool, text: String) -> Self {
        let digest = Digest::from_bytes(sha256(text.as_bytes()));
        Self { name: OfflineText { of, relicensing, digest }, text }
    }

    /// What is signed of them, and what stands beside that.
    pub(super) fn split(self) -> (OfflineText, String) {
        (self.name, self.text)
    }
}

/// The terms in force for a step; none for an application that is not there.
///
/// # Errors
/// When the store fails.
pub(super) async fn in_force(app: &App, step: &OfflineStep) -> Result<Vec<Terms>, StoreError> {
    let (id, buys) = match step {
        OfflineStep::Setup { .. } | OfflineStep::RenewLicense { .. } => {
            let of = format!("trybuy at {}", app.config.server.name);
            return Ok(vec![Terms::new(of, false, app.config.builder.terms.clone())]);
        }
        OfflineStep::Trial { application, .. } => (application, false),
        OfflineStep::Buy { application, .. } => (application, true),
        OfflineStep::Time { .. } | OfflineStep::EmailCode {} | OfflineStep::VerifyEmail { .. } => {
            return Ok(Vec::new());
        }
    };
    let (application, texts) =
        tokio::try_join!(app.store.application(id), app.store.application_texts(id))?;
    let (Some(application), Some(texts)) = (application, texts) else { return Ok(Vec::new()) };
    let of = application.name.to_string();
    let mut terms = vec![Terms::new(of.clone(), false, texts.terms)];
    if buys && !texts.relicensing.is_empty() {
        terms.push(Terms::new(of, true, texts.relicensing));
    }
    Ok(terms)
}

/// The digest that an acceptance is of: the one it names, or that of the terms in force.
pub(super) fn accepted(
    terms: &[Terms],
    acceptance: &OfflineAcceptance,
    relicensing: bool,
) -> Option<Digest> {
    let in_force = terms.iter().find(|terms| terms.name.relicensing == relicensing);
    acceptance.terms_digest.or(in_force.map(|terms| terms.name.digest))
}

/// The terms that the response carries: those that were accepted unseen, or, where terms have to be
/// accepted, all.
pub(super) fn to_be_shown(
    terms: Vec<Terms>,
    step: &OfflineStep,
    outcome: &OfflineOutcome,
) -> Vec<Terms> {
    let have_to_be_accepted = match outcome {
        OfflineOutcome::Refused { problem, .. } => problem.slug == Slug::TermsNotAccepted,
        _ => false,
    };
    let unseen = |terms: &Terms| {
        let acceptance = acceptance(step, terms.name.relicensing);
        acceptance.is_some_and(|acceptance| acceptance.terms_digest.is_none())
    };
    terms.into_iter().filter(|terms| have_to_be_accepted || unseen(terms)).collect()
}

fn acceptance(step: &OfflineStep, relicensing: bool) -> Option<&OfflineAcceptance> {
    match step {
        OfflineStep::Buy { relicensing: acceptance, .. } if relicensing => acceptance.as_ref(),
        OfflineStep::Setup { acceptance, .. }
        | OfflineStep::RenewLicense { acceptance }
        | OfflineStep::Trial { acceptance, .. }
        | OfflineStep::Buy { acceptance, .. } => acceptance.as_ref(),
        OfflineStep::Time { .. } | OfflineStep::EmailCode {} | OfflineStep::VerifyEmail { .. } => {
            None
        }
    }
}
