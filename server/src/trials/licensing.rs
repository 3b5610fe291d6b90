//! The trial licensing program 134: who gets a trial of an application (T&B steps 302-314, 408-418).

use trybuy_formats::api::{AccessCondition, OfferAnswer, RequestTrial};
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{ApplicationId, Digest, Name, Platform, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::{AcceptanceKind, TrialPolicy};
use trybuy_formats::slug::Slug;

use super::access_conditions::{self, Acceptance, ConditionA, ConditionB, ConditionC};
use super::delivery::{self, DeliveryError, TransmissionFile};
use super::encryption::{EncryptionError, Particulars, TransmissionVersion};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{
    Builder, Grant, GrantRequest, Offer, OfferQuery, Release, StoreError, Subjects, Trial,
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
    let now = app.clock.now();
    let offer = recognize_request(app, builder, application, request, now).await?;
    access_conditions::builder_license(builder, now)?;
    let recipient = access_conditions::builder_key(builder)?;
    if let Some(trial) = current_trial(app, builder, application, &offer, now).await? {
        return existing(app, builder, trial).await;
    }
    let plan = Plan::make(app, builder, offer, request, now).await?;
    let proof = request.acceptance.as_ref();
    let acceptance = access_conditions::terms_accepted(plan.asks_for, plan.terms_digest, proof)?;
    let trial = plan.trial(builder, &acceptance, now);
    let particulars = Particulars {
        trial: &trial,
        head_number: 1,
        builder,
        recipient: &recipient,
        release: &plan.release,
        name: &plan.name,
        now,
    };
    // The signature is made before the transaction, which therefore stays short. Where another request
    // wins meanwhile, a millisecond was spent for nothing.
    let version = TransmissionVersion::generate(&app.keys, &particulars)?;
    match plan.record(app, trial, &acceptance, &version).await? {
        Recorded::New(trial) => {
            let file = TransmissionFile::new(*trial, &plan.release, version);
            Ok(LicensedTrial { file, is_new: true })
        }
        Recorded::Existing(trial) => existing(app, builder, trial).await,
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
    now: Instant,
) -> Result<Option<TrialId>, LicensingError> {
    if offer.standing.current.is_some() {
        return Ok(offer.standing.current);
    }
    if offer.standing.elsewhere.is_some() {
        return Ok(None);
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
    let maximum = allowed(offer);
    if used >= maximum {
        return Some(LicensingError::TrialLimit(maximum));
    }
    let next = last_end.zip(offer.policy.between).map(|(end, between)| end.plus(between));
    next.filter(|next| now < *next).map(LicensingError::TooSoon)
}

/// The trials that the licensee may have.
fn allowed(offer: &Offer) -> u32 {
    u32::from(offer.policy.trials).saturating_add(offer.standing.extra)
}

/// Step 308: compares the restrictions of the program with the computer platform that is used.
fn compare_platform(
    release: Option<Release>,
    request: &RequestTrial,
) -> Result<Release, LicensingError> {
    let RequestTrial { platform, version, .. } = request;
    release.ok_or_else(|| match version {
        Some(_) => LicensingError::NoVersion(platform.clone()),
        None => LicensingError::Platform(platform.clone()),
    })
}

/// The trial that is about to be granted.
struct Plan {
    release: Release,
    name: Name,
    policy: TrialPolicy,
    /// How the terms are accepted.
    asks_for: AcceptanceKind,
    terms_digest: Digest,
    /// The most trials that the licensee may have.
    maximum: u32,
    started_at: Instant,
    ends_at: Option<Instant>,
    /// A trial of the same licensee on another Builder, which this one is too.
    same_as: Option<Box<TrialRecord>>,
    /// The trial whose file it goes on with.
    file_trial: Option<TrialId>,
}

impl Plan {
    async fn make(
        app: &App,
        builder: &Builder,
        offer: Offer,
        request: &RequestTrial,
        now: Instant,
    ) -> Result<Self, LicensingError> {
        let maximum = allowed(&offer);
        let Offer { name, policy, terms_digest, standing, release } = offer;
        let renewed = match request.renews {
            Some(trial) => Some(own_trial(app, builder, trial).await?),
            None => None,
        };
        let release = match &renewed {
            Some(renewed) => app.store.release(renewed.trial.release_id).await?,
            None => release,
        };
        let mut plan = Self {
            release: compare_platform(release, request)?,
            name,
            asks_for: policy.acceptance,
            terms_digest,
            maximum,
            started_at: now,
            ends_at: Some(now.plus(policy.duration)),
            policy,
            same_as: None,
            file_trial: None,
        };
        if let Some(elsewhere) = standing.elsewhere {
            plan.go_on_with(app, elsewhere).await?;
        }
        if let Some(renewed) = renewed {
            // The body of the file depends on the layout.
            plan.policy.layout = renewed.trial.policy.layout;
            plan.file_trial = Some(renewed.trial.file_source());
        }
        Ok(plan)
    }

    /// A licensee with another Builder, as after a re-installation, has the same trial there: until the
    /// same end, and nothing is counted twice.
    async fn go_on_with(&mut self, app: &App, trial: TrialId) -> Result<(), LicensingError> {
        let Some((record, _)) = app.store.trial(trial).await? else { return Ok(()) };
        self.started_at = record.trial.started_at;
        self.ends_at = record.trial.ends_at;
        self.policy = record.trial.policy;
        self.same_as = Some(Box::new(record));
        Ok(())
    }

    fn trial(&self, builder: &Builder, acceptance: &Acceptance, now: Instant) -> Trial {
        Trial {
            id: TrialId::new(),
            application: self.release.application.clone(),
            licensee_id: builder.facts.licensee_id,
            license_id: builder.facts.license_id,
            release_id: self.release.id,
            platform: self.release.platform.clone(),
            kind: LicenseKind::Trial,
            started_at: self.started_at,
            ends_at: self.ends_at,
            extended_to: self.same_as.as_ref().and_then(|record| record.trial.extended_to),
            requested_at: now,
            policy: self.policy,
            terms_digest: acceptance.terms_digest,
            acceptance: acceptance.kind,
            accepted_as: acceptance.name.clone(),
            counted: self.same_as.is_none(),
            file_trial: self.file_trial,
            purchase: None,
        }
    }

    /// Limits are counted by each Builder for itself. So on another one they are used up, as if its
    /// state had been lost; otherwise each new data directory would have them anew.
    fn delivered_at(&self, now: Instant) -> Option<Instant> {
        let record = self.same_as.as_ref()?;
        record.delivered_at.or_else(|| (!self.policy.limits.is_empty()).then_some(now))
    }

    /// Records the trial in one transaction, where the number of trials and the code are decided.
    async fn record(
        &self,
        app: &App,
        trial: Trial,
        acceptance: &Acceptance,
        version: &TransmissionVersion,
    ) -> Result<Recorded, LicensingError> {
        let head = version.stored_head(1, trial.id, self.release.id);
        let delivered_at = self.delivered_at(trial.requested_at);
        let maximum = self.maximum;
        let request = GrantRequest { trial, head, maximum, delivered_at, code: acceptance.code };
        Ok(match app.store.grant_trial(&request).await? {
            Grant::Granted => Recorded::New(Box::new(TrialRecord {
                trial: request.trial,
                application_name: self.name.clone(),
                version: self.release.version.clone(),
                head_number: request.head.number,
                head_due: request.head.number,
                delivered_at,
            })),
            Grant::Existing(trial) => Recorded::Existing(trial),
            Grant::LimitReached { .. } => return Err(LicensingError::TrialLimit(maximum)),
            Grant::CodeRefused => return Err(ConditionC::CodeRefused.into()),
        })
    }
}

enum Recorded {
    New(Box<TrialRecord>),
    Existing(TrialId),
}

/// The trial that a Builder names as its own.
async fn own_trial(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<TrialRecord, LicensingError> {
    let found = app.store.trial(trial).await?;
    let own = found.filter(|(record, _)| record.trial.license_id == builder.facts.license_id);
    own.map(|(record, _)| record).ok_or(LicensingError::Delivery(DeliveryError::NotFound))
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
