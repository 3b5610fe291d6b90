//! The files of a gateway.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{Authorities, CertificateChain};
use trybuy_formats::limits;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey, PrimitiveError, RequestSignatureKey};
use zeroize::Zeroizing;

use crate::cli::files;
use crate::data_dir::{RoleDir, write_new};
use crate::gateway::access::{ISSUER, OwnKeys, REVOKED, Revocations};

/// Where each file of a gateway is.
pub(in crate::cli) struct Files<'a>(pub(in crate::cli) &'a RoleDir);

impl Files<'_> {
    pub(super) fn request_key(&self) -> PathBuf {
        self.0.file("request.key")
    }

    pub(super) fn decryption_key(&self) -> PathBuf {
        self.0.file("decryption.key")
    }

    pub(super) fn identity_key(&self) -> PathBuf {
        self.0.file("identity.key")
    }

    pub(super) fn authority(&self) -> PathBuf {
        self.0.file("authority.pem")
    }

    pub(super) fn issuer(&self) -> PathBuf {
        self.0.file(ISSUER)
    }

    /// The certifying authorities that are trusted.
    pub(in crate::cli) fn authorities(&self) -> Result<Authorities> {
        let path = self.authority();
        Authorities::from_pem(&read_text(&path)?).with_context(|| unusable(&path))
    }

    /// The license server's certificate, as it was when it was last asked.
    pub(in crate::cli) fn license_server(&self) -> Result<CertificateChain> {
        let path = self.issuer();
        CertificateChain::from_pem(&read_text(&path)?).with_context(|| unusable(&path))
    }

    /// What it has revoked, as far as was ever heard: nothing where it was not asked yet.
    pub(in crate::cli) fn revocations(&self) -> Result<Revocations> {
        let path = self.0.file(REVOKED);
        if !path.exists() {
            return Ok(Revocations::default());
        }
        let text = files::read_text(&path, Revocations::FILE)?;
        Revocations::from_text(&text).with_context(|| {
            format!("{}; without it, only what the next list has is refused", unusable(&path))
        })
    }

    /// The key that tokens for the service are signed with.
    pub(in crate::cli) fn load_identity_key(&self) -> Result<EcdsaKey> {
        load(&self.identity_key(), EcdsaKey::from_pkcs8)
    }
}

/// The keys that a gateway has for its license server.
pub(in crate::cli) fn own_keys(files: &Files<'_>) -> Result<OwnKeys> {
    Ok(OwnKeys {
        request: load(&files.request_key(), RequestSignatureKey::from_pkcs8)?,
        decryption: load(&files.decryption_key(), DecryptionKey::from_pkcs8)?,
    })
}

/// Loads a key.
pub(super) fn load<K>(
    path: &Path,
    read: impl FnOnce(&[u8]) -> Result<K, PrimitiveError>,
) -> Result<K> {
    let bytes = fs::read(path).map(Zeroizing::new);
    let bytes = bytes.with_context(|| format!("{} cannot be read", path.display()))?;
    read(&bytes).with_context(|| unusable(path))
}

/// Keeps a key that was made, unless one is there.
pub(super) fn keep(
    path: &Path,
    generate: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, PrimitiveError>,
) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let key = generate().context("no key can be made")?;
    write_new(path, &key).with_context(|| format!("{} cannot be written", path.display()))
}

/// A text file that is no longer than any file of certificates.
pub(super) fn read_text(path: &Path) -> Result<String> {
    Ok(files::read_text(path, limits::CERTIFICATE_FILE)?)
}

fn unusable(path: &Path) -> String {
    format!("{} cannot be used", path.display())
}
