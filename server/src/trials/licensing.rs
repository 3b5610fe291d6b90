//! The trial licensing program 134: who gets a trial of an application (T&B steps 302-314, 408-418).

use trybuy_formats::api::{AccessCondition, OfferAnswer, RequestTrial};
use trybuy_formats::ids::{ApplicationId, Platform, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use super::access_conditions::{self, ConditionA, ConditionB, ConditionC, EmailNotVerified};
use super::blocks;
use super::delivery::{self, DeliveryError, TransmissionFile};
use super::encryption::EncryptionError;
use super::plan::Plan;
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{
    Builder, Grant, NewBuilder, Offer, OfferQuery, StoreError, Subjects, TrialStanding,
};

/// A trial that the Builder may download.
pub struct LicensedTrial {
    /// Its file.
    pub file: TransmissionFile,
    /// Whether it was granted by this request; otherwise it was there.
    pub is_new: bool,
}

/// Why no trial was granted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LicensingError {
    /// There is no such application.
    #[error("there is no such application")]
    NoApplication,
    /// There is no such version.
    #[error("the application has no such version for {0}")]
    NoVersion(Platform),
    /// Access condition A.
    #[error(transparent)]
    ConditionA(#[from] ConditionA),
    /// The server asks for a verified e-mail address.
    #[error(transparent)]
    EmailNotVerified(#[from] EmailNotVerified),
    /// The vendor blocks the licensee.
    #[error("the vendor does not offer this application to you")]
    Blocked,
    /// Access condition B.
    #[error(transparent)]
    ConditionB(#[from] ConditionB),
    /// Access condition C.
    #[error(transparent)]
    ConditionC(#[from] ConditionC),
    /// The application is not offered for the platform.
    #[error("the application is not offered for {0}")]
    Platform(Platform),
    /// The licensee has had all trials.
    #[error("all trials of this application have been used: {0} of {0}")]
    TrialLimit(u32),
    /// The licensee has to wait for the next trial.
    #[error("the next trial of this application may begin on {0}")]
    TooSoon(Instant),
    /// The file of an existing trial cannot be delivered.
    #[error(transparent)]
    Delivery(DeliveryError),
    /// The file cannot be sealed.
    #[error("the transmission version cannot be generated")]
    Encryption(#[from] EncryptionError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Licenses a trial of an application to a Builder (steps 306 to 314, 410 to 418).
///
/// A trial of this Builder that has not reached its end is answered again and needs no acceptance. After
/// its end, or where the Builder says that a limit of it is used up, a further trial is granted as long as
/// the licensee has one left; when there is none left, a trial in its grace is answered again, so that a lost file can be had as long as it may be run.
///
/// # Errors
/// The first access condition that is not met, in the order A, B, C, and other restrictions.
pub async fn license_trial(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    request: &RequestTrial,
) -> Result<LicensedTrial, LicensingError> {
    let outcome = decide(app, builder, application, request).await;
    if let Err(LicensingError::TrialLimit(_)) = outcome {
        remember_refusal(app, builder, application).await;
    }
    outcome
}

/// For the vendor's webhooks; the answer does not depend on it.
async fn remember_refusal(app: &App, builder: &Builder, application: &ApplicationId) {
    let NewBuilder { licensee_id, license_id, .. } = builder.facts;
    let now = app.clock.now();
    if let Err(error) = app.store.record_refusal(application, licensee_id, license_id, now).await {
        tracing::warn!(%error, "a refusal was not remembered");
    }
}

async fn decide(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    request: &RequestTrial,
) -> Result<LicensedTrial, LicensingError> {
    let now = app.clock.now();
    let mut offer = recognize_request(app, builder, application, request, now).await?;
    access_conditions::builder_license(builder, now)?;
    access_conditions::verified_email(app.config.email.is_some(), builder)?;
    let used_up = request.used_up.filter(|trial| offer.standing.current == Some(*trial));
    if used_up.is_some() {
        offer.standing.leave_behind();
    }
    let is_renewal = request.renews.is_some() || used_up.is_some();
    let current = current_trial(app, builder, application, &offer, is_renewal, now).await;
    // Who is blocked is told that, and not to come back later.
    if !matches!(current, Ok(Some(_))) {
        blocks::refuse_blocked(app, builder, application).await?;
    }
    if let Some(trial) = current? {
        return existing(app, builder, trial).await;
    }
    let plan = Plan::make(app, builder, offer, request, now).await?;
    // The signature is made before the transaction, which therefore stays short. Where another request
    // wins meanwhile, a millisecond was spent for nothing.
    let (mut grant, version) = plan.sign(app, builder, request.acceptance.as_ref(), now)?;
    grant.ends = used_up;
    match app.store.grant_trial(&grant).await? {
        Grant::Granted => {
            let file = TransmissionFile::new(plan.record(grant), &plan.release, version);
            Ok(LicensedTrial { file, is_new: true })
        }
        Grant::Existing(trial) => existing(app, builder, trial).await,
        Grant::LimitReached { .. } => Err(LicensingError::TrialLimit(plan.maximum)),
        Grant::CodeRefused => Err(ConditionC::CodeRefused.into()),
    }
}

/// What a trial would be for a Builder: its policy, and how many trials its licensee may have.
///
/// # Errors
/// When there is no such application.
pub async fn offer_to(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
) -> Result<OfferAnswer, LicensingError> {
    let request = RequestTrial {
        platform: builder.facts.platform.clone(),
        version: None,
        renews: None,
        used_up: None,
        acceptance: None,
    };
    let now = app.clock.now();
    let offer = recognize_request(app, builder, application, &request, now).await?;
    Ok(OfferAnswer {
        policy: offer.policy,
        terms_digest: offer.terms_digest,
        trials_used: offer.standing.used,
        trials_allowed: allowed(&offer),
    })
}

/// Step 306: "recognizes a request … to access the trial version of an Application Program".
pub(super) async fn recognize_request(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    request: &RequestTrial,
    now: Instant,
) -> Result<Offer, LicensingError> {
    let query = OfferQuery {
        application,
        platform: &request.platform,
        version: request.version.as_ref(),
        subjects: &Subjects::of(builder.facts.licensee_id, &builder.facts.email),
        license: builder.facts.license_id,
        now,
    };
    app.store.offer(&query).await?.ok_or(LicensingError::NoApplication)
}

/// The Builder's trial that a request is answered with; none if a new one may be granted.
async fn current_trial(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    offer: &Offer,
    is_renewal: bool,
    now: Instant,
) -> Result<Option<TrialId>, LicensingError> {
    if offer.standing.current.is_some() {
        return Ok(offer.standing.current);
    }
    if offer.standing.elsewhere.is_some() {
        return Ok(None);
    }
    let Some(refusal) = refuse_another(offer, now) else { return Ok(None) };
    if is_renewal {
        return Err(refusal);
    }
    let license = builder.facts.license_id;
    let trials = app.store.trials_of_application(license, application, now).await?;
    let mut trials = trials.iter().map(|record| &record.trial);
    let in_grace = trials.find(|trial| delivery::may_be_delivered(trial, now).is_ok());
    in_grace.map(|trial| Some(trial.id)).ok_or(refusal)
}

/// Why the licensee may not have another trial now.
fn refuse_another(offer: &Offer, now: Instant) -> Option<LicensingError> {
    let TrialStanding { used, last_end, extra, .. } = offer.standing;
    let maximum = allowed(offer);
    if used >= maximum {
        return Some(LicensingError::TrialLimit(maximum));
    }
    // Whom the vendor gave a trial by hand, waits for none.
    let between = offer.policy.between.filter(|_| extra == 0);
    let next = last_end.zip(between).map(|(end, between)| end.plus(between));
    next.filter(|next| now < *next).map(LicensingError::TooSoon)
}

/// The trials that the licensee may have.
pub(super) fn allowed(offer: &Offer) -> u32 {
    u32::from(offer.policy.trials).saturating_add(offer.standing.extra)
}

/// A trial that the Builder has, for one that lost it.
///
/// # Errors
/// Access condition A, and when it may not be delivered any more.
pub async fn give_again(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<TransmissionFile, LicensingError> {
    access_conditions::builder_license(builder, app.clock.now())?;
    access_conditions::verified_email(app.config.email.is_some(), builder)?;
    Ok(existing(app, builder, trial).await?.file)
}

async fn existing(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<LicensedTrial, LicensingError> {
    let file = delivery::own_file(app, builder, trial).await.map_err(LicensingError::Delivery)?;
    Ok(LicensedTrial { file, is_new: false })
}

impl LicensingError {
    /// The refusal of the part that refused, if it was not this one.
    fn inner(&self) -> Option<&dyn Refusal> {
        match self {
            Self::ConditionA(refusal) => Some(refusal),
            Self::EmailNotVerified(refusal) => Some(refusal),
            Self::ConditionB(refusal) => Some(refusal),
            Self::ConditionC(refusal) => Some(refusal),
            Self::Delivery(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl Refusal for LicensingError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoApplication | Self::NoVersion(_) => Slug::NotFound,
            Self::Platform(_) => Slug::PlatformUnsupported,
            Self::Blocked => Slug::LicenseeBlocked,
            Self::TrialLimit(_) | Self::TooSoon(_) => Slug::TrialLimitReached,
            other => other.inner().map_or(Slug::ServerError, Refusal::slug),
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoApplication => "look for it with `trybuy search`",
            Self::NoVersion(_) => "leave the version out to get the newest one",
            Self::Platform(_) => "`trybuy show` lists the platforms it is offered for",
            Self::TrialLimit(_) => {
                "`trybuy buy` makes it yours with a purchase key; or ask its vendor for another trial"
            }
            Self::Blocked => "ask its vendor",
            Self::TooSoon(_) => "ask again then; `trybuy buy` makes it yours with a purchase key",
            other => return other.inner().and_then(Refusal::help),
        };
        Some(help.to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        self.inner().and_then(Refusal::condition)
    }
}
