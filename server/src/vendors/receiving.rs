//! Receiving an upload into the spool, in constant memory.

use std::io;

use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use trybuy_formats::slug::Slug;

use crate::blobs::{Spool, SpooledFile};
use crate::refusal::Refusal;

/// What is collected before it goes to the disk, in bytes.
const BUFFER: usize = 1 << 20;

/// An upload that is being received. When it is dropped before its end, nothing stays.
pub struct Receiver {
    spooled: SpooledFile,
    file: File,
    length: u64,
    maximum: u64,
}

/// Why an upload was not received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It is too large.
    #[error("the release is larger than {0} bytes, the most this server takes")]
    TooLarge(u64),
    /// The disk is full.
    #[error("the server has no room for the release")]
    DiskFull(#[source] io::Error),
    /// The spool cannot be written.
    #[error("the upload cannot be written")]
    Io(#[source] io::Error),
}

impl Receiver {
    /// Begins an upload of at most `maximum` bytes.
    ///
    /// # Errors
    /// When the spool cannot be written.
    pub fn begin(spool: &Spool, maximum: u64) -> Result<Self, ReceiveError> {
        let spooled = spool.create()?;
        let mut file = File::from_std(spooled.file().try_clone()?);
        file.set_max_buf_size(BUFFER);
        Ok(Self { spooled, file, length: 0, maximum })
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// When there are too many, or the spool cannot be written.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ReceiveError> {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length > self.maximum {
            return Err(ReceiveError::TooLarge(self.maximum));
        }
        Ok(self.file.write_all(bytes).await?)
    }

    /// Ends the upload; it is on the disk then.
    ///
    /// # Errors
    /// When the spool cannot be written.
    pub async fn finish(mut self) -> Result<SpooledFile, ReceiveError> {
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(self.spooled)
    }
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(error),
            _ => Self::Io(error),
        }
    }
}

impl Refusal for ReceiveError {
    fn slug(&self) -> Slug {
        match self {
            Self::TooLarge(_) => Slug::TooLarge,
            Self::DiskFull(_) => Slug::DiskFull,
            Self::Io(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::TooLarge(_) => {
                Some("ask the operator to raise `uploads.maximum_size`".to_owned())
            }
            Self::DiskFull(_) => Some("tell the operator of the server".to_owned()),
            Self::Io(_) => None,
        }
    }
}
