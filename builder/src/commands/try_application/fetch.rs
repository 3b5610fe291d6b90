//! Gets a trial's file: head first, then the rest, in place.
//!
//! The partial file *is* the client storage file in progress: once the head is known, its clear
//! copy is written, and the transmission file is downloaded behind it. So a download of any size
//! ends with an fsync and a rename, and can go on after the process was killed at any point.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use trybuy_formats::api::TrialAnswer;
use trybuy_formats::client_storage::{self, Stored};
use trybuy_formats::control::ControlInformation;
use trybuy_formats::signed::Verified;
use trybuy_formats::slug::Slug;

use super::{Place, Trial};
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
        let incoming = &download.incoming;
        match download.run() {
            Ok(partial) => match incoming.install(partial) {
                Err(error) if !last && is_worthless(&error) => {
                    output::notice(notices::DOWNLOAD_DAMAGED);
                    incoming.discard()?;
                }
                installed => return installed,
            },
            Err(DownloadError::Ended(error)) => return Err(error),
            Err(DownloadError::Write(error)) => {
                return Err(messages::local_file("write", &incoming.path(), error));
            }
            Err(DownloadError::Changed) => {
                output::notice(notices::DOWNLOAD_CHANGED);
                incoming.discard()?;
                answer = trial.again(&answer)?;
            }
        }
    }
    Err(messages::download_unstable(&trial.server.address().to_string()))
}

/// Installs a trial's file that was brought from another machine. Nothing of it stays if it is not whole
/// and good.
pub(super) fn carry(place: &Place<'_>, answer: &TrialAnswer, path: &Path) -> Result<(), Error> {
    let incoming = Incoming::new(place, answer);
    let failed = |error| messages::carried_file(path, error);
    let file = data_dir::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length != answer.length {
        return Err(messages::carried_file_incomplete(path, length, answer.length));
    }
    data_dir::check_room(place.context.data.root(), length)?;
    let source = file.try_clone().and_then(StoredFile::new).map_err(failed)?;
    let head = decoder::verify_file(place.id, &source, &place.builder)?;
    let installed = incoming.begin(head.control()).and_then(|mut partial| {
        let copied = io::copy(&mut &file, &mut partial.file);
        copied.map_err(|error| messages::local_file("write", &incoming.path(), error))?;
        partial.have = length;
        incoming.install(partial)
    });
    if installed.is_err() {
        incoming.discard()?;
    }
    installed
}

/// One download of one file.
struct Download<'a> {
    trial: &'a Trial<'a>,
    incoming: Incoming<'a>,
    source: Source,
}

/// A file that is on its way into the library.
struct Incoming<'a> {
    place: &'a Place<'a>,
    answer: &'a TrialAnswer,
    record: SourceRecord,
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
        Ok(Self { trial, incoming: Incoming::new(trial, answer), source })
    }

    /// Downloads what is missing.
    fn run(&self) -> Result<Partial, DownloadError> {
        let resumed = self.resume()?;
        let have = resumed.as_ref().map_or(0, |partial| partial.have);
        data_dir::check_room(self.trial.context.data.root(), self.source.length - have)?;
        let trial = &self.incoming.answer.trial;
        let (name, release) = (&trial.name, trial.version.to_string());
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
            .is_some_and(|earlier| earlier.is_same_file(&self.incoming.record));
        let path = self.incoming.path();
        let Ok(file) = OpenOptions::new().read(true).write(true).open(&path) else {
            return Ok(None);
        };
        let failed = |error| messages::local_file("read", &path, error);
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
        Ok(self.incoming.begin(head.control())?)
    }
}

impl<'a> Incoming<'a> {
    fn new(place: &'a Place<'a>, answer: &'a TrialAnswer) -> Self {
        Self { place, answer, record: SourceRecord::of(answer) }
    }

    fn path(&self) -> PathBuf {
        self.place.context.data.download(self.place.id).join("partial")
    }

    /// Begins the file with its clear copy.
    fn begin(&self, control: &Verified<ControlInformation>) -> Result<Partial, Error> {
        let prefix = client_storage::clear_prefix(control);
        let path = self.path();
        let failed = |error| messages::local_file("write", &path, error);
        data_dir::make_directory(&self.place.context.data.download(self.place.id))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        file.write_all(&prefix).map_err(failed)?;
        self.record.store_download(&self.place.context.data, self.place.id)?;
        let offset = u64::try_from(prefix.len()).unwrap_or(u64::MAX);
        Ok(Partial { file, offset, have: 0 })
    }

    /// Verifies every chunk, then moves the file to its place.
    fn install(&self, partial: Partial) -> Result<(), Error> {
        let (data, id) = (&self.place.context.data, self.place.id);
        let verified = self.verify(&partial)?;
        let control = verified.control();
        let lock = StateLock::wait(data, &self.place.builder.secret, id)?;
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
        let id = self.place.id;
        let failed = |error| messages::local_file("read", &self.path(), error);
        let file = StoredFile::new(partial.file.try_clone().map_err(failed)?).map_err(failed)?;
        let stored = Stored::open(file).map_err(|error| library::stored_problem(id, error))?;
        let verified = Fetched::new(id.clone(), stored).verify(&self.place.builder)?;
        if verified.control().trial_id != self.answer.trial.id {
            let url = self.place.builder.server.address.to_string();
            return Err(messages::strange_answer(&url, "it sends the file of another trial"));
        }
        let progress = Progress::of_bytes("Checking", 0, verified.checked_length());
        verified.check(&self.place.guard, &mut |done| progress.set(done))?;
        Ok(verified)
    }

    /// Removes what is left of the download.
    fn discard(&self) -> Result<(), Error> {
        data_dir::remove_folder(&self.place.context.data.download(self.place.id))
    }
}

/// Whether a refusal of the finished file can be mended by getting it again.
fn is_worthless(error: &Error) -> bool {
    matches!(error.slug(), Slug::FileDamaged | Slug::ControlMismatch | Slug::WrongKey)
}
