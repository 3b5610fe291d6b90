//! A trial, or a license of its own, that is about to be granted.

use trybuy_formats::api::{AcceptanceProof, RequestTrial};
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{Digest, Name, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::{AcceptanceKind, TrialPolicy};

use super::access_conditions::{self, Acceptance};
use super::delivery;
use super::encryption::{Particulars, TransmissionVersion};
use super::licensing::{LicensingError, allowed};
use crate::app::App;
use crate::store::{Builder, GrantRequest, Offer, Purchase, Release, Trial, TrialRecord};

/// What is about to be granted.
pub(super) struct Plan {
    pub(super) release: Release,
    /// The most trials that the licensee may have.
    pub(super) maximum: u32,
    pub(super) policy: TrialPolicy,
    name: Name,
    /// How the terms are accepted.
    asks_for: AcceptanceKind,
    terms_digest: Digest,
    kind: LicenseKind,
    started_at: Instant,
    ends_at: Option<Instant>,
    /// A trial of the same licensee on another Builder, which this one is too.
    same_as: Option<Box<TrialRecord>>,
    /// The trial whose file it goes on with.
    file_trial: Option<TrialId>,
    purchase: Option<Purchase>,
}

impl Plan {
    /// The trial that a request asks for.
    pub(super) async fn make(
        app: &App,
        builder: &Builder,
        offer: Offer,
        request: &RequestTrial,
        now: Instant,
    ) -> Result<Self, LicensingError> {
        let maximum = allowed(&offer);
        let Offer { name, policy, terms_digest, standing, release, .. } = offer;
        let renewed = match request.renews {
            Some(trial) => {
                let own = delivery::own(app, builder, trial).await;
                Some(own.map_err(LicensingError::Delivery)?.0)
            }
            None => None,
        };
        let release = match &renewed {
            Some(renewed) => app.store.release(renewed.trial.release_id).await?,
            None => release,
        };
        let mut plan = Self {
            release: compare_platform(release, request)?,
            maximum,
            name,
            asks_for: policy.acceptance,
            terms_digest,
            kind: LicenseKind::Trial,
            started_at: now,
            ends_at: Some(now.plus(policy.duration)),
            policy,
            same_as: None,
            file_trial: None,
            purchase: None,
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

    /// Makes it a license that is bought, and no trial.
    pub(super) fn becomes_license(
        &mut self,
        ends_at: Option<Instant>,
        policy: TrialPolicy,
        purchase: Purchase,
    ) {
        self.kind = LicenseKind::Purchase;
        self.started_at = purchase.at;
        self.ends_at = ends_at;
        self.policy = policy;
        self.same_as = None;
        self.purchase = Some(purchase);
    }

    /// Checks access conditions B and C, and signs its first head.
    pub(super) fn sign(
        &self,
        app: &App,
        builder: &Builder,
        proof: Option<&AcceptanceProof>,
        now: Instant,
    ) -> Result<(GrantRequest, TransmissionVersion), LicensingError> {
        let recipient = access_conditions::builder_key(builder)?;
        let acceptance =
            access_conditions::terms_accepted(self.asks_for, self.terms_digest, proof)?;
        let trial = self.trial(builder, &acceptance, now);
        let particulars = Particulars {
            trial: &trial,
            head_number: 1,
            builder,
            recipient: &recipient,
            release: &self.release,
            name: &self.name,
            now,
        };
        let version = TransmissionVersion::generate(&app.keys, &particulars)?;
        let head = version.stored_head(&particulars);
        let (maximum, delivered_at) = (self.maximum, self.delivered_at(now));
        let grant =
            GrantRequest { trial, head, maximum, delivered_at, code: acceptance.code, ends: None };
        Ok((grant, version))
    }

    fn trial(&self, builder: &Builder, acceptance: &Acceptance, now: Instant) -> Trial {
        Trial {
            id: TrialId::new(),
            application: self.release.application.clone(),
            licensee_id: builder.facts.licensee_id,
            license_id: builder.facts.license_id,
            release_id: self.release.id,
            platform: self.release.platform.clone(),
            kind: self.kind,
            started_at: self.started_at,
            ends_at: self.ends_at,
            extended_to: self.same_as.as_ref().and_then(|record| record.trial.extended_to),
            requested_at: now,
            policy: self.policy,
            terms_digest: acceptance.terms_digest,
            acceptance: acceptance.kind,
            accepted_as: acceptance.name.clone(),
            counted: self.kind == LicenseKind::Trial && self.same_as.is_none(),
            file_trial: self.file_trial,
            purchase: self.purchase,
        }
    }

    /// Limits are counted by each Builder for itself. So on another one they are used up, as if its
    /// state had been lost; otherwise each new data directory would have them anew.
    fn delivered_at(&self, now: Instant) -> Option<Instant> {
        let record = self.same_as.as_ref()?;
        record.delivered_at.or_else(|| (!self.policy.limits.is_empty()).then_some(now))
    }

    /// The trial as it was granted.
    pub(super) fn record(&self, granted: GrantRequest) -> TrialRecord {
        TrialRecord {
            trial: granted.trial,
            application_name: self.name.clone(),
            version: self.release.version.clone(),
            head_number: granted.head.number,
            head_made_at: granted.head.made_at,
            head_due: granted.head.number,
            delivered_at: granted.delivered_at,
            first_run_on: None,
        }
    }
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
