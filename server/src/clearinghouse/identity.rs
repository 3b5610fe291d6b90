//! Who the clearinghouse is: its private signing key, its certificate, and the certifying authority that it
//! and the license servers trust.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use trybuy_formats::certificates::{
    Authorities, CertificateChain, CertificateError, CertificateRequest, IssueError, Role,
};
use trybuy_formats::ids::ClearinghouseId;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::primitives::{EcdsaKey, EncryptionKey, PrimitiveError};
use trybuy_formats::signed::SignError;
use trybuy_formats::slug::Slug;
use zeroize::Zeroizing;

use crate::data_dir::{RoleDir, write_new};
use crate::refusal::Refusal;
use crate::store::PackMaker;

/// The private signing key, PKCS#8 in DER.
const KEY: &str = "signing.key";
/// The certificate, and those it was issued under.
const CERTIFICATE: &str = "certificate.pem";
/// The certifying authority's certificates.
const AUTHORITY: &str = "authority.pem";

/// The private signing key.
pub struct SigningKey(EcdsaKey);

/// Key, certificate and authority.
pub struct Identity {
    id: ClearinghouseId,
    key: EcdsaKey,
    chain: CertificateChain,
    authorities: Authorities,
}

/// Why the clearinghouse does not know who it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("{} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is no certificate yet.
    #[error("the clearinghouse has no certificate yet")]
    NoCertificate,
    /// The key file does not hold what it should.
    #[error("{} is not a key: it was damaged or replaced", .0.display())]
    DamagedKey(PathBuf),
    /// No key could be made.
    #[error("no key could be made")]
    Generate(#[source] PrimitiveError),
    /// The certificate or the authority's is not what it should be.
    #[error("the certificate cannot be used")]
    Certificate(#[from] CertificateError),
    /// The certificate is for another key.
    #[error("the certificate is not for the key of this clearinghouse")]
    OtherKey,
    /// The certificate is for another clearinghouse.
    #[error("the certificate is for `{found}`, and this clearinghouse is `{id}`")]
    OtherId {
        /// Whose it is.
        found: String,
        /// Who this is.
        id: ClearinghouseId,
    },
}

/// Why a pack could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackFault {
    /// The clearinghouse's own certificate is not valid now.
    #[error("the clearinghouse's certificate cannot be used")]
    Certificate(#[source] CertificateError),
    /// The license server's key cannot be used.
    #[error("the license server's key cannot be used")]
    Recipient(#[source] PrimitiveError),
    /// The pack cannot be encrypted or signed.
    #[error("the pack cannot be encrypted or signed")]
    Sign(#[source] SignError),
}

impl SigningKey {
    /// Makes the key, unless it is there: an `init` that was cut off can be repeated.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn create_missing(directory: &RoleDir) -> Result<Self, IdentityError> {
        let path = directory.file(KEY);
        if !path.exists() {
            let key = EcdsaKey::generate().map_err(IdentityError::Generate)?;
            let pkcs8 = key.to_pkcs8().map_err(IdentityError::Generate)?;
            match write_new(&path, &pkcs8) {
                // Another `init` was faster; its key is as good.
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(IdentityError::File { path, source });
                }
                _ => {}
            }
        }
        Self::load(directory)
    }

    /// Reads the key.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(directory: &RoleDir) -> Result<Self, IdentityError> {
        let path = directory.file(KEY);
        let bytes = fs::read(&path).map(Zeroizing::new);
        let bytes = bytes.map_err(|source| IdentityError::File { path: path.clone(), source })?;
        EcdsaKey::from_pkcs8(&bytes).map(Self).map_err(|_| IdentityError::DamagedKey(path))
    }

    /// The request for a certificate, in PEM.
    ///
    /// # Errors
    /// When the library fails.
    pub fn request(&self, name: &str, id: &ClearinghouseId) -> Result<String, IssueError> {
        CertificateRequest::to_sign_with(&self.0, name, id.as_str())
    }
}

impl Identity {
    /// Puts the parts together, which have to fit each other and be valid now. Whether they still are is asked
    /// again when something is signed.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn new(
        id: ClearinghouseId,
        key: SigningKey,
        chain: CertificateChain,
        authorities: Authorities,
        now: Instant,
    ) -> Result<Self, IdentityError> {
        let certificate = authorities.verify(&chain, Role::Clearinghouse, now)?;
        let found = certificate.subject_id().unwrap_or_default();
        if certificate.spki() != key.0.spki() {
            return Err(IdentityError::OtherKey);
        }
        if found != id.as_str() {
            return Err(IdentityError::OtherId { found, id });
        }
        Ok(Self { id, key: key.0, chain, authorities })
    }

    /// Reads the files of the clearinghouse's directory.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn load(
        directory: &RoleDir,
        id: ClearinghouseId,
        now: Instant,
    ) -> Result<Self, IdentityError> {
        let key = SigningKey::load(directory)?;
        let chain = CertificateChain::from_pem(&installed(&directory.file(CERTIFICATE))?)?;
        Self::new(id, key, chain, authorities(directory)?, now)
    }

    /// The certifying authority that orders are verified with.
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// Puts certificate and authority into the clearinghouse's directory, in place of those there are. The
    /// authority goes first: without it, a new certificate is refused, and without the certificate, all is.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn install(&self, directory: &RoleDir) -> io::Result<()> {
        directory.replace(AUTHORITY, self.authorities.to_pem().as_bytes())?;
        directory.replace(CERTIFICATE, self.chain.to_pem().as_bytes())
    }
}

impl Refusal for IdentityError {
    fn slug(&self) -> Slug {
        match self {
            Self::File { .. } | Self::DamagedKey(_) => Slug::LocalFile,
            Self::NoCertificate => Slug::NotSetUp,
            Self::Generate(_) => Slug::ServerError,
            _ => Slug::CertificateRefused,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::File { .. } | Self::DamagedKey(_) => "restore it from your copy",
            Self::NoCertificate => {
                "have a certifying authority issue one for `request.pem`, then run `trybuy-server \
                 clearinghouse certificate install`"
            }
            Self::Generate(_) => return None,
            _ => {
                "have the certifying authority issue one for `request.pem` in the role of a clearinghouse"
            }
        };
        Some(help.to_owned())
    }
}

/// The certifying authority of a clearinghouse that has a certificate.
///
/// # Errors
/// [`IdentityError`].
pub fn authorities(directory: &RoleDir) -> Result<Authorities, IdentityError> {
    Ok(Authorities::from_pem(&installed(&directory.file(AUTHORITY))?)?)
}

fn installed(path: &Path) -> Result<String, IdentityError> {
    fs::read_to_string(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => IdentityError::NoCertificate,
        _ => IdentityError::File { path: path.to_owned(), source },
    })
}

impl PackMaker for Identity {
    type Fault = PackFault;

    fn clearinghouse(&self) -> &ClearinghouseId {
        &self.id
    }

    /// "Encrypts the license pack using the license server's public key", then "digitally signs" it (SL Fig.
    /// 4, step 160). Only in that order does the signature name whom the pack is for.
    fn make(&self, pack: &LicensePack, recipient_key: &[u8]) -> Result<String, PackFault> {
        self.authorities
            .verify(&self.chain, Role::Clearinghouse, pack.issued_at)
            .map_err(PackFault::Certificate)?;
        let recipient = EncryptionKey::from_spki(recipient_key).map_err(PackFault::Recipient)?;
        let sealed = pack.seal(&recipient).map_err(PackFault::Sign)?;
        sign_certified(&self.key, &self.chain, &sealed).map_err(PackFault::Sign)
    }
}
