//! The files of a license server, and the keys and certificates in them.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use trybuy_formats::certificates::{
    Authorities, CertificateChain, CertificateError, LicenseIssuer,
};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::limits;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey, PrimitiveError};
use trybuy_formats::slug::Slug;
use zeroize::Zeroizing;

use super::ROLE;
use crate::data_dir::{DataDir, RoleDir, write_new};
use crate::refusal::Refusal;

/// Where each file of a license server is.
#[derive(Clone, Debug)]
pub struct LicenseServerFiles(RoleDir);

impl LicenseServerFiles {
    /// Those of a data directory; nothing is looked at.
    pub fn of(data_dir: &DataDir) -> Self {
        Self(data_dir.role(ROLE))
    }

    /// Their directory.
    pub fn directory(&self) -> &RoleDir {
        &self.0
    }

    /// The key K_LS that packs are encrypted to, PKCS#8 in DER.
    pub fn pack_key(&self) -> PathBuf {
        self.0.file("packs.key")
    }

    /// The key that licenses are signed with, PKCS#8 in DER.
    pub fn issuer_key(&self) -> PathBuf {
        self.0.file("issuer.key")
    }

    /// The secret of tokens, records and their mark, 32 bytes.
    pub fn secret(&self) -> PathBuf {
        self.0.file("license-server.secret")
    }

    /// What the certifying authority signs for the key of packs.
    pub fn pack_request(&self) -> PathBuf {
        self.0.file("license-server.csr")
    }

    /// What the certifying authority signs for the key of licenses.
    pub fn issuer_request(&self) -> PathBuf {
        self.0.file("issuer.csr")
    }

    /// The certificate of the key of packs, with its chain.
    pub fn pack_certificate(&self) -> PathBuf {
        self.0.file("certificate.pem")
    }

    /// The certificate of the key of licenses, with its chain.
    pub fn issuer_certificate(&self) -> PathBuf {
        self.0.file("issuer.pem")
    }

    /// The certifying authority's certificates.
    pub fn authority(&self) -> PathBuf {
        self.0.file("authority.pem")
    }

    /// How many records there were, outside of the database.
    pub fn mark(&self) -> PathBuf {
        self.0.file("records.mark")
    }

    /// The client images.
    pub fn images(&self) -> PathBuf {
        self.0.file("images")
    }
}

/// The keys of a license server. They have no `Debug`.
pub struct LicenseServerKeys {
    /// The key K_LS that packs are encrypted to.
    pub packs: DecryptionKey,
    /// The key that licenses are signed with.
    pub issuer: EcdsaKey,
    /// The secret of tokens, records and their mark.
    pub secret: LicenseServerSecret,
}

/// The certificates of a license server.
pub struct LicenseServerCertificates {
    /// Of the key of packs.
    pub packs: CertificateChain,
    /// Of the key of licenses, with that key.
    pub issuer: LicenseIssuer,
    /// Whom it trusts.
    pub authorities: Authorities,
}

/// Why keys or certificates cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LicenseServerKeysError {
    /// A file cannot be read or written.
    #[error("the file {} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A key file does not hold what it should.
    #[error("{} is not a key of this license server: it was damaged or replaced", .0.display())]
    Damaged(PathBuf),
    /// There is no certificate yet.
    #[error("there is no certificate at {}", .0.display())]
    NoCertificate(PathBuf),
    /// A certificate does not hold what it should.
    #[error("{} was refused", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CertificateError,
    },
    /// No key could be made.
    #[error("no key could be made")]
    Generate(#[source] PrimitiveError),
}

impl Refusal for LicenseServerKeysError {
    fn slug(&self) -> Slug {
        match self {
            Self::File { .. } | Self::Damaged(_) => Slug::LocalFile,
            Self::NoCertificate(_) => Slug::NotSetUp,
            Self::Certificate { .. } => Slug::CertificateRefused,
            Self::Generate(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::File { .. } | Self::Damaged(_) => "restore it from your copy",
            Self::NoCertificate(_) | Self::Certificate { .. } => {
                "have a certifying authority issue certificates for the two requests that `init` wrote, then \
                 run `trybuy-server license-server certificate install`"
            }
            Self::Generate(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl LicenseServerKeys {
    /// Makes the key files that are missing and loads all of them. A key that is there is kept, so that an `init`
    /// that was cut off can be repeated.
    ///
    /// # Errors
    /// When a file cannot be written or an existing one is damaged.
    pub fn create_missing(files: &LicenseServerFiles) -> Result<Self, LicenseServerKeysError> {
        let generate = LicenseServerKeysError::Generate;
        create(&files.secret(), || {
            Ok(Zeroizing::new(LicenseServerSecret::generate().as_bytes().to_vec()))
        })?;
        create(&files.issuer_key(), || {
            EcdsaKey::generate().and_then(|key| key.to_pkcs8()).map_err(generate)
        })?;
        create(&files.pack_key(), || {
            DecryptionKey::generate().and_then(|key| key.to_pkcs8()).map_err(generate)
        })?;
        Self::load(files)
    }

    /// Loads the keys.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn load(files: &LicenseServerFiles) -> Result<Self, LicenseServerKeysError> {
        let damaged = LicenseServerKeysError::Damaged;
        let secret: Zeroizing<[u8; LicenseServerSecret::LENGTH]> = read(&files.secret())?
            .as_slice()
            .try_into()
            .map(Zeroizing::new)
            .map_err(|_| damaged(files.secret()))?;
        Ok(Self {
            packs: DecryptionKey::from_pkcs8(&read(&files.pack_key())?)
                .map_err(|_| damaged(files.pack_key()))?,
            issuer: EcdsaKey::from_pkcs8(&read(&files.issuer_key())?)
                .map_err(|_| damaged(files.issuer_key()))?,
            secret: LicenseServerSecret::from_bytes(*secret),
        })
    }
}

impl LicenseServerCertificates {
    /// Loads the certificates. Whether they are valid now is not asked.
    ///
    /// # Errors
    /// When a file is missing, or does not hold what it should.
    pub fn load(
        files: &LicenseServerFiles,
        issuer: EcdsaKey,
    ) -> Result<Self, LicenseServerKeysError> {
        let refused = |path| move |source| LicenseServerKeysError::Certificate { path, source };
        let chain = |path: PathBuf| {
            CertificateChain::from_pem(&read_pem(&path)?).map_err(refused(path.clone()))
        };
        let authority = files.authority();
        let issuer_chain = chain(files.issuer_certificate())?;
        Ok(Self {
            packs: chain(files.pack_certificate())?,
            issuer: LicenseIssuer::new(issuer, issuer_chain)
                .map_err(refused(files.issuer_certificate()))?,
            authorities: Authorities::from_pem(&read_pem(&authority)?)
                .map_err(refused(authority))?,
        })
    }
}

fn create(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, LicenseServerKeysError>,
) -> Result<(), LicenseServerKeysError> {
    if path.exists() {
        return Ok(());
    }
    match write_new(path, &make()?) {
        // Another `init` may have been faster; its key is as good.
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(LicenseServerKeysError::File { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, LicenseServerKeysError> {
    let bytes = fs::read(path)
        .map_err(|source| LicenseServerKeysError::File { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(bytes))
}

/// A file of certificates, read up to its cap.
fn read_pem(path: &Path) -> Result<String, LicenseServerKeysError> {
    let file = fs::File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LicenseServerKeysError::NoCertificate(path.to_owned()),
        _ => LicenseServerKeysError::File { path: path.to_owned(), source },
    })?;
    let mut text = String::new();
    let cap = limits::CERTIFICATE_FILE as u64 + 1;
    file.take(cap)
        .read_to_string(&mut text)
        .map_err(|source| LicenseServerKeysError::File { path: path.to_owned(), source })?;
    Ok(text)
}
