//! Builder licenses: given out at registration, renewed later (steps 412-416).

use trybuy_formats::api::{AccessCondition, BuilderLicenseAnswer, RegisterBuilder};
use trybuy_formats::builder_license::{BuilderKind, BuilderLicense, Holder};
use trybuy_formats::ids::{Digest, LicenseId, LicenseeId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::{LicenseSecret, email_key, key_id};
use trybuy_formats::primitives::{EncryptionKey, PrimitiveError};
use trybuy_formats::signed::{self, FORMAT, SignError};
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{Builder, NewBuilder, Registration, StoreError};

/// Why there is no Builder license.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderLicenseError {
    /// The Builder's terms in force were not accepted (step 414).
    #[error("the licensing terms of the Builder in force have not been accepted")]
    Terms,
    /// The decryption key is none (step 416): access condition B.
    #[error("the Builder's public key is not an RSA-3072 key")]
    Key,
    /// One of the keys is registered with another one.
    #[error("one of the keys is registered already, together with another one")]
    KeyTaken,
    /// The license was revoked.
    #[error("the license of this Builder was revoked")]
    Revoked,
    /// The license cannot be sealed.
    #[error("the license secret cannot be sealed")]
    Seal(#[from] PrimitiveError),
    /// The license cannot be signed.
    #[error("the Builder license cannot be signed")]
    Sign(#[from] SignError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// A license that was issued, and whether its Builder is new.
pub struct Issued {
    /// The license.
    pub answer: BuilderLicenseAnswer,
    /// Whether the Builder was unknown before.
    pub is_new: bool,
}

/// Registers a Builder and issues its license (steps 412-416). A Builder that registers again with the
/// same keys, as one does whose answer was lost, gets its license again.
///
/// # Errors
/// When the terms were not accepted or a key is unusable.
pub async fn register(
    app: &App,
    request: RegisterBuilder,
    request_key: [u8; 32],
) -> Result<Issued, BuilderLicenseError> {
    accepted(app, request.terms_digest)?;
    EncryptionKey::from_spki(&request.decryption_key).map_err(|_| BuilderLicenseError::Key)?;
    let now = app.clock.now();
    let new = NewBuilder {
        license_id: LicenseId::new(),
        licensee_id: LicenseeId::random(),
        builder_key_id: key_id(&request.decryption_key),
        decryption_key: request.decryption_key,
        request_key,
        platform: request.platform,
        version: request.version,
        name: request.name,
        email: request.email,
        kind: BuilderKind::Trial,
        ends_at: Some(now.plus(app.config.builder.license_duration)),
        created_at: now,
        terms_digest: request.terms_digest,
    };
    let email_key = email_key(app.keys.master(), &new.email);
    let (facts, is_new) = match app.store.register_builder(&new, &email_key).await? {
        Registration::New(licensee_id) => (NewBuilder { licensee_id, ..new }, true),
        Registration::Existing(builder) if builder.revoked_at.is_some() => {
            return Err(BuilderLicenseError::Revoked);
        }
        Registration::Existing(builder) => (builder.facts, false),
        Registration::KeyTaken => return Err(BuilderLicenseError::KeyTaken),
    };
    Ok(Issued { answer: issue(app, facts, now)?, is_new })
}

/// Issues another license with a later end. Its id and secret stay the same (`BL-4`), so nothing that
/// was downloaded is lost.
///
/// # Errors
/// When the terms in force were not accepted, or the license was revoked.
pub async fn renew(
    app: &App,
    builder: &Builder,
    terms_digest: Digest,
) -> Result<BuilderLicenseAnswer, BuilderLicenseError> {
    accepted(app, terms_digest)?;
    let now = app.clock.now();
    let mut facts = builder.facts.clone();
    // A license that was given a later end by hand is not shortened by its renewal.
    facts.ends_at = facts.ends_at.map(|end| end.max(now.plus(app.config.builder.license_duration)));
    facts.terms_digest = terms_digest;
    let renewed =
        app.store.renew_builder(facts.license_id, facts.ends_at, &terms_digest, now).await?;
    if renewed { issue(app, facts, now) } else { Err(BuilderLicenseError::Revoked) }
}

/// Issues a Builder's license as it is recorded.
///
/// # Errors
/// When it cannot be signed.
pub fn issue_again(
    app: &App,
    builder: &Builder,
) -> Result<BuilderLicenseAnswer, BuilderLicenseError> {
    issue(app, builder.facts.clone(), app.clock.now())
}

/// Step 414: the terms must be those in force.
fn accepted(app: &App, terms_digest: Digest) -> Result<(), BuilderLicenseError> {
    if terms_digest == app.config.builder.terms_digest {
        Ok(())
    } else {
        Err(BuilderLicenseError::Terms)
    }
}

/// Seals the secret and signs the license: about a millisecond.
fn issue(
    app: &App,
    facts: NewBuilder,
    now: Instant,
) -> Result<BuilderLicenseAnswer, BuilderLicenseError> {
    let recipient = EncryptionKey::from_spki(&facts.decryption_key)?;
    let secret = LicenseSecret::derive(app.keys.master(), facts.license_id, facts.builder_key_id);
    let license = BuilderLicense {
        format: FORMAT,
        license_id: facts.license_id,
        licensee_ids: vec![facts.licensee_id],
        kind: facts.kind,
        holder: Holder { name: facts.name, email: facts.email },
        platform: facts.platform,
        builder_key_id: facts.builder_key_id,
        request_key: facts.request_key.to_vec(),
        sealed_secret: secret.seal_to(&recipient)?,
        issued_at: now,
        ends_at: facts.ends_at,
        terms_digest: facts.terms_digest,
    };
    let license = signed::sign(app.keys.signature(), &license)?;
    Ok(BuilderLicenseAnswer { license, time: now })
}

impl Refusal for BuilderLicenseError {
    fn slug(&self) -> Slug {
        match self {
            Self::Terms => Slug::TermsNotAccepted,
            Self::Key => Slug::NoBuilderKey,
            Self::KeyTaken => Slug::BadRequest,
            Self::Revoked => Slug::NoBuilderLicense,
            Self::Seal(_) | Self::Sign(_) | Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Terms => {
                "read the terms of the Builder and accept them: `trybuy setup --accept-terms`"
            }
            Self::Key => "set the Builder up anew with `trybuy setup`: it makes an RSA-3072 key",
            Self::KeyTaken => {
                "set the Builder up anew in an empty data directory, with keys of its own"
            }
            Self::Revoked => "ask the operator of the server",
            _ => return None,
        };
        Some(help.to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        match self {
            Self::Key => Some(AccessCondition::B),
            Self::Revoked => Some(AccessCondition::A),
            _ => None,
        }
    }
}
