//! `[blobs]`: where the programs are.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

use super::ConfigError;
use crate::data_dir::DataDir;

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct BlobsConfig {
    /// The place.
    pub place: BlobsPlace,
    /// Where an upload waits until it has been checked; for a local place on the same file system.
    pub spool: PathBuf,
}

/// The kinds of place.
#[derive(Clone, Debug)]
pub enum BlobsPlace {
    /// A directory of this machine.
    Local(PathBuf),
    /// An object storage by its address: `s3://BUCKET/PREFIX`, `gs://…`, `az://…`.
    Remote(Url),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    url: Option<String>,
}

impl Section {
    pub(super) fn resolve(
        self,
        url: Option<String>,
        data_dir: &DataDir,
    ) -> Result<BlobsConfig, ConfigError> {
        let place = match url.or(self.url) {
            None => BlobsPlace::Local(data_dir.blobs()),
            Some(text) => place(&text, data_dir)?,
        };
        let spool = match &place {
            BlobsPlace::Local(path) => path.join("spool"),
            BlobsPlace::Remote(_) => data_dir.spool(),
        };
        Ok(BlobsConfig { place, spool })
    }
}

/// A text with a scheme is an address; any other is a path, relative to the data directory.
fn place(text: &str, data_dir: &DataDir) -> Result<BlobsPlace, ConfigError> {
    let wrong = || {
        ConfigError::invalid(
            "blobs.url",
            "is a directory, or an address with s3:, gs:, az: or file:",
        )
    };
    if !text.contains("://") {
        return Ok(BlobsPlace::Local(data_dir.path().join(text)));
    }
    let url = Url::parse(text).map_err(|_| wrong())?;
    match url.scheme() {
        "file" => url.to_file_path().map(BlobsPlace::Local).map_err(|()| wrong()),
        "s3" | "gs" | "az" | "memory" => Ok(BlobsPlace::Remote(url)),
        _ => Err(wrong()),
    }
}
