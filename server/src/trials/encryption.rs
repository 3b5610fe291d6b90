//! The encryption module 135: generates the transmission format 186 of a release for one Builder (T&B
//! steps 314 and 418).

use trybuy_formats::control::ControlInformation;
use trybuy_formats::ids::{Name, ReleaseId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::{FileKey, LicenseSecret};
use trybuy_formats::primitives::EncryptionKey;
use trybuy_formats::signed::FORMAT;
use trybuy_formats::transmission::{
    Body, BodyError, InvalidHead, SealHeadError, TrialHead, seal_head,
};

use crate::keys::ServerKeys;
use crate::store::{Builder, Head, Release, Trial};

/// A release particularized for one Builder: its head, and its body as a function of the stored release.
pub struct TransmissionVersion {
    /// What stands before the body.
    pub head: TrialHead,
    /// The rest, sealed when it is sent.
    pub body: Body,
}

/// Why there is no transmission version: never the fault of the one who asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptionError {
    /// The head cannot be sealed.
    #[error("the head of a transmission file cannot be sealed")]
    Head(#[from] SealHeadError),
    /// The stored head is damaged.
    #[error("the stored head of a trial cannot be used")]
    StoredHead(#[from] InvalidHead),
    /// Head, release and file key do not belong together.
    #[error("the stored head of a trial does not belong to its release")]
    Body(#[from] BodyError),
}

/// What a head is made of.
pub(super) struct Particulars<'a> {
    pub(super) trial: &'a Trial,
    pub(super) head_number: u64,
    pub(super) builder: &'a Builder,
    pub(super) recipient: &'a EncryptionKey,
    pub(super) release: &'a Release,
    pub(super) name: &'a Name,
    pub(super) now: Instant,
}

impl TransmissionVersion {
    /// Generates a transmission version with a new head (steps 314, 418): about a millisecond, nearly
    /// all of it for the signature.
    pub(super) fn generate(
        keys: &ServerKeys,
        particulars: &Particulars<'_>,
    ) -> Result<Self, EncryptionError> {
        let Particulars { trial, builder, recipient, release, .. } = particulars;
        let key_id = builder.facts.builder_key_id;
        let file_key = FileKey::derive(keys.master(), trial.file_source(), release.id, key_id);
        let secret = LicenseSecret::derive(keys.master(), builder.facts.license_id, key_id);
        let control = particulars.control_information(&file_key);
        let head = seal_head(&control, keys.signature(), &secret, recipient, &file_key)?;
        let body = Body::new(&file_key, &head, release.sections)?;
        Ok(Self { head, body })
    }

    /// The transmission version of a trial that was granted before, from its stored head.
    pub(super) fn restore(
        keys: &ServerKeys,
        trial: &Trial,
        builder: &Builder,
        release: &Release,
        head: &Head,
    ) -> Result<Self, EncryptionError> {
        let key_id = builder.facts.builder_key_id;
        let file_key = FileKey::derive(keys.master(), trial.file_source(), release.id, key_id);
        let head = TrialHead::from_bytes(&head.bytes)?;
        let body = Body::new(&file_key, &head, release.sections)?;
        Ok(Self { head, body })
    }

    /// What is stored of it.
    pub(super) fn stored_head(&self, particulars: &Particulars<'_>) -> Head {
        let Particulars { trial, head_number, release, now, .. } = particulars;
        Head {
            number: *head_number,
            etag: entity_tag(trial.id, *head_number, release.id),
            made_at: *now,
            bytes: self.head.to_bytes(),
        }
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        self.head.head().len() as u64 + self.body.sealed_length()
    }
}

/// The strong entity tag of a file. Head and release determine every byte of it, so their names do; no
/// byte of the file is read for it.
pub(super) fn entity_tag(trial: TrialId, head_number: u64, release: ReleaseId) -> String {
    format!("\"{trial}.{head_number}.{release}\"")
}

impl Particulars<'_> {
    /// The control information 183-185.
    fn control_information(&self, file_key: &FileKey) -> ControlInformation {
        let Self { trial, builder, release, .. } = self;
        ControlInformation {
            format: FORMAT,
            application: release.application.clone(),
            name: self.name.clone(),
            release: release.version.clone(),
            platform: release.platform.clone(),
            licensee_id: trial.licensee_id,
            trial_id: trial.id,
            kind: trial.kind,
            head_number: self.head_number,
            issued_at: self.now,
            ends_at: trial.ends_at,
            expiration: trial.policy.expiration,
            limits: trial.policy.limits,
            on_expiry: trial.policy.on_expiry,
            builder_key_id: builder.facts.builder_key_id,
            minimum_builder: release.minimum_builder.clone(),
            file_key_commitment: file_key.commitment(),
            layout: trial.policy.layout,
            sections: release.sections,
            program_size: release.program_size,
            program_digest: release.program_digest,
            terms_digest: trial.terms_digest,
        }
    }
}
