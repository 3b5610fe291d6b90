//! Blobs in an object storage.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use url::Url;

use super::{BlobKey, BlobsError, SpooledFile};

/// The parts an upload is sent in. With the 10,000 parts that S3 allows, the largest release fits.
const PART: usize = 8 << 20;
/// Parts of one upload that are on their way at the same time.
const PARTS_AT_ONCE: usize = 3;

/// A place in an object storage.
pub(super) struct RemoteBlobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

/// One blob in an object storage.
#[derive(Clone)]
pub struct RemoteBlob {
    store: Arc<dyn ObjectStore>,
    path: Path,
}

impl RemoteBlobs {
    /// The place at an address. Credentials come from the environment variables of the service.
    pub(super) fn open(url: &Url) -> Result<Self, BlobsError> {
        // `vars` would panic at a variable that is not UTF-8.
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let (store, prefix) = object_store::parse_url_opts(url, variables)?;
        Ok(Self { store: store.into(), prefix })
    }

    /// Sends a file in parts. An upload that fails is taken back.
    pub(super) async fn put(&self, key: &BlobKey, file: SpooledFile) -> Result<(), BlobsError> {
        let upload = self.store.put_multipart(&self.path_of(key)).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART);
        match send(&mut upload, file).await {
            Ok(()) => {
                upload.finish().await?;
                Ok(())
            }
            Err(error) => {
                upload.abort().await?;
                Err(error)
            }
        }
    }

    pub(super) fn reader(&self, key: &BlobKey) -> RemoteBlob {
        RemoteBlob { store: Arc::clone(&self.store), path: self.path_of(key) }
    }

    pub(super) async fn remove(&self, key: &BlobKey) -> Result<(), BlobsError> {
        match self.store.delete(&self.path_of(key)).await {
            Err(object_store::Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn path_of(&self, key: &BlobKey) -> Path {
        self.prefix.clone().join(key.as_str())
    }
}

impl RemoteBlob {
    /// A range of its bytes.
    ///
    /// # Errors
    /// When the object storage fails.
    pub async fn range(self, range: Range<u64>) -> Result<Bytes, BlobsError> {
        let wanted = range.end - range.start;
        let bytes = self.store.get_range(&self.path, range).await?;
        if bytes.len() as u64 == wanted {
            return Ok(bytes);
        }
        let short = "the object storage sent another length than was asked for";
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, short).into())
    }
}

async fn send(upload: &mut WriteMultipart, file: SpooledFile) -> Result<(), BlobsError> {
    let mut position = file.file();
    position.rewind()?;
    let mut file = file;
    loop {
        let (read, part) = read_part(file).await?;
        file = read;
        if part.is_empty() {
            return Ok(());
        }
        upload.wait_for_capacity(PARTS_AT_ONCE).await?;
        upload.put(part);
    }
}

/// Reads the next part off the async thread; the file travels there and back.
async fn read_part(file: SpooledFile) -> io::Result<(SpooledFile, Bytes)> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut part = Vec::with_capacity(PART);
        let reader: &File = file.file();
        reader.take(PART as u64).read_to_end(&mut part)?;
        Ok((file, Bytes::from(part)))
    });
    reading.await.map_err(io::Error::other)?
}
