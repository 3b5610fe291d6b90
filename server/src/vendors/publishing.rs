//! Publishing: a release in the server format is checked, stored and entered into the catalog.

use std::io;
use std::ops::Range;

use trybuy_formats::ids::{ApplicationId, Platform, ReleaseId, Version};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::read_at::ReadAt;
use trybuy_formats::server_format::{self, Manifest, ReleaseError};
use trybuy_formats::slug::Slug;

use crate::app::{App, AppState};
use crate::blobs::{BlobKey, BlobsError, SpooledFile};
use crate::refusal::Refusal;
use crate::store::{NewRelease, Publication, Release, StoreError, Vendor};

/// Under what a release is published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// The application.
    pub application: ApplicationId,
    /// The version.
    pub version: Version,
    /// The platform.
    pub platform: Platform,
}

/// A release that is in the catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// The release.
    pub release: Release,
    /// Whether it is new; otherwise the same one was there.
    pub is_new: bool,
    /// Whether its application is new.
    pub created_application: bool,
    /// The policy in force.
    pub policy: TrialPolicy,
}

/// Why a release was not published. Nothing of it stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The application is another vendor's.
    #[error("the application belongs to another vendor")]
    NotYours,
    /// The application is new, and there is no policy for it.
    #[error("the application is new, and no policy for its trials came with it")]
    PolicyMissing,
    /// The release is not in the server format.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The manifest says something else than the address.
    #[error("the manifest names another {0} than the address")]
    OtherAddress(&'static str),
    /// The release was made for another server.
    #[error("the release was made for a server with another key")]
    OtherServer,
    /// The same version and platform was published before, with other content.
    #[error("this version was published for this platform before, with other content")]
    ReleaseExists,
    /// The spool cannot be read.
    #[error("the upload cannot be read")]
    Spool(#[from] io::Error),
    /// The release cannot be stored.
    #[error("the release cannot be stored")]
    Blobs(#[from] BlobsError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Whether a vendor may publish a release of an application: asked before an upload begins, so that
/// nobody sends gigabytes for a refusal. The transaction decides it once more.
///
/// # Errors
/// When the application is another vendor's, or is new and comes without a policy.
pub async fn may_publish(
    app: &AppState,
    vendor: &Vendor,
    application: &ApplicationId,
    policy: Option<&TrialPolicy>,
) -> Result<(), PublishError> {
    match app.store.application(application).await? {
        Some(application) if application.vendor.id != vendor.id => Err(PublishError::NotYours),
        None if policy.is_none() => Err(PublishError::PolicyMissing),
        _ => Ok(()),
    }
}

/// Publishes an upload.
///
/// The blob is stored before the transaction names it. A crash between the two leaves a blob that nothing
/// refers to, never a release without one; [`settle_abandoned`] removes it.
///
/// # Errors
/// When the upload is not a release for this address and server, or other content was published before.
pub async fn publish(
    app: &AppState,
    vendor: Vendor,
    address: Address,
    policy: Option<TrialPolicy>,
    upload: SpooledFile,
) -> Result<Published, PublishError> {
    let public_key = app.keys.public_key().to_vec();
    // Checking decodes the whole program, so it has a thread of its own.
    let checking = tokio::task::spawn_blocking(move || Checked::new(upload, &address, &public_key));
    let Checked { upload, manifest, sections_offset, stored_size, texts } =
        checking.await.map_err(io::Error::other)??;
    let key = BlobKey::new();
    let new = NewRelease {
        vendor: vendor.id,
        release: Release {
            id: ReleaseId::new(),
            application: manifest.application,
            version: manifest.version,
            platform: manifest.platform,
            kind: manifest.kind,
            minimum_builder: manifest.minimum_builder,
            sections: manifest.sections,
            documentation_digest: manifest.documentation_digest,
            terms_digest: manifest.terms_digest,
            relicensing_digest: manifest.relicensing_digest,
            program_size: manifest.program_size,
            program_digest: manifest.program_digest,
            stored_size,
            blob_key: key.as_str().to_owned(),
            sections_offset,
            published_at: app.clock.now(),
        },
        name: manifest.name,
        summary: manifest.summary,
        homepage: manifest.homepage,
        categories: manifest.categories,
        documentation: texts.documentation,
        terms: texts.terms,
        relicensing: texts.relicensing,
        policy,
    };
    let claim = app.blobs.put(&key, upload).await?;
    let publication = app.store.publish_release(&new).await?;
    if !matches!(publication, Publication::Published { .. }) {
        app.blobs.remove(&key).await?;
    }
    claim.settle()?;
    published(publication, new.release)
}

/// Settles what processes left that ended while they published: a blob that no release refers to is
/// removed.
///
/// # Errors
/// When the store or the blobs fail; what is left then is settled the next time.
pub async fn settle_abandoned(app: &App) -> Result<(), PublishError> {
    for claim in app.blobs.abandoned()? {
        if !app.store.refers_to_blob(claim.key().as_str()).await? {
            tracing::info!(blob = claim.key().as_str(), "an unfinished release is removed");
            app.blobs.remove(claim.key()).await?;
        }
        claim.settle()?;
    }
    Ok(())
}

fn published(publication: Publication, release: Release) -> Result<Published, PublishError> {
    match publication {
        Publication::Published { created_application, policy } => {
            Ok(Published { release, is_new: true, created_application, policy })
        }
        Publication::AlreadyThere { release, policy } => {
            Ok(Published { release: *release, is_new: false, created_application: false, policy })
        }
        Publication::Conflict => Err(PublishError::ReleaseExists),
        Publication::NotYours => Err(PublishError::NotYours),
        Publication::PolicyMissing => Err(PublishError::PolicyMissing),
    }
}

/// An upload that is a release for its address and this server.
struct Checked {
    upload: SpooledFile,
    manifest: Manifest,
    sections_offset: u64,
    stored_size: u64,
    texts: Texts,
}

struct Texts {
    documentation: String,
    terms: String,
    relicensing: String,
}

impl Checked {
    fn new(
        upload: SpooledFile,
        address: &Address,
        public_key: &[u8],
    ) -> Result<Self, PublishError> {
        let (manifest, sections_offset) = server_format::read_prefix(&upload)?;
        check_address(&manifest, address)?;
        if manifest.server_public_key != public_key {
            return Err(PublishError::OtherServer);
        }
        let manifest = server_format::check(&upload)?;
        let text = |range: Range<u64>| read_text(&upload, sections_offset, range);
        let texts = Texts {
            documentation: text(manifest.sections.documentation_range())?,
            terms: text(manifest.sections.terms_range())?,
            relicensing: text(manifest.sections.relicensing_range())?,
        };
        let stored_size = upload.length();
        Ok(Self { upload, manifest, sections_offset, stored_size, texts })
    }
}

fn check_address(manifest: &Manifest, address: &Address) -> Result<(), PublishError> {
    let parts = [
        (manifest.application == address.application, "application"),
        (manifest.version == address.version, "version"),
        (manifest.platform == address.platform, "platform"),
    ];
    match parts.into_iter().find(|(same, _)| !same) {
        Some((_, part)) => Err(PublishError::OtherAddress(part)),
        None => Ok(()),
    }
}

/// A text section. It has been checked to be UTF-8 and within its cap.
fn read_text(upload: &SpooledFile, offset: u64, range: Range<u64>) -> io::Result<String> {
    let length = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    upload.read_exact_at(offset + range.start, &mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

impl Refusal for PublishError {
    fn slug(&self) -> Slug {
        match self {
            Self::NotYours => Slug::Forbidden,
            Self::PolicyMissing => Slug::InvalidManifest,
            Self::Release(ReleaseError::Io(_))
            | Self::Spool(_)
            | Self::Blobs(_)
            | Self::Store(_) => Slug::ServerError,
            Self::Release(error) => error.slug(),
            Self::OtherAddress(_) | Self::OtherServer => Slug::InvalidRelease,
            Self::ReleaseExists => Slug::ReleaseExists,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotYours => "choose another application id, or use the token of that vendor",
            Self::PolicyMissing => {
                "send the policy in the header `Trial-Policy`: section [trial] of the manifest"
            }
            Self::Release(_) => "make the release anew with `trybuy-vendor publish`",
            Self::OtherAddress(_) => "publish it under what its manifest says",
            Self::OtherServer => {
                "make the release anew with `trybuy-vendor publish` for this server"
            }
            Self::ReleaseExists => "give the release another version",
            _ => return None,
        };
        Some(help.to_owned())
    }
}
