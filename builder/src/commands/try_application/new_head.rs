//! Puts another head before the body that is installed (`TF-7`): a few KB instead of the whole file.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;
use trybuy_formats::api::TrialAnswer;
use trybuy_formats::client_storage;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::policy::Layout;
use trybuy_formats::read_at::ReadAt;
use trybuy_formats::slug::Slug;

use crate::client::Server;
use crate::data_dir::{self, DataDir};
use crate::decoder::{self, Fetched, OpenedTrial};
use crate::error::Error;
use crate::library::{self, SourceRecord, StateLock, StoredFile};
use crate::license::LicensedBuilder;
use crate::messages;

/// Fetches the newest head of a trial and puts it in the place of the installed one, whose lock the
/// caller holds. Answers how many bytes were fetched; none where only the whole file will do: nothing is
/// installed, or something damaged, another release, or a file of the dispersed layout.
///
/// # Errors
/// What the server refuses, and `local-file`. The installed file stays as it is then.
pub(in crate::commands) fn replace(
    data: &DataDir,
    builder: &LicensedBuilder,
    server: &Server,
    answer: &TrialAnswer,
) -> Result<Option<usize>, Error> {
    let Some(installed) = installed(data, builder, &answer.trial.application)? else {
        return Ok(None);
    };
    match server.head(answer) {
        Err(error) if error.slug() == Slug::NotFound => Ok(None),
        head => put(data, builder, &installed, head?, answer),
    }
}

/// The installed file of an application, if another head can be put before its body.
///
/// # Errors
/// `local-file`.
pub(in crate::commands) fn installed(
    data: &DataDir,
    builder: &LicensedBuilder,
    id: &ApplicationId,
) -> Result<Option<OpenedTrial>, Error> {
    match Fetched::open(data, id) {
        Err(error) if error.slug() == Slug::LocalFile => Err(error),
        Err(_) => Ok(None),
        Ok(fetched) => {
            let opened = fetched.open_envelope(&builder.key).ok();
            Ok(opened.filter(|opened| opened.layout() == Layout::Leading))
        }
    }
}

/// Puts a head before the body of the installed file. Answers its bytes; none where it belongs to another
/// body.
///
/// # Errors
/// When the head is not one for this Builder and trial, and `local-file`. The installed file stays as it
/// is then.
pub(in crate::commands) fn put(
    data: &DataDir,
    builder: &LicensedBuilder,
    installed: &OpenedTrial,
    head: Vec<u8>,
    answer: &TrialAnswer,
) -> Result<Option<usize>, Error> {
    let id = &answer.trial.application;
    let Some(body) = installed.body_behind(&head, &builder.key) else { return Ok(None) };
    let path = library::file_of(data, id);
    let new = Spliced::new(head, &path, body)?;
    let verified = decoder::verify_file(id, &new, builder)?;
    if verified.control().trial_id != answer.trial.id {
        let url = builder.server.address.to_string();
        return Err(messages::strange_answer(&url, "it sends the head of another trial"));
    }
    let prefix = client_storage::clear_prefix(verified.control());
    let (head_number, trial_id) = (verified.control().head_number, verified.control().trial_id);
    let written = new.write(data, id, &prefix)?;
    let lock = StateLock::wait(data, &builder.secret, id)?;
    lock.update(trial_id, |state| state.head_number = state.head_number.max(head_number))?;
    data_dir::put(written, &path)?;
    drop(lock);
    SourceRecord::of(answer).store(data, id)?;
    Ok(Some(new.head.len()))
}

/// A transmission file that is not there yet: a new head, and the body of the installed file.
struct Spliced {
    head: Vec<u8>,
    installed: StoredFile,
    file: File,
    /// Where the body begins in the installed file.
    body: u64,
}

impl Spliced {
    fn new(head: Vec<u8>, path: &Path, body: u64) -> Result<Self, Error> {
        let failed = |error| messages::local_file("read", path, error);
        let file = data_dir::open(path).map_err(failed)?;
        let installed = file.try_clone().and_then(StoredFile::new).map_err(failed)?;
        Ok(Self { head, installed, file, body })
    }

    /// Writes the new file beside the installed one. The body is copied by the system, which shares it
    /// where the file system can.
    fn write(
        &self,
        data: &DataDir,
        id: &ApplicationId,
        prefix: &[u8],
    ) -> Result<NamedTempFile, Error> {
        data_dir::check_room(data.root(), self.installed.length())?;
        let mut written = data_dir::temporary(&data.application(id))?;
        let copy = |new: &mut File| -> io::Result<()> {
            new.write_all(prefix)?;
            new.write_all(&self.head)?;
            let mut old = &self.file;
            old.seek(SeekFrom::Start(self.body))?;
            io::copy(&mut old, new)?;
            new.sync_all()
        };
        match copy(written.as_file_mut()) {
            Ok(()) => Ok(written),
            Err(error) => Err(messages::local_file("write", written.path(), error)),
        }
    }
}

impl ReadAt for Spliced {
    fn length(&self) -> u64 {
        self.head.len() as u64 + self.installed.length().saturating_sub(self.body)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = self.head.len() as u64;
        let in_head = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (head, body) = buffer.split_at_mut(in_head.min(buffer.len()));
        if !head.is_empty() {
            let from = usize::try_from(offset).map_err(io::Error::other)?;
            head.copy_from_slice(&self.head[from..from + head.len()]);
        }
        let behind = offset.max(end) - end;
        self.installed.read_exact_at(self.body + behind, body)
    }
}
