//! The library of stored trials.

mod listing;
mod source;
mod state;
mod stored_file;

use std::fs;
use std::io;
use std::path::PathBuf;

use trybuy_formats::client_storage::{ClearCopy, Stored, StoredError};
use trybuy_formats::ids::ApplicationId;

use crate::data_dir::{self, DataDir};
use crate::error::Error;
use crate::messages;

pub use listing::{Listed, Viewer};
pub use source::SourceRecord;
pub use state::{MOST_DAYS, StateLock, first_run, recovered_state};
pub use stored_file::StoredFile;

/// The file of a stored trial, in the client storage format.
pub fn file_of(data: &DataDir, id: &ApplicationId) -> PathBuf {
    data.application(id).join("app.trybuy")
}

/// Every application in the library, ordered by id. Folders that only remember a removed trial
/// are not among them.
///
/// # Errors
/// `local-file` when the library cannot be read.
pub fn applications(data: &DataDir) -> Result<Vec<ApplicationId>, Error> {
    let library = data.library();
    let failed = |error| messages::local_file("read", &library, error);
    let entries = match fs::read_dir(&library) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        // Whatever else is in the folder is not ours.
        if let Some(id) = name.to_str().and_then(|name| name.parse().ok())
            && file_of(data, &id).exists()
        {
            ids.push(id);
        }
    }
    ids.sort();
    Ok(ids)
}

/// Opens the stored trial of an application.
///
/// # Errors
/// `not-installed`; `file-damaged` and others when it is not in the client storage format.
pub fn open(data: &DataDir, id: &ApplicationId) -> Result<Stored<StoredFile>, Error> {
    let path = file_of(data, id);
    let file = match data_dir::open(&path) {
        Ok(file) => StoredFile::new(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(messages::not_installed(id.as_str()));
        }
        Err(error) => Err(error),
    }
    .map_err(|error| messages::local_file("read", &path, error))?;
    Stored::open(file).map_err(|error| stored_problem(id, error))
}

/// The clear copy of a stored trial: for display, never trusted (`CS-1`).
///
/// # Errors
/// As [`open`].
pub fn clear_copy(data: &DataDir, id: &ApplicationId) -> Result<ClearCopy, Error> {
    open(data, id).map(|stored| stored.clear)
}

/// What a refusal of the client storage format means for an application.
pub(crate) fn stored_problem(id: &ApplicationId, error: StoredError) -> Error {
    messages::file_problem(id, error.slug(), "").caused_by(error)
}
