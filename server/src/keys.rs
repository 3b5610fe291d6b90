//! The server's keys 137: the signature key pair and the master secret that others are derived from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use trybuy_formats::ids::KeyId;
use trybuy_formats::keys::{MasterSecret, key_id};
use trybuy_formats::primitives::{PrimitiveError, SignatureKey};
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, write_new};

/// The keys of a server. They have no `Debug`.
pub struct ServerKeys {
    master: MasterSecret,
    signature: SignatureKey,
    public_key: Vec<u8>,
    key_id: KeyId,
}

/// Why the server's keys cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A key file cannot be read or written.
    #[error("the key file {} cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A key file does not hold what it should.
    #[error("{} is not a key of this server: it was damaged or replaced", .0.display())]
    Damaged(PathBuf),
    /// No key could be made.
    #[error("no key could be made")]
    Generate(#[source] PrimitiveError),
}

impl ServerKeys {
    /// Makes the key files that are missing and loads all of them.
    ///
    /// A key that is there is kept, so that an `init` that was cut off can be repeated.
    ///
    /// # Errors
    /// When a file cannot be written or an existing one is damaged.
    pub fn create_missing(data_dir: &DataDir) -> Result<Self, KeysError> {
        let master = data_dir.master_secret();
        if !master.exists() {
            keep_existing(&master, write_new(&master, MasterSecret::generate().as_bytes()))?;
        }
        let signature = data_dir.signature_key();
        if !signature.exists() {
            let key = SignatureKey::generate().map_err(KeysError::Generate)?;
            let pkcs8 = key.to_pkcs8().map_err(KeysError::Generate)?;
            keep_existing(&signature, write_new(&signature, &pkcs8))?;
        }
        Self::load(data_dir)
    }

    /// Loads the keys.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn load(data_dir: &DataDir) -> Result<Self, KeysError> {
        let path = data_dir.master_secret();
        let bytes: Zeroizing<[u8; MasterSecret::LENGTH]> = read(&path)?
            .as_slice()
            .try_into()
            .map(Zeroizing::new)
            .map_err(|_| KeysError::Damaged(path))?;
        let path = data_dir.signature_key();
        let signature =
            SignatureKey::from_pkcs8(&read(&path)?).map_err(|_| KeysError::Damaged(path))?;
        Ok(Self::new(MasterSecret::from_bytes(*bytes), signature))
    }

    /// The keys of a server out of their parts.
    pub fn new(master: MasterSecret, signature: SignatureKey) -> Self {
        let public_key = signature.verification_key().spki().to_vec();
        let key_id = key_id(&public_key);
        Self { master, signature, public_key, key_id }
    }

    /// The master secret.
    pub fn master(&self) -> &MasterSecret {
        &self.master
    }

    /// The private half of the signature key.
    pub fn signature(&self) -> &SignatureKey {
        &self.signature
    }

    /// The public half 187, SubjectPublicKeyInfo in DER.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Its key id (`CV-6`).
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }
}

/// Another `init` may have been faster; its key is as good.
fn keep_existing(path: &Path, written: io::Result<()>) -> Result<(), KeysError> {
    match written {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(KeysError::File { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
    let bytes =
        fs::read(path).map_err(|source| KeysError::File { path: path.to_owned(), source })?;
    Ok(Zeroizing::new(bytes))
}
