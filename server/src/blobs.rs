//! The programs in the server format 180: the only object storage.
//!
//! A blob is written once, whole, under a new key, and never changed. In a local directory it comes
//! there by a rename out of the [`Spool`], so that no reader ever sees a part of one; it is read through
//! one shared read-only mapping, which makes a download as cheap as a plain file server's. In an object
//! storage it is read in ranges.

mod claim;
mod mapping;
mod remote;
mod spool;

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

pub use self::claim::Claim;
pub use self::mapping::Mapping;
pub use self::remote::RemoteBlob;
pub use self::spool::{Spool, SpooledFile};

use self::remote::RemoteBlobs;
use crate::config::{BlobsConfig, BlobsPlace};
use crate::data_dir::{create_private_dir, sync_dir};

/// Above this many mappings, those that nobody reads are given back.
const MAPPINGS: usize = 1024;

/// The name of a blob. It is made by the server and holds nothing that a client chose.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BlobKey(String);

impl BlobKey {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "each call gives another value")]
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7().hyphenated().to_string())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlobKey {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        uuid::Uuid::try_parse(text).map(|id| Self(id.hyphenated().to_string()))
    }
}

/// Why a blob cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlobsError {
    /// A local file.
    #[error("a blob of the local directory cannot be used")]
    Local(#[from] io::Error),
    /// The object storage.
    #[error("the object storage failed")]
    Remote(#[from] object_store::Error),
}

/// All blobs of a server.
pub struct Blobs {
    place: Place,
    spool: Spool,
}

enum Place {
    Local { directory: PathBuf, mappings: Mutex<HashMap<BlobKey, Arc<Mapping>>> },
    Remote(RemoteBlobs),
}

/// A blob that can be read at once.
#[derive(Clone)]
pub enum Blob {
    /// The whole of it, mapped into memory.
    Mapped(Arc<Mapping>),
    /// In ranges.
    Remote(RemoteBlob),
}

impl Blobs {
    /// Opens the place of a configuration and removes what unfinished uploads left in the spool.
    ///
    /// # Errors
    /// When a directory cannot be made or the object storage's settings are wrong.
    pub fn open(config: &BlobsConfig) -> Result<Self, BlobsError> {
        let place = match &config.place {
            BlobsPlace::Local(directory) => {
                create_private_dir(directory)?;
                Place::Local { directory: directory.clone(), mappings: Mutex::default() }
            }
            BlobsPlace::Remote(url) => Place::Remote(RemoteBlobs::open(url)?),
        };
        Ok(Self { place, spool: Spool::open(&config.spool)? })
    }

    /// Where uploads wait until they were checked.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Puts a spooled file, which is on the disk already, under a new key. The claim is to be
    /// settled once a release refers to it.
    ///
    /// # Errors
    /// When it cannot; what may be there of it is removed at the next start.
    pub async fn put(&self, key: &BlobKey, file: SpooledFile) -> Result<Claim, BlobsError> {
        let claim = Claim::new(self.spool.path(), key)?;
        self.place(key, file).await?;
        Ok(claim)
    }

    async fn place(&self, key: &BlobKey, file: SpooledFile) -> Result<(), BlobsError> {
        match &self.place {
            Place::Local { directory, .. } => {
                let target = path_of(directory, key);
                let moved = tokio::task::spawn_blocking(move || move_into_place(file, &target));
                Ok(moved.await.map_err(io::Error::other)??)
            }
            Place::Remote(remote) => remote.put(key, file).await,
        }
    }

    /// The blobs of processes that ended before it was settled whether a release refers to them.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn abandoned(&self) -> Result<Vec<Claim>, BlobsError> {
        Ok(Claim::abandoned(self.spool.path())?)
    }

    /// A blob to read from, which has `length` bytes.
    ///
    /// # Errors
    /// When it is missing or has another length.
    pub fn reader(&self, key: &BlobKey, length: u64) -> Result<Blob, BlobsError> {
        match &self.place {
            Place::Local { directory, mappings } => {
                Ok(Blob::Mapped(mapped(directory, mappings, key, length)?))
            }
            Place::Remote(remote) => Ok(Blob::Remote(remote.reader(key))),
        }
    }

    /// Removes a blob that no release refers to.
    ///
    /// # Errors
    /// When it cannot; a blob that is not there is no error.
    pub async fn remove(&self, key: &BlobKey) -> Result<(), BlobsError> {
        match &self.place {
            Place::Local { directory, .. } => match fs::remove_file(path_of(directory, key)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
                _ => Ok(()),
            },
            Place::Remote(remote) => remote.remove(key).await,
        }
    }
}

fn path_of(directory: &Path, key: &BlobKey) -> PathBuf {
    directory.join(key.as_str())
}

/// The rename is what makes the blob appear: whole, and durable once the directory is written.
fn move_into_place(file: SpooledFile, target: &Path) -> io::Result<()> {
    file.persist(target)?;
    target.parent().map_or(Ok(()), sync_dir)
}

fn mapped(
    directory: &Path,
    mappings: &Mutex<HashMap<BlobKey, Arc<Mapping>>>,
    key: &BlobKey,
    length: u64,
) -> io::Result<Arc<Mapping>> {
    let mut mappings = mappings.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(mapping) = mappings.get(key) {
        return Ok(Arc::clone(mapping));
    }
    if mappings.len() >= MAPPINGS {
        mappings.retain(|_, mapping| Arc::strong_count(mapping) > 1);
    }
    let mapping = Arc::new(Mapping::open(&path_of(directory, key), length)?);
    mappings.insert(key.clone(), Arc::clone(&mapping));
    Ok(mapping)
}
