//! The program decoder (114, steps 426-434). A trial passes through types, in this order only:
//!
//! ```text
//! Fetched ── open ──▶ OpenedTrial ── verify ──▶ VerifiedTrial ── authorize ──▶ AuthorizedTrial ── decode ──▶ MemoryFile
//! ```
//!
//! What is decoded goes straight into memory that can be executed and not be read.

use std::io;
use std::thread;

use trybuy_formats::client_storage::{ClearCopy, Stored};
use trybuy_formats::control::ControlInformation;
use trybuy_formats::execution_format::ProgramMemory;
use trybuy_formats::expiry::{Decision, TrialState, TrustedTime};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::policy::Layout;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::read_at::{Offset, ReadAt};
use trybuy_formats::signed::Verified;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{Authorized, NotAuthorized, Opened, VerifiedFile};

use crate::data_dir::DataDir;
use crate::error::Error;
use crate::execution::{LaunchGuard, MemoryFile, MemoryWriter};
use crate::library::{self, StoredFile};
use crate::license::{self, LicensedBuilder};
use crate::messages;

/// The most threads that decode: more gain nothing against memory bandwidth.
const MOST_THREADS: usize = 8;

/// A stored trial as it lies in the library. Nothing of it is trusted.
pub struct Fetched {
    id: ApplicationId,
    stored: Stored<StoredFile>,
}

impl Fetched {
    /// Opens the stored trial of an application.
    ///
    /// # Errors
    /// `not-installed`, and `file-damaged` when it is not in the client storage format.
    pub fn open(data: &DataDir, id: &ApplicationId) -> Result<Self, Error> {
        Ok(Self { id: id.clone(), stored: library::open(data, id)? })
    }

    /// A file that is not in the library yet.
    pub(crate) fn new(id: ApplicationId, stored: Stored<StoredFile>) -> Self {
        Self { id, stored }
    }

    /// The clear copy: for display, never trusted (`CS-1`).
    pub fn clear(&self) -> &ClearCopy {
        &self.stored.clear
    }

    /// Opens the envelope, with one RSA decryption.
    ///
    /// # Errors
    /// `wrong-key`, `file-damaged`, `format-too-new`.
    pub fn open_envelope(self, key: &DecryptionKey) -> Result<OpenedTrial, Error> {
        let Self { id, stored: Stored { clear, file } } = self;
        let file = open_envelope(&id, file, key)?;
        Ok(OpenedTrial { id, clear, file })
    }

    /// Opens and verifies it.
    ///
    /// # Errors
    /// As [`Self::open_envelope`] and [`OpenedTrial::verify`].
    pub fn verify(self, builder: &LicensedBuilder) -> Result<VerifiedTrial, Error> {
        self.open_envelope(&builder.key)?.verify(builder)
    }
}

/// A trial whose envelope was opened. Nothing of it has been verified to come from the server.
pub struct OpenedTrial {
    id: ApplicationId,
    clear: ClearCopy,
    file: Opened<Offset<StoredFile>>,
}

impl OpenedTrial {
    /// The layout of its file.
    pub fn layout(&self) -> Layout {
        self.file.layout()
    }

    /// Where in the stored file the body begins, if that head can be put before it (`TF-7`).
    pub fn body_behind(&self, head: &[u8], key: &DecryptionKey) -> Option<u64> {
        let offset = self.file.replace_head(head, key).ok()?;
        Some(self.clear.file_offset() + offset)
    }

    /// Opens the control information, and checks that it is for this Builder, and that the clear
    /// copy is its copy (`CI-6`, `CS-2`).
    ///
    /// # Errors
    /// `wrong-key`, `file-damaged`, `licensee-mismatch`, `control-mismatch`.
    pub fn verify(self, builder: &LicensedBuilder) -> Result<VerifiedTrial, Error> {
        let Self { id, clear, file } = self;
        let file = verify_control(&id, file, builder)?;
        file.compare_clear_copy(&clear).map_err(|error| file_problem(&id, error.slug(), error))?;
        Ok(VerifiedTrial { id, file })
    }
}

/// Opens and verifies the head of a transmission file, wherever it is.
///
/// # Errors
/// As [`Fetched::verify`], and `control-mismatch` when it is another application's.
pub(crate) fn verify_file<R: ReadAt>(
    id: &ApplicationId,
    source: R,
    builder: &LicensedBuilder,
) -> Result<VerifiedFile<R>, Error> {
    verify_control(id, open_envelope(id, source, &builder.key)?, builder)
}

fn open_envelope<R: ReadAt>(
    id: &ApplicationId,
    source: R,
    key: &DecryptionKey,
) -> Result<Opened<R>, Error> {
    Opened::open(source, key).map_err(|error| file_problem(id, error.slug(), error))
}

fn verify_control<R: ReadAt>(
    id: &ApplicationId,
    opened: Opened<R>,
    builder: &LicensedBuilder,
) -> Result<VerifiedFile<R>, Error> {
    let file = opened
        .verify(&builder.server_key, &builder.license, &builder.secret)
        .map_err(|error| file_problem(id, error.slug(), error))?;
    if file.control().application != *id {
        return Err(messages::file_of_another(id, &file.control().application));
    }
    Ok(file)
}

fn file_problem(
    id: &ApplicationId,
    slug: Slug,
    cause: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    messages::file_problem(id, slug, "").caused_by(cause)
}

/// A trial whose control information is the server's, for this Builder and licensee.
pub struct VerifiedTrial {
    id: ApplicationId,
    file: VerifiedFile<Offset<StoredFile>>,
}

impl VerifiedTrial {
    /// The control information.
    pub fn control(&self) -> &Verified<ControlInformation> {
        self.file.control()
    }

    /// What [`Self::check`] counts up to, in bytes.
    pub fn checked_length(&self) -> u64 {
        self.control().sections.total()
    }

    /// Verifies every chunk of the file, and the digest of the program, which is decoded for it.
    ///
    /// # Errors
    /// `file-damaged`.
    pub fn check(&self, _guard: &LaunchGuard, progress: &mut dyn FnMut(u64)) -> Result<(), Error> {
        self.file.check(progress).map_err(|error| file_problem(&self.id, error.slug(), error))
    }

    /// Asks the one decision about dates and limits (`XD-1`), and refuses an older head than the
    /// one that was once accepted (`TF-8`).
    ///
    /// # Errors
    /// The slug of the refusal.
    pub fn authorize(self, now: TrustedTime, state: &TrialState) -> Result<AuthorizedTrial, Error> {
        let Self { id, file } = self;
        let (name, kind) = (file.control().name.to_string(), file.control().kind);
        match file.authorize(&license::version(), now, state) {
            Ok(file) => Ok(AuthorizedTrial { id, file }),
            Err(NotAuthorized::Refused(reason)) => Err(messages::refusal(&name, kind, reason)),
            Err(other) => Err(file_problem(&id, other.slug(), other)),
        }
    }
}

/// A trial that may be launched now.
pub struct AuthorizedTrial {
    id: ApplicationId,
    file: Authorized<Offset<StoredFile>>,
}

impl AuthorizedTrial {
    /// What was decided: allow, or warn.
    pub fn decision(&self) -> Decision {
        self.file.decision()
    }

    /// Decodes the program into the memory file and seals it: unless all of it was verified, the
    /// file stays one that cannot be launched.
    ///
    /// # Errors
    /// `file-damaged`; `cannot-execute` when there is no memory for it.
    pub fn decode(self, guard: &LaunchGuard, file: &MemoryFile) -> Result<(), Error> {
        let size = self.file.control().program_size;
        let memory = Executable(file.writer(guard, size)?);
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let decoded = self
            .file
            .decode_into(memory, threads)
            .map_err(|error| file_problem(&self.id, error.slug(), error))?;
        decoded.into_memory().0.seal().map_err(Error::from)
    }
}

/// Memory that is executed, as the formats know it.
struct Executable<'a>(MemoryWriter<'a>);

impl ProgramMemory for Executable<'_> {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_at(offset, bytes)
    }
}
