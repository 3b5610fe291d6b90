//! What a request asks for, taken by the service that takes it online.

use trybuy_formats::api::{
    AcceptanceCode, AcceptanceProof, AccessCondition, BuyApplication, EmailCodeAnswer,
    RegisterBuilder, RequestTrial,
};
use trybuy_formats::ids::{Digest, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::offline::{
    LIFETIME, OfflineAcceptance, OfflineOutcome, OfflineRequest, OfflineStep, Part,
};
use trybuy_formats::policy::{AcceptanceKind, Layout};
use trybuy_formats::slug::Slug;

use super::terms::{self, Terms};
use crate::app::App;
use crate::builders::{self, BuilderLicenseError, EmailError, TimeError, WayBack};
use crate::rate_limits::{ClientNetwork, TooManyRequests};
use crate::refusal::Refusal;
use crate::store::{Builder, StoreError};
use crate::trials::{
    AcceptanceError, DeliveryError, LicensingError, PurchaseError, TransmissionFile, buy,
    create_code, give_again, license_trial, offer_to, trial_answer,
};

/// Who signed a request.
pub enum Asker {
    /// A Builder that is not registered yet, with its request key.
    New([u8; 32]),
    /// A registered Builder.
    Builder(Box<Builder>),
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The step is not one for whoever signed the request.
    #[error("the request is signed with a key that is not for this step")]
    OtherKey,
    /// No Builder license.
    #[error(transparent)]
    License(#[from] BuilderLicenseError),
    /// No trial.
    #[error(transparent)]
    Trial(#[from] LicensingError),
    /// The Builder's newest trial, which the request does not name, is over.
    #[error("{error}, and the request does not know of it")]
    Over {
        /// That trial.
        newest: TrialId,
        /// Why it is not delivered.
        error: DeliveryError,
    },
    /// No code to be typed back was given out.
    #[error(transparent)]
    Code(#[from] AcceptanceError),
    /// Nothing was bought.
    #[error(transparent)]
    Purchase(#[from] PurchaseError),
    /// No time was signed.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// No address was verified.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// Too many purchase keys were tried.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Takes a step, which came from that network.
///
/// # Errors
/// What the service refuses.
pub async fn take_step(
    app: &App,
    (asker, from): (&Asker, ClientNetwork),
    request: &OfflineRequest,
    terms: &[Terms],
) -> Result<OfflineOutcome, StepError> {
    match (&request.step, asker) {
        (OfflineStep::Setup { .. }, Asker::New(key)) => {
            register(app, *key, &request.step, terms).await
        }
        (OfflineStep::RenewLicense { acceptance }, Asker::Builder(builder)) => {
            let digest = builder_terms(terms, acceptance.as_ref())?;
            renew(app, builder, digest, request.created_at).await
        }
        (OfflineStep::Trial { .. }, Asker::Builder(builder)) => {
            give_trial(app, builder, &request.step, terms).await
        }
        (OfflineStep::Buy { .. }, Asker::Builder(builder)) => {
            sell(app, builder, &request.step, terms).await
        }
        (OfflineStep::Time { nonce }, Asker::Builder(builder)) => {
            let signed_time = builders::sign_time(app, builder, nonce.clone())?;
            Ok(OfflineOutcome::Time { signed_time })
        }
        (OfflineStep::EmailCode {}, Asker::Builder(builder)) => {
            let answer = builders::send_code(app, from, builder, WayBack::ByFile).await?;
            Ok(OfflineOutcome::Email { answer })
        }
        (OfflineStep::VerifyEmail { code }, Asker::Builder(builder)) => {
            let verified_at = builders::verify(app, builder, code).await?.verified_at;
            Ok(OfflineOutcome::Email { answer: EmailCodeAnswer::Verified { verified_at } })
        }
        _ => Err(StepError::OtherKey),
    }
}

/// A code for the terms of an application, where the vendor asks this Builder to retype one. It is good
/// for as long as a request is.
///
/// # Errors
/// What the services refuse.
pub(super) async fn code_to_retype(
    app: &App,
    asker: &Asker,
    step: &OfflineStep,
) -> Result<Option<AcceptanceCode>, StepError> {
    let (
        Asker::Builder(builder),
        OfflineStep::Trial { application, .. } | OfflineStep::Buy { application, .. },
    ) = (asker, step)
    else {
        return Ok(None);
    };
    if offer_to(app, builder, application).await?.policy.acceptance != AcceptanceKind::RetypeCode {
        return Ok(None);
    }
    app.rate_limits.acceptance_codes.count(&builder.facts.license_id)?;
    Ok(Some(create_code(app, builder, application.clone(), LIFETIME).await?))
}

async fn register(
    app: &App,
    request_key: [u8; 32],
    step: &OfflineStep,
    terms: &[Terms],
) -> Result<OfflineOutcome, StepError> {
    let OfflineStep::Setup { decryption_key, platform, version, name, email, acceptance } = step
    else {
        return Err(StepError::OtherKey);
    };
    let request = RegisterBuilder {
        decryption_key: decryption_key.clone(),
        request_key: request_key.to_vec(),
        platform: platform.clone(),
        version: version.clone(),
        name: name.clone(),
        email: email.clone(),
        terms_digest: builder_terms(terms, acceptance.as_ref())?,
    };
    let issued = builders::register(app, request, request_key).await?;
    Ok(OfflineOutcome::License { license: issued.answer.license })
}

/// A request that was answered before gets the license as it is: sent again, it accepts no later terms.
async fn renew(
    app: &App,
    builder: &Builder,
    terms_digest: Digest,
    created_at: Instant,
) -> Result<OfflineOutcome, StepError> {
    let answer = if builder.renewed_at.is_some_and(|renewed| renewed >= created_at) {
        builders::issue_again(app, builder)?
    } else {
        builders::renew(app, builder, terms_digest).await?
    };
    Ok(OfflineOutcome::License { license: answer.license })
}

fn builder_terms(
    terms: &[Terms],
    acceptance: Option<&OfflineAcceptance>,
) -> Result<Digest, BuilderLicenseError> {
    let digest = acceptance.and_then(|acceptance| terms::accepted(terms, acceptance, false));
    digest.ok_or(BuilderLicenseError::Terms)
}

/// A trial that was given since the one that the Builder knows of is answered, and no other is given.
async fn give_trial(
    app: &App,
    builder: &Builder,
    step: &OfflineStep,
    terms: &[Terms],
) -> Result<OfflineOutcome, StepError> {
    let OfflineStep::Trial {
        application,
        platform,
        version,
        after,
        keeps_file,
        used_up,
        acceptance,
    } = step
    else {
        return Err(StepError::OtherKey);
    };
    let kept = after.filter(|_| *keeps_file);
    let (license, now) = (builder.facts.license_id, app.clock.now());
    let trials = app.store.trials_of_application(license, application, now).await?;
    let newest = trials.first().map(|record| record.trial.id);
    let file = match newest.filter(|newest| Some(*newest) != *after) {
        Some(newest) => {
            give_again(app, builder, newest).await.map_err(|refusal| match refusal {
                LicensingError::Delivery(
                    error @ (DeliveryError::Ended(_) | DeliveryError::GraceEnded(_)),
                ) => StepError::Over { newest, error },
                other => other.into(),
            })?
        }
        None => {
            let request = RequestTrial {
                platform: platform.clone(),
                version: version.clone(),
                renews: kept,
                used_up: after.filter(|_| *used_up),
                acceptance: proof(terms, acceptance.as_ref()),
            };
            license_trial(app, builder, application, &request).await?.file
        }
    };
    answer(app, builder, file, kept).await
}

async fn sell(
    app: &App,
    builder: &Builder,
    step: &OfflineStep,
    terms: &[Terms],
) -> Result<OfflineOutcome, StepError> {
    let OfflineStep::Buy { application, key, platform, trial, relicensing, acceptance } = step
    else {
        return Err(StepError::OtherKey);
    };
    app.rate_limits.purchases.count(&builder.facts.license_id)?;
    let relicensing = relicensing.as_ref();
    let request = BuyApplication {
        key: key.clone(),
        platform: platform.clone(),
        trial: *trial,
        relicensing_digest: relicensing.and_then(|given| terms::accepted(terms, given, true)),
        acceptance: proof(terms, acceptance.as_ref()),
    };
    let licensed = buy(app, builder, application, &request).await?;
    answer(app, builder, licensed.file, *trial).await
}

/// A trial, and whether its head is enough for a Builder that keeps the file of another one.
async fn answer(
    app: &App,
    builder: &Builder,
    file: TransmissionFile,
    kept: Option<TrialId>,
) -> Result<OfflineOutcome, StepError> {
    let kept = match kept {
        Some(trial) => app.store.trial(trial).await?.map(|(record, _)| record.trial),
        None => None,
    };
    let same_file = kept.is_some_and(|kept| {
        kept.license_id == builder.facts.license_id
            && kept.file_source() == file.trial.trial.file_source()
    });
    let part = match file.version.head.layout() {
        Layout::Leading if same_file => Part::Head,
        _ => Part::File,
    };
    Ok(OfflineOutcome::Trial { answer: Box::new(trial_answer(app, file)), part })
}

fn proof(terms: &[Terms], acceptance: Option<&OfflineAcceptance>) -> Option<AcceptanceProof> {
    let acceptance = acceptance?;
    Some(AcceptanceProof {
        terms_digest: terms::accepted(terms, acceptance, false)?,
        name: acceptance.name.clone(),
        code: acceptance.code.clone(),
    })
}

impl StepError {
    /// The Builder's newest trial, where the next request has to name it.
    pub(super) fn newest(&self) -> Option<TrialId> {
        match self {
            Self::Over { newest, .. } => Some(*newest),
            _ => None,
        }
    }

    /// Whether terms have to be accepted.
    pub(super) fn is_about_terms(&self) -> bool {
        self.slug() == Slug::TermsNotAccepted
    }

    fn inner(&self) -> Option<&dyn Refusal> {
        match self {
            Self::License(refusal) => Some(refusal),
            Self::Trial(refusal) => Some(refusal),
            Self::Code(refusal) => Some(refusal),
            Self::Over { error, .. } => Some(error),
            Self::Purchase(refusal) => Some(refusal),
            Self::Time(refusal) => Some(refusal),
            Self::Email(refusal) => Some(refusal),
            Self::TooMany(refusal) => Some(refusal),
            Self::OtherKey | Self::Store(_) => None,
        }
    }
}

impl Refusal for StepError {
    fn slug(&self) -> Slug {
        match self {
            Self::OtherKey => Slug::BadRequest,
            other => other.inner().map_or(Slug::ServerError, Refusal::slug),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Over { .. } => {
                Some("bring this answer back, then write the request again".to_owned())
            }
            other => other.inner().and_then(Refusal::help),
        }
    }

    fn wait(&self) -> Option<std::time::Duration> {
        self.inner().and_then(Refusal::wait)
    }

    fn condition(&self) -> Option<AccessCondition> {
        self.inner().and_then(Refusal::condition)
    }
}
