//! The trial licensing program 134: who gets a trial of an application (T&B steps 302-314, 408-418).

use trybuy_formats::api::{AccessCondition, RequestTrial};
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{ApplicationId, Platform, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use super::access_conditions::{self, Acceptance, ConditionA, ConditionB, ConditionC};
use super::delivery::{self, DeliveryError, TransmissionFile};
use super::encryption::{EncryptionError, Particulars, TransmissionVersion};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{
    Builder, Grant, GrantRequest, NewBuilder, Offer, OfferQuery, Release, StoreError, Trial,
    TrialRecord, TrialStanding,
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
/// its end a further trial is granted as long as the licensee has one left; when there is none left, a
/// trial in its grace is answered again, so that a lost file can be had as long as it may be run.
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
    let offer = recognize_request(app, builder, application, request, now).await?;
    access_conditions::builder_license(builder, now)?;
    let recipient = access_conditions::builder_key(builder)?;
    if let Some(trial) = current_trial(app, builder, application, &offer, now).await? {
        return existing(app, builder, trial).await;
    }
    let release = compare_platform(&offer, request)?;
    let policy = &offer.policy;
    let proof = request.acceptance.as_ref();
    let acceptance =
        access_conditions::terms_accepted(policy.acceptance, offer.terms_digest, proof)?;
    let trial_id = TrialId::new();
    let particulars = Particulars {
        trial_id,
        builder,
        recipient: &recipient,
        release,
        name: &offer.name,
        policy,
        acceptance: &acceptance,
        now,
    };
    // The signature is made before the transaction, which therefore stays short. Where another request
    // wins meanwhile, a millisecond was spent for nothing.
    let version = TransmissionVersion::generate(&app.keys, &particulars)?;
    match record_trial(app, &particulars, &version).await? {
        Recorded::New(trial) => {
            let file = TransmissionFile::new(*trial, release, version);
            Ok(LicensedTrial { file, is_new: true })
        }
        Recorded::Existing(trial) => existing(app, builder, trial).await,
    }
}

/// Step 306: "recognizes a request … to access the trial version of an Application Program".
async fn recognize_request(
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
        licensee: builder.facts.licensee_id,
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
    now: Instant,
) -> Result<Option<TrialId>, LicensingError> {
    if offer.standing.current.is_some() {
        return Ok(offer.standing.current);
    }
    let Some(refusal) = refuse_another(offer, now) else { return Ok(None) };
    // The newest one comes first.
    let trials = app.store.trials_of(builder.facts.license_id).await?;
    let in_grace = trials.iter().map(|record| &record.trial).find(|trial| {
        trial.application == *application && delivery::may_be_delivered(trial, now).is_ok()
    });
    in_grace.map(|trial| Some(trial.id)).ok_or(refusal)
}

/// Why the licensee may not have another trial now.
fn refuse_another(offer: &Offer, now: Instant) -> Option<LicensingError> {
    let TrialStanding { used, last_end, .. } = offer.standing;
    let maximum = u32::from(offer.policy.trials);
    if used >= maximum {
        return Some(LicensingError::TrialLimit(maximum));
    }
    let next = last_end.zip(offer.policy.between).map(|(end, between)| end.plus(between));
    next.filter(|next| now < *next).map(LicensingError::TooSoon)
}

/// Step 308: compares the restrictions of the program with the computer platform that is used.
fn compare_platform<'a>(
    offer: &'a Offer,
    request: &RequestTrial,
) -> Result<&'a Release, LicensingError> {
    let RequestTrial { platform, version, .. } = request;
    offer.release.as_ref().ok_or_else(|| match version {
        Some(_) => LicensingError::NoVersion(platform.clone()),
        None => LicensingError::Platform(platform.clone()),
    })
}

enum Recorded {
    New(Box<TrialRecord>),
    Existing(TrialId),
}

/// Records the trial in one transaction, where the number of trials and the code are decided.
async fn record_trial(
    app: &App,
    particulars: &Particulars<'_>,
    version: &TransmissionVersion,
) -> Result<Recorded, LicensingError> {
    let Particulars { trial_id, release, policy, acceptance, .. } = particulars;
    let trial = facts_of_trial(particulars);
    let head = version.stored_head(1, *trial_id, release.id);
    let maximum = u32::from(policy.trials);
    let request = GrantRequest { trial, head, maximum, code: acceptance.code };
    Ok(match app.store.grant_trial(&request).await? {
        Grant::Granted => Recorded::New(Box::new(TrialRecord {
            trial: request.trial,
            application_name: particulars.name.clone(),
            version: release.version.clone(),
            head_number: request.head.number,
            delivered_at: None,
        })),
        Grant::Existing(trial) => Recorded::Existing(trial),
        Grant::LimitReached { .. } => return Err(LicensingError::TrialLimit(maximum)),
        Grant::CodeRefused => return Err(ConditionC::CodeRefused.into()),
    })
}

fn facts_of_trial(particulars: &Particulars<'_>) -> Trial {
    let Particulars { trial_id, builder, release, policy, acceptance, now, .. } = particulars;
    let Acceptance { kind, terms_digest, name, .. } = acceptance;
    Trial {
        id: *trial_id,
        application: release.application.clone(),
        licensee_id: builder.facts.licensee_id,
        license_id: builder.facts.license_id,
        release_id: release.id,
        platform: release.platform.clone(),
        kind: LicenseKind::Trial,
        started_at: *now,
        ends_at: Some(now.plus(policy.duration)),
        requested_at: *now,
        policy: **policy,
        terms_digest: *terms_digest,
        acceptance: *kind,
        accepted_as: name.clone(),
    }
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
            Self::TrialLimit(_) | Self::TooSoon(_) => Slug::TrialLimitReached,
            other => other.inner().map_or(Slug::ServerError, Refusal::slug),
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoApplication => "look for it with `trybuy search`",
            Self::NoVersion(_) => "leave the version out to get the newest one",
            Self::Platform(_) => "`trybuy show` lists the platforms it is offered for",
            Self::TrialLimit(_) => "ask its vendor for a license",
            Self::TooSoon(_) => "ask again then, or its vendor for a license",
            other => return other.inner().and_then(Refusal::help),
        };
        Some(help.to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        self.inner().and_then(Refusal::condition)
    }
}
