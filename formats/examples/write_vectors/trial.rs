//! A trial of a release: its control information, its head, its file.

use std::error::Error;

use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::ids::{ReleaseId, TrialId};
use trybuy_formats::keys::FileKey;
use trybuy_formats::policy::{Expiration, Layout, Limits, OnExpiry};
use trybuy_formats::transmission::{Body, TrialHead, seal_head};

use super::parties::{Parties, at};
use super::release::Release;

/// A trial.
pub(super) struct Trial<'a> {
    parties: &'a Parties,
    pub(super) release: &'a Release,
    release_id: ReleaseId,
    pub(super) control: ControlInformation,
    pub(super) head: TrialHead,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        parties: &'a Parties,
        release: &'a Release,
        layout: Layout,
    ) -> Result<Self, Box<dyn Error>> {
        let release_id = ReleaseId::new();
        let control = control(parties, release, release_id, layout)?;
        let head = seal(parties, release_id, &control)?;
        Ok(Self { parties, release, release_id, control, head })
    }

    /// The same trial with another head.
    pub(super) fn with_control(
        &self,
        change: impl FnOnce(&mut ControlInformation),
    ) -> Result<Self, Box<dyn Error>> {
        let mut control = self.control.clone();
        change(&mut control);
        let head = seal(self.parties, self.release_id, &control)?;
        Ok(Self { control, head, ..*self })
    }

    /// The sealed body.
    pub(super) fn body(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let file_key = file_key(self.parties, self.release_id, self.control.trial_id);
        let body = Body::new(&file_key, &self.head, self.release.manifest.sections)?;
        let mut sealed = Vec::new();
        for index in 0..body.chunk_count() {
            let range = body.sections_range(index);
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            let mut chunk = vec![0; body.sealed_chunk_length(index)];
            body.seal_chunk(index, &self.release.sections[range], &mut chunk)?;
            sealed.extend(chunk);
        }
        Ok(sealed)
    }

    /// The whole transmission file.
    pub(super) fn file(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        Ok([self.head.head(), &self.body()?].concat())
    }
}

fn file_key(parties: &Parties, release: ReleaseId, trial: TrialId) -> FileKey {
    FileKey::derive(&parties.master, trial, release, parties.builder_key_id())
}

fn seal(
    parties: &Parties,
    release: ReleaseId,
    control: &ControlInformation,
) -> Result<TrialHead, Box<dyn Error>> {
    let file_key = file_key(parties, release, control.trial_id);
    let recipient = parties.builder.encryption_key();
    Ok(seal_head(control, &parties.server, &parties.secret(), &recipient, &file_key)?)
}

fn control(
    parties: &Parties,
    release: &Release,
    release_id: ReleaseId,
    layout: Layout,
) -> Result<ControlInformation, Box<dyn Error>> {
    let (manifest, trial_id) = (&release.manifest, TrialId::new());
    Ok(ControlInformation {
        format: manifest.format,
        application: manifest.application.clone(),
        name: manifest.name.clone(),
        release: manifest.version.clone(),
        platform: manifest.platform.clone(),
        licensee_id: parties.license.licensee_ids[0],
        trial_id,
        kind: LicenseKind::Trial,
        head_number: 1,
        issued_at: at(0)?,
        ends_at: Some(at(30 * 86_400)?),
        expiration: Expiration::Hard {},
        limits: Limits::default(),
        on_expiry: OnExpiry::Finish,
        builder_key_id: parties.builder_key_id(),
        minimum_builder: manifest.minimum_builder.clone(),
        file_key_commitment: file_key(parties, release_id, trial_id).commitment(),
        layout,
        sections: manifest.sections,
        program_size: manifest.program_size,
        program_digest: manifest.program_digest,
        terms_digest: manifest.terms_digest,
    })
}
