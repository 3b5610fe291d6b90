//! The client image installer 118 and the client image cache 120: images as files, named by their digests.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use trybuy_formats::certificates::{Authorities, Role};
use trybuy_formats::ids::{ClientSoftwareId, Digest};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::challenge::Response;
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_formats::licensing::signing::{CertifiedError, open_certified};
use trybuy_formats::primitives::Sha256;
use trybuy_formats::slug::Slug;

use crate::data_dir::{TEMPORARY, create_private_dir, open_regular, sync_dir};
use crate::refusal::Refusal;
use crate::store::{NewClientImage, Store, StoreError};

/// Images that are hashed at the same time: each takes a core.
const HASHING: usize = 4;
/// How much of an image is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// The cache.
#[derive(Clone, Debug)]
pub struct ImageCache {
    directory: PathBuf,
    hashing: Arc<Semaphore>,
}

/// Why an image was not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageRefused {
    /// The vendor's statement is not authentic.
    #[error("the vendor's statement was refused")]
    Statement(#[source] CertifiedError),
    /// The statement is by another vendor than the software id names.
    #[error(
        "the statement is signed by the vendor {signer}, and the client is one of the vendor {named}"
    )]
    Vendor {
        /// Whose certificate it is.
        signer: String,
        /// Whose client it is.
        named: String,
    },
    /// The file is not the one that the vendor signed.
    #[error("the file is not the image that its vendor signed")]
    Content,
    /// Another image has that software id already.
    #[error("another image is installed as {0}: a vendor gives each release an id of its own")]
    Taken(ClientSoftwareId),
    /// The file cannot be read or stored.
    #[error("the image cannot be stored")]
    File(#[source] io::Error),
    /// The store.
    #[error("the image cannot be recorded")]
    Store(#[from] StoreError),
}

impl Refusal for ImageRefused {
    fn slug(&self) -> Slug {
        match self {
            Self::File(_) => Slug::LocalFile,
            Self::Store(_) => Slug::ServerError,
            _ => Slug::ClientImageRefused,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Statement(_) => {
                "ask the vendor for the statement that belongs to the image, and see that the certifying \
                 authority's certificate is the right one"
            }
            Self::Vendor { .. } | Self::Taken(_) => "ask the vendor",
            Self::Content => "fetch the image and its statement from the vendor again",
            Self::File(_) => {
                "see whether the file can be read, and whether there is room on the disk"
            }
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl ImageCache {
    /// The cache in a directory, which need not be there yet.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, hashing: Arc::new(Semaphore::new(HASHING)) }
    }

    /// Installs an image, if its vendor signed it: "uses this public key to verify the client's signature before
    /// installing the client image on the cache".
    ///
    /// # Errors
    /// Why it was refused; nothing is installed then.
    pub async fn install(
        &self,
        store: &Store,
        authorities: &Authorities,
        statement: &str,
        image: &Path,
        now: Instant,
    ) -> Result<ClientImage, ImageRefused> {
        let described = check_statement(authorities, statement, now)?;
        self.store_file(image, &described)?;
        let new = NewClientImage {
            image: described.clone(),
            statement: statement.to_owned(),
            added_at: now,
        };
        if store.add_client_image(&new).await? {
            return Ok(described);
        }
        Err(ImageRefused::Taken(described.software_id))
    }

    /// The response that a client with an image would give (SL Fig. 7, steps 234 and 236). Read and hashed on a
    /// thread where that hinders nobody.
    ///
    /// # Errors
    /// When the image cannot be read or is not the one that was installed.
    pub async fn response(&self, image: &ClientImage, challenge: Digest) -> io::Result<Digest> {
        let permit = Arc::clone(&self.hashing).acquire_owned().await;
        let permit = permit.expect("the semaphore of the images is never closed");
        let (path, size) = (self.path(&image.digest), image.size);
        let hashed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let mut response = Response::to(challenge.as_bytes());
            let read = read_pieces(&mut File::open(path)?, size, |piece| {
                response.update(piece);
                Ok(())
            })?;
            if read == size {
                Ok(response.finish())
            } else {
                Err(io::ErrorKind::InvalidData.into())
            }
        });
        hashed.await.map_err(io::Error::other)?
    }

    /// Where an image is.
    fn path(&self, digest: &Digest) -> PathBuf {
        self.directory.join(digest.to_string())
    }

    /// Copies the image into the cache, whole or not at all, if it is the one that was described.
    fn store_file(&self, image: &Path, described: &ClientImage) -> Result<(), ImageRefused> {
        let file = ImageRefused::File;
        create_private_dir(&self.directory).map_err(file)?;
        let mut source = open_regular(image).map_err(file)?;
        let mut copy = tempfile::Builder::new()
            .prefix(TEMPORARY)
            .tempfile_in(&self.directory)
            .map_err(file)?;
        let mut hash = Sha256::new();
        let size = read_pieces(&mut source, described.size, |piece| {
            hash.update(piece);
            io::Write::write_all(&mut copy, piece)
        })
        .map_err(file)?;
        if size != described.size || Digest::from_bytes(hash.finish()) != described.digest {
            return Err(ImageRefused::Content);
        }
        copy.as_file().sync_all().map_err(file)?;
        copy.persist(self.path(&described.digest)).map_err(|refused| file(refused.error))?;
        sync_dir(&self.directory).map_err(file)
    }

    /// Removes the file of an image that no software id has any more.
    ///
    /// # Errors
    /// What the system says.
    pub fn remove(&self, digest: &Digest) -> io::Result<()> {
        std::fs::remove_file(self.path(digest))
    }
}

fn check_statement(
    authorities: &Authorities,
    statement: &str,
    now: Instant,
) -> Result<ClientImage, ImageRefused> {
    let (signer, image) =
        open_certified::<ClientImage>(authorities, Role::ImageVendor, now, statement)
            .map_err(ImageRefused::Statement)?;
    let signer = signer.subject_id().unwrap_or_default();
    let named = image.software_id.vendor().to_string();
    if signer != named {
        return Err(ImageRefused::Vendor { signer, named });
    }
    Ok((*image).clone())
}

/// Reads a file in pieces, and one byte more than it should have at the most. Answers how many there were.
fn read_pieces(
    file: &mut File,
    size: u64,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut limited = file.take(size + 1);
    let mut total = 0;
    loop {
        let length = limited.read(&mut piece)?;
        if length == 0 {
            return Ok(total);
        }
        total += length as u64;
        each(&piece[..length])?;
    }
}
