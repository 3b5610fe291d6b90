//! Purchases: a key turns a trial into a full license, whose file stays where it is and gets another
//! head; or it licenses an application that was not tried before.

use trybuy_formats::api::{AccessCondition, BuyApplication, RequestTrial};
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{ApplicationId, Digest, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::PurchaseKey;
use trybuy_formats::primitives::sha256;
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use super::access_conditions::{self, ConditionC};
use super::delivery;
use super::licensing::{LicensedTrial, LicensingError, recognize_request};
use super::plan::Plan;
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{
    Bought, Builder, ConvertedTrial, KeyRecord, Offer, Purchase, Redeemed, Redemption, StoreError,
    TrialRecord, end_of_purchase,
};

/// How often a key and a trial that something else changes at the same time are looked at again.
const ATTEMPTS: usize = 4;

/// Why nothing was bought.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PurchaseError {
    /// No such key was made for the application.
    #[error("this is no purchase key of this application")]
    UnknownKey,
    /// The key was revoked.
    #[error("this purchase key was revoked")]
    Revoked,
    /// Somebody else bought with it.
    #[error("this purchase key has been used by somebody else")]
    Used,
    /// It is in use on as many Builders as it is for.
    #[error("this purchase key is in use on {}, and is for no more", counted(u64::from(*.0), "Builder", "Builders"))]
    Builders(u32),
    /// The license that was bought with the key is over.
    #[error("the license of this purchase key ended on {0}")]
    Over(Instant),
    /// The license has no end.
    #[error("this application is yours already, for ever")]
    Owned,
    /// The relicensing terms were not accepted.
    #[error("the terms of the purchase have not been accepted")]
    Terms,
    /// What a trial would be refused for too.
    #[error(transparent)]
    Licensing(#[from] LicensingError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Redeems a purchase key for a Builder. The same key again answers the same license.
///
/// # Errors
/// When the Builder's license, the terms or the key are refused.
pub async fn buy(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    request: &BuyApplication,
) -> Result<LicensedTrial, PurchaseError> {
    for _ in 0..ATTEMPTS {
        if let Some(bought) = buy_at_once(app, builder, application, request).await? {
            return Ok(bought);
        }
    }
    Err(StoreError::Contention.into())
}

/// Nothing where the key or the trial changed meanwhile.
async fn buy_at_once(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    request: &BuyApplication,
) -> Result<Option<LicensedTrial>, PurchaseError> {
    let now = app.clock.now();
    let wanted = RequestTrial {
        platform: request.platform.clone(),
        version: None,
        renews: None,
        used_up: None,
        acceptance: request.acceptance.clone(),
    };
    let offer = recognize_request(app, builder, application, &wanted, now).await?;
    access_conditions::builder_license(builder, now).map_err(LicensingError::from)?;
    access_conditions::verified_email(app.config.email.is_some(), builder)
        .map_err(LicensingError::from)?;
    let key = known_key(app, builder, application, &request.key).await?;
    let trial = trial_to_convert(app, builder, application, request.trial, now).await?;
    if let Some(bought) = trial.as_ref().filter(|trial| was_bought_with(trial, &key)) {
        return answer(app, builder, bought.trial.id, false).await.map(Some);
    }
    if let Some(kept) = trial.as_ref().filter(|trial| gives_nothing_more(&key, trial)) {
        return answer(app, builder, kept.trial.id, false).await.map(Some);
    }
    if let Some(end) = key.ends_at.filter(|end| *end <= now) {
        return Err(PurchaseError::Over(end));
    }
    let terms = relicensing_terms(&offer, request)?;
    let ends_at = end_of_license(&key, trial.as_ref(), now)?;
    let of = match trial {
        Some(TrialRecord { trial, head_due, .. }) => {
            let policy = trial.policy.of_license();
            Bought::Trial(ConvertedTrial { id: trial.id, head_due, policy })
        }
        None => {
            let purchase = Purchase { at: now, key: Some(key.id), terms };
            new_license(app, builder, offer, &wanted, ends_at, purchase).await?
        }
    };
    let is_new = matches!(of, Bought::New(_));
    let redemption = Redemption {
        key: key.id,
        licensee: builder.facts.licensee_id,
        license: builder.facts.license_id,
        now,
        ends_at,
        terms,
        of,
    };
    match app.store.redeem(&redemption).await? {
        Redeemed::Done(trial) => answer(app, builder, trial, is_new).await.map(Some),
        Redeemed::CodeRefused => Err(LicensingError::ConditionC(ConditionC::CodeRefused).into()),
        Redeemed::NoMoreBuilders => Err(PurchaseError::Builders(key.builders)),
        Redeemed::Changed => Ok(None),
    }
}

/// The key, if this licensee can buy with it.
async fn known_key(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    typed: &str,
) -> Result<KeyRecord, PurchaseError> {
    let key = PurchaseKey::read(typed).ok_or(PurchaseError::UnknownKey)?;
    let found = app.store.purchase_key(application, &key.hash()).await?;
    let record = found.ok_or(PurchaseError::UnknownKey)?;
    if record.revoked_at.is_some() {
        return Err(PurchaseError::Revoked);
    }
    match record.licensee_id {
        Some(buyer) if buyer != builder.facts.licensee_id => Err(PurchaseError::Used),
        _ => Ok(record),
    }
}

/// The Builder's own trial that becomes the license: the one that is named, or the newest, also where the
/// name is that of another Builder's, as in a library that was copied.
async fn trial_to_convert(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
    named: Option<TrialId>,
    now: Instant,
) -> Result<Option<TrialRecord>, PurchaseError> {
    let license = builder.facts.license_id;
    let mut own = app.store.trials_of_application(license, application, now).await?;
    let place = own.iter().position(|record| Some(record.trial.id) == named).unwrap_or(0);
    Ok((place < own.len()).then(|| own.swap_remove(place)))
}

fn was_bought_with(record: &TrialRecord, key: &KeyRecord) -> bool {
    record.trial.purchase.is_some_and(|purchase| purchase.key == Some(key.id))
}

/// Whether a key that this licensee used before would only take something away from what the Builder has
/// by now, as when an old request is sent again.
fn gives_nothing_more(key: &KeyRecord, record: &TrialRecord) -> bool {
    let lasts_as_long = match (record.trial.ends_at, key.ends_at) {
        (None, _) => true,
        (Some(end), Some(of_key)) => end >= of_key,
        (Some(_), None) => false,
    };
    key.licensee_id.is_some() && record.trial.kind == LicenseKind::Purchase && lasts_as_long
}

/// The relicensing terms 189 are the terms of the purchase, where the vendor has any.
fn relicensing_terms(
    offer: &Offer,
    request: &BuyApplication,
) -> Result<Option<Digest>, PurchaseError> {
    let terms = offer.relicensing_digest;
    if terms == Digest::from_bytes(sha256(b"")) {
        return Ok(None);
    }
    if request.relicensing_digest == Some(terms) {
        Ok(Some(terms))
    } else {
        Err(PurchaseError::Terms)
    }
}

/// Every Builder's license with the same key has the same end.
fn end_of_license(
    key: &KeyRecord,
    trial: Option<&TrialRecord>,
    now: Instant,
) -> Result<Option<Instant>, PurchaseError> {
    if key.licensee_id.is_some() {
        return Ok(key.ends_at);
    }
    let before = trial.map(|TrialRecord { trial, .. }| (trial.kind, trial.ends_at));
    if let Some((LicenseKind::Purchase, None)) = before {
        return Err(PurchaseError::Owned);
    }
    let before = before.and_then(|(kind, end)| Some((kind, end?)));
    Ok(key.license_duration.map(|duration| end_of_purchase(before, now, duration)))
}

/// A license of its own, where the Builder has no trial: its terms are accepted as those of a trial.
async fn new_license(
    app: &App,
    builder: &Builder,
    offer: Offer,
    wanted: &RequestTrial,
    ends_at: Option<Instant>,
    purchase: Purchase,
) -> Result<Bought, PurchaseError> {
    let now = purchase.at;
    let mut plan = Plan::make(app, builder, offer, wanted, now).await?;
    plan.becomes_license(ends_at, plan.policy.of_license(), purchase);
    let (request, _) = plan.sign(app, builder, wanted.acceptance.as_ref(), now)?;
    Ok(Bought::New(Box::new(request)))
}

async fn answer(
    app: &App,
    builder: &Builder,
    trial: TrialId,
    is_new: bool,
) -> Result<LicensedTrial, PurchaseError> {
    let file = delivery::own_file(app, builder, trial).await.map_err(LicensingError::Delivery)?;
    Ok(LicensedTrial { file, is_new })
}

impl Refusal for PurchaseError {
    fn slug(&self) -> Slug {
        match self {
            Self::UnknownKey
            | Self::Revoked
            | Self::Used
            | Self::Builders(_)
            | Self::Over(_)
            | Self::Owned => Slug::KeyRefused,
            Self::Terms => Slug::TermsNotAccepted,
            Self::Licensing(refusal) => refusal.slug(),
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::UnknownKey => {
                "compare it with the key that you bought, and the application with it"
            }
            Self::Revoked | Self::Used => "ask its vendor",
            Self::Over(_) => "buy another key from its vendor",
            Self::Builders(_) => "ask its vendor for another key",
            Self::Owned => "keep the key: it has not been used",
            Self::Terms => "read the relicensing terms with `trybuy show`, and accept them",
            Self::Licensing(refusal) => return refusal.help(),
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        match self {
            Self::Terms => Some(AccessCondition::C),
            Self::Licensing(refusal) => refusal.condition(),
            _ => None,
        }
    }
}
