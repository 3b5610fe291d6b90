//! Delivery of transmission files: again and again, as long as the program may be run.

use trybuy_formats::api::AccessCondition;
use trybuy_formats::expiry;
use trybuy_formats::ids::TrialId;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::Capability;
use trybuy_formats::primitives::EncryptionKey;
use trybuy_formats::slug::Slug;

use super::encryption::{EncryptionError, Particulars, TransmissionVersion, entity_tag};
use crate::app::App;
use crate::blobs::BlobKey;
use crate::refusal::Refusal;
use crate::store::{Builder, Head, Release, StoreError, Trial, TrialRecord};

/// A transmission file, ready to be sent.
pub struct TransmissionFile {
    /// The trial it is for.
    pub trial: TrialRecord,
    /// Its strong entity tag.
    pub etag: String,
    /// Head and body.
    pub version: TransmissionVersion,
    /// The key of the stored release.
    pub blob_key: String,
    /// Bytes of the stored release.
    pub stored_size: u64,
    /// Where its sections begin.
    pub sections_offset: u64,
}

/// Why a file is not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// There is no such file. A wrong capability and somebody else's trial look the same.
    #[error("there is no such trial")]
    NotFound,
    /// The trial is over.
    #[error("the trial ended at {0}")]
    Ended(Instant),
    /// The trial and its grace are over.
    #[error("the trial and its days of grace ended at {0}")]
    GraceEnded(Instant),
    /// The Builder's license was revoked.
    #[error("the license of the Builder that this file is for was revoked")]
    Revoked,
    /// The file cannot be restored.
    #[error("the transmission version cannot be restored")]
    Encryption(#[from] EncryptionError),
    /// A row that must be there is missing.
    #[error("the store has no {0} for a trial")]
    Incomplete(&'static str),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl TransmissionFile {
    /// A file of a release.
    pub(super) fn new(trial: TrialRecord, release: &Release, version: TransmissionVersion) -> Self {
        let etag = entity_tag(trial.trial.id, trial.head_number, release.id);
        Self {
            trial,
            etag,
            version,
            blob_key: release.blob_key.clone(),
            stored_size: release.stored_size,
            sections_offset: release.sections_offset,
        }
    }

    /// Where the stored release is.
    ///
    /// # Errors
    /// When the store holds something else.
    pub fn blob_key(&self) -> Result<BlobKey, DeliveryError> {
        self.blob_key.parse().map_err(|_| DeliveryError::Incomplete("key of the release"))
    }
}

/// Opens the file of a download address: `TRIAL.CAPABILITY` (`TF-13`).
///
/// # Errors
/// When the capability is not that of the trial, or the trial may not be delivered any more.
pub async fn open_file(app: &App, address: &str) -> Result<TransmissionFile, DeliveryError> {
    let (record, head) = addressed(app, address).await?;
    may_be_delivered(&record.trial, app.clock.now())?;
    restore_addressed(app, record, &head).await
}

/// The same for its head, which is also sent when the trial is over: so that a Builder learns that its
/// vendor ended it.
///
/// # Errors
/// When the capability is not that of the trial.
pub async fn open_head(app: &App, address: &str) -> Result<TransmissionFile, DeliveryError> {
    let (record, head) = addressed(app, address).await?;
    restore_addressed(app, record, &head).await
}

async fn addressed(app: &App, address: &str) -> Result<(TrialRecord, Head), DeliveryError> {
    let (trial, capability) = address.split_once('.').ok_or(DeliveryError::NotFound)?;
    let trial: TrialId = trial.parse().map_err(|_| DeliveryError::NotFound)?;
    if !Capability::derive(app.keys.master(), trial).matches(capability) {
        return Err(DeliveryError::NotFound);
    }
    app.store.trial(trial).await?.ok_or(DeliveryError::NotFound)
}

async fn restore_addressed(
    app: &App,
    record: TrialRecord,
    head: &Head,
) -> Result<TransmissionFile, DeliveryError> {
    let builder = app.store.builder(record.trial.license_id).await?;
    let builder = builder.ok_or(DeliveryError::Incomplete("Builder"))?;
    if builder.revoked_at.is_some() {
        return Err(DeliveryError::Revoked);
    }
    restore(app, &builder, record, head).await
}

/// Remembers that a file is sent, before any of it is.
///
/// # Errors
/// When the store fails.
pub async fn deliver(app: &App, file: &TransmissionFile) -> Result<(), DeliveryError> {
    if file.trial.delivered_at.is_none() {
        app.store.deliver_trial(file.trial.trial.id, app.clock.now()).await?;
    }
    Ok(())
}

/// The file of a Builder's own trial.
///
/// # Errors
/// When the trial is not the Builder's, or may not be delivered any more.
pub(super) async fn own_file(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<TransmissionFile, DeliveryError> {
    let (record, head) = own(app, builder, trial).await?;
    may_be_delivered(&record.trial, app.clock.now())?;
    restore(app, builder, record, &head).await
}

/// What there is to say of a Builder's own trial, also when it is over.
///
/// # Errors
/// When the trial is not the Builder's.
pub async fn own_trial(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<TransmissionFile, DeliveryError> {
    let (record, head) = own(app, builder, trial).await?;
    restore(app, builder, record, &head).await
}

/// All trials of a Builder, the newest 1000. Those that lie ahead of the clock are mended first.
///
/// # Errors
/// When the store fails.
pub async fn own_trials(app: &App, builder: &Builder) -> Result<Vec<TrialRecord>, DeliveryError> {
    let (license, now) = (builder.facts.license_id, app.clock.now());
    let records = app.store.trials_of(license).await?;
    let ahead: Vec<TrialId> = records
        .iter()
        .filter(|record| record.lies_ahead_of(now))
        .map(|record| record.trial.id)
        .collect();
    if ahead.is_empty() {
        return Ok(records);
    }
    for trial in ahead {
        app.store.redate_trial(trial, now).await?;
    }
    Ok(app.store.trials_of(license).await?)
}

/// A Builder's own trial. One that lies ahead of the clock is mended first.
pub(super) async fn own(
    app: &App,
    builder: &Builder,
    trial: TrialId,
) -> Result<(TrialRecord, Head), DeliveryError> {
    let is_own = |record: &TrialRecord| record.trial.license_id == builder.facts.license_id;
    let found = app.store.trial(trial).await?.filter(|(record, _)| is_own(record));
    let now = app.clock.now();
    match found {
        Some((record, _)) if record.lies_ahead_of(now) => {
            app.store.redate_trial(trial, now).await?;
            app.store.trial(trial).await?.ok_or(DeliveryError::NotFound)
        }
        found => found.ok_or(DeliveryError::NotFound),
    }
}

async fn restore(
    app: &App,
    builder: &Builder,
    record: TrialRecord,
    head: &Head,
) -> Result<TransmissionFile, DeliveryError> {
    let release = app.store.release(record.trial.release_id).await?;
    let release = release.ok_or(DeliveryError::Incomplete("release"))?;
    if record.head_due > record.head_number {
        return with_new_head(app, builder, record, &release).await;
    }
    let version = TransmissionVersion::restore(&app.keys, &record.trial, builder, &release, head)?;
    Ok(TransmissionFile::new(record, &release, version))
}

/// Makes the head that is due since dates or policy were changed: at the Builder's next contact, so that
/// a change that concerns many trials signs nothing at once.
async fn with_new_head(
    app: &App,
    builder: &Builder,
    mut record: TrialRecord,
    release: &Release,
) -> Result<TransmissionFile, DeliveryError> {
    let recipient = EncryptionKey::from_spki(&builder.facts.decryption_key)
        .map_err(|_| DeliveryError::Incomplete("usable key of the Builder"))?;
    let particulars = Particulars {
        trial: &record.trial,
        head_number: record.head_due,
        builder,
        recipient: &recipient,
        release,
        name: &record.application_name,
        now: app.clock.now(),
    };
    let version = TransmissionVersion::generate(&app.keys, &particulars)?;
    let head = version.stored_head(&particulars);
    if app.store.replace_head(record.trial.id, record.head_number, &head).await? {
        record.head_number = head.number;
        return Ok(TransmissionFile::new(record, release, version));
    }
    // Another request made it first, or a newer one.
    let (record, head) =
        app.store.trial(record.trial.id).await?.ok_or(DeliveryError::Incomplete("row"))?;
    let version = TransmissionVersion::restore(&app.keys, &record.trial, builder, release, &head)?;
    Ok(TransmissionFile::new(record, release, version))
}

/// Whether a trial's file is still delivered: until the program may not be run any more.
///
/// With a grace from the first warning that instant is known to the Builder alone (`XD-11`), so such a
/// file is delivered without end; it is the Builder that refuses the launch.
pub(super) fn may_be_delivered(trial: &Trial, now: Instant) -> Result<(), DeliveryError> {
    match expiry::over(trial.ends_at, trial.policy.expiration, now) {
        Some(expiry::Refusal::TrialExpired(end)) => Err(DeliveryError::Ended(end)),
        Some(expiry::Refusal::GraceEnded(end)) => Err(DeliveryError::GraceEnded(end)),
        _ => Ok(()),
    }
}

impl Refusal for DeliveryError {
    fn slug(&self) -> Slug {
        match self {
            Self::NotFound => Slug::NotFound,
            Self::Ended(_) => Slug::TrialExpired,
            Self::GraceEnded(_) => Slug::GraceEnded,
            Self::Revoked => Slug::NoBuilderLicense,
            Self::Encryption(_) | Self::Incomplete(_) | Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotFound => "ask for the trial again with `trybuy try`",
            Self::Ended(_) | Self::GraceEnded(_) => {
                "ask for another trial with `trybuy try`, or its vendor for a license"
            }
            Self::Revoked => "ask the operator of the server",
            _ => return None,
        };
        Some(help.to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        matches!(self, Self::Revoked).then_some(AccessCondition::A)
    }
}
