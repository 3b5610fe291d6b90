//! Gets a trial's file: head first, then the rest, in place.
//!
//! The partial file *is* the client storage file in progress: once the head is known, its clear
//! copy is written, and the transmission file is downloaded behind it. So a download of any size
//! ends with an fsync and a rename, and can go on after the process was killed at any point.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use trybuy_formats::api::TrialAnswer;
use trybuy_formats::client_storage::{self, Stored};

use super::Trial;
use crate::client::download::{self, DownloadError, Patience, Source};
use crate::client::ranges::RemoteFile;
use crate::data_dir;
use crate::decoder::{self, Fetched, VerifiedTrial};
use crate::error::Error;
use crate::library::{self, SourceRecord, StateLock, StoredFile};
use crate::messages::{self, notices};
use crate::output;
use crate::output::progress::Progress;

/// How often a file that changed or came damaged is begun again.
const BEGINNINGS: usize = 3;

/// Downloads, verifies and installs a trial's file.
pub(super) fn fetch(trial: &Trial<'_>, answer: TrialAnswer) -> Result<(), Error> {
    let mut answer = answer;
    for beginning in 1..=BEGINNINGS {
        let last = beginning == BEGINNINGS;
        let download = Download::new(trial, &answer)?;
        match download.run() {
            Ok(partial) => match download.install(partial) {
                Err(error) if !last && download.is_worthless(&error) => {
                    output::notice(notices::DOWNLOAD_DAMAGED);
                    download.discard()?;
                }
                installed => return installed,
            },
            Err(DownloadError::Ended(error)) => return Err(error),
            Err(DownloadError::Write(error)) => {
                return Err(messages::local_file("write", &download.path(), error));
            }
            Err(DownloadError::Changed) => {
                output::notice(notices::DOWNLOAD_CHANGED);
                download.discard()?;
                answer = trial.request(None)?;
            }
        }
    }
    Err(messages::download_unstable(&trial.server.address().to_string()))
}

/// One download of one file.
struct Download<'a> {
    trial: &'a Trial<'a>,
    answer: &'a TrialAnswer,
    record: SourceRecord,
    source: Source,
}

/// A file in progress: where the transmission file begins in it, and how much of that is there.
struct Partial {
    file: File,
    offset: u64,
    have: u64,
}

impl<'a> Download<'a> {
    fn new(trial: &'a Trial<'a>, answer: &'a TrialAnswer) -> Result<Self, Error> {
        let source = Source {
            url: trial.server.address().download(&answer.download_url)?,
            length: answer.length,
            etag: answer.etag.clone(),
        };
        Ok(Self { trial, answer, record: SourceRecord::of(answer), source })
    }

    fn path(&self) -> PathBuf {
        self.trial.context.data.download(self.trial.id).join("partial")
    }

    /// Downloads what is missing.
    fn run(&self) -> Result<Partial, DownloadError> {
        let resumed = self.resume()?;
        let have = resumed.as_ref().map_or(0, |partial| partial.have);
        data_dir::check_room(self.trial.context.data.root(), self.source.length - have)?;
        let (name, release) = (&self.answer.trial.name, self.answer.trial.version.to_string());
        let percent = resumed.is_some().then(|| download::percent(have, self.source.length));
        let line = notices::downloading(name.as_str(), &release, self.source.length, percent);
        output::notice(&line);
        let mut partial = match resumed {
            Some(partial) => partial,
            None => self.begin()?,
        };
        let progress = Progress::of_bytes("Downloading", partial.have, self.source.length);
        download::download(
            self.trial.server.http(),
            &self.source,
            &partial.file,
            (partial.offset, partial.have),
            Patience::USUAL,
            &mut |position| progress.set(position),
        )?;
        partial.have = self.source.length;
        Ok(partial)
    }

    /// The partial file of an earlier process, if it is one of the same file.
    fn resume(&self) -> Result<Option<Partial>, Error> {
        let data = &self.trial.context.data;
        let same = SourceRecord::load_download(data, self.trial.id)
            .is_some_and(|earlier| earlier.is_same_file(&self.record));
        let Ok(file) = OpenOptions::new().read(true).write(true).open(self.path()) else {
            return Ok(None);
        };
        let failed = |error| messages::local_file("read", &self.path(), error);
        let length = file.metadata().map_err(failed)?.len();
        let stored = StoredFile::new(file.try_clone().map_err(failed)?).map_err(failed)?;
        // A clear copy that cannot be read, or a file that is too long, is begun again.
        Ok(client_storage::read_clear(&stored).ok().filter(|_| same).and_then(|clear| {
            let offset = clear.file_offset();
            let have = length.checked_sub(offset).filter(|have| *have <= self.source.length)?;
            Some(Partial { file, offset, have })
        }))
    }

    /// Verifies the head on the server, then begins the file with its clear copy. So nothing that
    /// this Builder could not run is ever downloaded whole.
    fn begin(&self) -> Result<Partial, DownloadError> {
        let remote = RemoteFile::new(self.trial.server.http(), &self.source);
        let head = decoder::verify_file(self.trial.id, &remote, &self.trial.builder);
        if remote.has_changed() {
            return Err(DownloadError::Changed);
        }
        let head = head.map_err(|error| remote.take_failure().unwrap_or(error))?;
        let prefix = client_storage::clear_prefix(head.control());
        let path = self.path();
        let failed = |error| messages::local_file("write", &path, error);
        data_dir::make_directory(&self.trial.context.data.download(self.trial.id))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.write_all(&prefix).map_err(failed)?;
        self.record.store_download(&self.trial.context.data, self.trial.id)?;
        let offset = u64::try_from(prefix.len()).unwrap_or(u64::MAX);
        Ok(Partial { file, offset, have: 0 })
    }

    /// Verifies every chunk, then moves the file to its place.
    fn install(&self, partial: Partial) -> Result<(), Error> {
        let (data, id) = (&self.trial.context.data, self.trial.id);
        let verified = self.verify(&partial)?;
        let control = verified.control();
        let lock = StateLock::wait(data, &self.trial.builder.secret, id)?;
        lock.update(control.trial_id, |state| {
            state.head_number = state.head_number.max(control.head_number);
        })?;
        data_dir::make_directory(&data.application(id))?;
        data_dir::publish(&partial.file, &self.path(), &library::file_of(data, id))?;
        drop(lock);
        self.record.store(data, id)?;
        self.discard()
    }

    fn verify(&self, partial: &Partial) -> Result<VerifiedTrial, Error> {
        let id = self.trial.id;
        let failed = |error| messages::local_file("read", &self.path(), error);
        let file = StoredFile::new(partial.file.try_clone().map_err(failed)?).map_err(failed)?;
        let stored = Stored::open(file).map_err(|error| library::stored_problem(id, error))?;
        let verified = Fetched::new(id.clone(), stored).verify(&self.trial.builder)?;
        if verified.control().trial_id != self.answer.trial.id {
            let url = self.trial.server.address().to_string();
            return Err(messages::strange_answer(&url, "it sends the file of another trial"));
        }
        let progress = Progress::of_bytes("Checking", 0, verified.checked_length());
        verified.check(&self.trial.guard, &mut |done| progress.set(done))?;
        Ok(verified)
    }

    /// Whether a refusal of the finished file can be mended by getting it again.
    fn is_worthless(&self, error: &Error) -> bool {
        use trybuy_formats::slug::Slug;
        matches!(error.slug(), Slug::FileDamaged | Slug::ControlMismatch | Slug::WrongKey)
    }

    /// Removes what is left of the download.
    fn discard(&self) -> Result<(), Error> {
        let folder = self.trial.context.data.download(self.trial.id);
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(messages::local_file("remove", &folder, error))
            }
            _ => Ok(()),
        }
    }
}
