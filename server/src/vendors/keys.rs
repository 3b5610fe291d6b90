//! Purchase keys that vendors sell.

use trybuy_formats::api::{CreateKeys, KeyInfo, KeysAnswer};
use trybuy_formats::ids::{ApplicationId, is_line_break_or_control};
use trybuy_formats::keys::PurchaseKey;
use trybuy_formats::policy::is_duration;
use trybuy_formats::slug::Slug;

use super::policies::{PolicyError, own_application};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{KeyBatchId, KeyRecord, KeyRevoked, NewKeys, PurchaseKeyId, StoreError, Vendor};

/// The most keys that are made at once.
const MOST_KEYS: u32 = 1000;
/// The most Builders that one key is for.
const MOST_BUILDERS: u32 = 100;
/// The longest label, in characters.
const LABEL: usize = 200;

/// Why keys are not made, shown or revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The vendor has no such application.
    #[error(transparent)]
    Application(#[from] PolicyError),
    /// The number of keys.
    #[error("1 to {MOST_KEYS} keys are made at once")]
    Count,
    /// The number of Builders.
    #[error("a key is for 1 to {MOST_BUILDERS} Builders")]
    Builders,
    /// The label.
    #[error("a label has at most {LABEL} characters and no control characters")]
    Label,
    /// The duration.
    #[error("a license lasts 1s to 36525d: leave it out for one without an end")]
    Duration,
    /// There is no such key.
    #[error("there is no such purchase key, or it was revoked before")]
    NoKey,
    /// Somebody bought with it.
    #[error("somebody has bought with this key")]
    Redeemed,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Makes purchase keys for an application.
///
/// # Errors
/// When the vendor has no such application, or a number is out of its range.
pub async fn create_keys(
    app: &App,
    vendor: &Vendor,
    application: ApplicationId,
    wanted: CreateKeys,
) -> Result<KeysAnswer, KeyError> {
    check(&wanted)?;
    own_application(app, vendor, &application).await?;
    let CreateKeys { count, label, license_duration, builders } = wanted;
    let ids: Vec<PurchaseKeyId> = (0..count).map(|_| PurchaseKeyId::new()).collect();
    let new = NewKeys {
        batch: KeyBatchId::new(),
        application,
        label,
        license_duration,
        builders,
        created_at: app.clock.now(),
        keys: ids.iter().map(|id| (*id, derived(app, *id).hash())).collect(),
    };
    app.store.create_keys(&new).await?;
    let record = |id: &PurchaseKeyId| KeyRecord {
        id: *id,
        batch: new.batch,
        application: new.application.clone(),
        label: new.label.clone(),
        license_duration,
        builders,
        created_at: new.created_at,
        licensee_id: None,
        redeemed_at: None,
        ends_at: None,
        revoked_at: None,
    };
    let keys = ids.iter().map(|id| info(app, record(id))).collect();
    Ok(KeysAnswer { keys, next: None })
}

/// A page of the keys of a vendor's application, the oldest first.
///
/// # Errors
/// When the vendor has no such application.
pub async fn keys_page(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
    after: Option<PurchaseKeyId>,
    limit: u32,
) -> Result<KeysAnswer, KeyError> {
    own_application(app, vendor, application).await?;
    let page = app.store.purchase_keys(application, after, limit).await?;
    let next = page.entries.last().filter(|_| page.more).map(|last| last.id.to_string());
    let keys = page.entries.into_iter().map(|record| info(app, record)).collect();
    Ok(KeysAnswer { keys, next })
}

/// Revokes a key; one that somebody bought with only together with the licenses.
///
/// # Errors
/// When the vendor has no such key, or somebody bought with it.
pub async fn revoke_key(
    app: &App,
    vendor: &Vendor,
    id: PurchaseKeyId,
    end_licenses: bool,
) -> Result<(), KeyError> {
    match app.store.revoke_key(vendor.id, id, end_licenses, app.clock.now()).await? {
        KeyRevoked::Done => Ok(()),
        KeyRevoked::NoKey => Err(KeyError::NoKey),
        KeyRevoked::Redeemed => Err(KeyError::Redeemed),
    }
}

fn check(wanted: &CreateKeys) -> Result<(), KeyError> {
    let is_label =
        |label: &str| label.chars().count() <= LABEL && !label.contains(is_line_break_or_control);
    let checks = [
        ((1..=MOST_KEYS).contains(&wanted.count), KeyError::Count),
        ((1..=MOST_BUILDERS).contains(&wanted.builders), KeyError::Builders),
        (is_label(&wanted.label), KeyError::Label),
        (wanted.license_duration.is_none_or(is_duration), KeyError::Duration),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

fn derived(app: &App, id: PurchaseKeyId) -> PurchaseKey {
    PurchaseKey::derive(app.keys.master(), id.as_bytes())
}

fn info(app: &App, record: KeyRecord) -> KeyInfo {
    KeyInfo {
        key: derived(app, record.id).reveal().to_string(),
        id: record.id.to_string(),
        batch: record.batch.to_string(),
        label: record.label,
        license_duration: record.license_duration,
        builders: record.builders,
        created_at: record.created_at,
        licensee_id: record.licensee_id,
        redeemed_at: record.redeemed_at,
        ends_at: record.ends_at,
        revoked_at: record.revoked_at,
    }
}

impl Refusal for KeyError {
    fn slug(&self) -> Slug {
        match self {
            Self::Application(refusal) => refusal.slug(),
            Self::Count | Self::Builders | Self::Label | Self::Duration | Self::Redeemed => {
                Slug::BadRequest
            }
            Self::NoKey => Slug::NotFound,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Application(refusal) => return refusal.help(),
            Self::Count => "make more of them one after the other",
            Self::Builders | Self::Label | Self::Duration => "correct it",
            Self::NoKey => "`trybuy-vendor key list` shows the ids",
            Self::Redeemed => {
                "add `--end-licenses` to end the licenses too, when their users are next online"
            }
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
