//! The Builder's data directory: where each file is, who may read it, and how it is written.
//!
//! ```text
//! server.json                     address and pinned key of the server
//! keys/decryption.pkcs8           keys 113: opens transmission files
//! keys/request.pkcs8              signs requests
//! license.jws                     the Builder license 103
//! clock.sealed                    the latest trusted time
//! library/APP/app.trybuy          a stored trial, in the client storage format
//! library/APP/source.json         where it came from
//! library/APP/TRIAL.sealed        what is remembered of a trial; stays when APP is removed
//! downloads/APP/partial           a client storage file in progress
//! downloads/APP/request.json      what it is to become
//! offline/STEP                    what was asked of the server by way of a file
//! keys/seat.pkcs8                 the key that seat licenses are for
//! gateways/HOST:PORT.json         a gateway, and the certifying authority that is trusted for it
//! licenses/ISSUER/PRODUCT/VERSION.json
//! licenses/ISSUER/PRODUCT/VERSION_FEATURES.json
//!                                 the license cache 136: a seat license, without features and with some
//! locks/                          advisory locks, released by the kernel when their holder ends
//! ```
//!
//! Directories are `0700`, files `0600`. Every file but the partial download is written whole to a
//! temporary file beside it, synchronised, and renamed.

mod atomic;
mod lock;
mod room;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use trybuy_formats::ids::{ApplicationId, Digest, Label, TrialId};
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::primitives::sha256;

use crate::error::Error;
use crate::messages;

pub(crate) use atomic::{
    create_once, publish, put, remove_leftovers, replace, replace_after, sync_directory, temporary,
};
pub(crate) use lock::Lock;
pub(crate) use room::{check_room, free_bytes};

/// The name of the environment variable and the flag's meaning: where the Builder keeps its files.
pub const VARIABLE: &str = "TRYBUY_DATA_DIR";

/// The Builder's data directory.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The directory that was asked for, otherwise the platform's place for application data.
    ///
    /// # Errors
    /// `local-file` when there is no home directory either.
    pub fn locate(asked: Option<&Path>) -> Result<Self, Error> {
        // An empty variable counts as one that is not set, as elsewhere (XDG Base Directory).
        let root = match asked.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => std::path::absolute(path)
                .map_err(|error| messages::local_file("use", path, error))?,
            None => directories::ProjectDirs::from("", "", "trybuy")
                .map(|place| place.data_dir().to_owned())
                .ok_or_else(messages::no_home)?,
        };
        Ok(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Address and pinned key of the server.
    pub(crate) fn server_file(&self) -> PathBuf {
        self.root.join("server.json")
    }

    /// The folder of the private keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// The Builder license.
    pub(crate) fn license_file(&self) -> PathBuf {
        self.root.join("license.jws")
    }

    /// The latest trusted time.
    pub(crate) fn clock_file(&self) -> PathBuf {
        self.root.join("clock.sealed")
    }

    /// The folder of all stored trials.
    pub(crate) fn library(&self) -> PathBuf {
        self.root.join("library")
    }

    /// The folder of one application. Its id cannot leave the library (`ID-1`).
    pub(crate) fn application(&self, id: &ApplicationId) -> PathBuf {
        self.library().join(id.as_str())
    }

    /// The sealed state of a trial.
    pub(crate) fn state_file(&self, id: &ApplicationId, trial: TrialId) -> PathBuf {
        self.application(id).join(format!("{trial}.sealed"))
    }

    /// The folder of an application's download.
    pub(crate) fn download(&self, id: &ApplicationId) -> PathBuf {
        self.root.join("downloads").join(id.as_str())
    }

    /// What is remembered of the last request file of a step: `setup`, `license`, `email`,
    /// `time`, or an application.
    pub(crate) fn offline_file(&self, step: &str) -> PathBuf {
        self.root.join("offline").join(step)
    }

    /// What is remembered of a gateway.
    pub(crate) fn gateway_file(&self, host_and_port: &str) -> PathBuf {
        self.root.join("gateways").join(format!("{host_and_port}.json"))
    }

    /// The license cache 136.
    pub(crate) fn licenses(&self) -> PathBuf {
        self.root.join("licenses")
    }

    /// A license of the cache. Neither id nor version can leave it. Features stand for themselves by their digest, as
    /// their names can be longer than that of a file.
    pub(crate) fn seat_license_file(&self, license: &SeatLicense) -> PathBuf {
        let SeatLicense { license_server, product_id, version, features, .. } = license;
        let folder = self.licenses().join(license_server.as_str()).join(product_id.as_str());
        if features.is_empty() {
            return folder.join(format!("{version}.json"));
        }
        let names: Vec<&str> = features.iter().map(Label::as_str).collect();
        let digest = Digest::from_bytes(sha256(names.join(" ").as_bytes()));
        folder.join(format!("{version}_{digest}.json"))
    }

    /// The file behind an advisory lock.
    pub(crate) fn lock_file(&self, name: &str) -> PathBuf {
        self.root.join("locks").join(format!("{name}.lock"))
    }
}

/// What is a folder, link or pipe where the Builder keeps a file.
pub(crate) fn misplaced(data: &DataDir) -> Option<PathBuf> {
    let folders = |path: PathBuf| entries(&path).into_iter().filter(|path| path.is_dir());
    let of_applications =
        [data.library(), data.root.join("downloads")].into_iter().flat_map(folders);
    let with_files = [data.keys(), data.root.join("locks")].into_iter().chain(of_applications);
    let known = [data.server_file(), data.license_file(), data.clock_file()];
    let mut all = with_files.flat_map(|folder| entries(&folder)).chain(known);
    all.find(|path| path.exists() && !path.is_file())
}

/// What is in a folder; nothing if it cannot be read.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// Makes a directory and those above it, for the owner only; one that exists is left as it is.
pub(crate) fn make_directory(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| messages::local_file("make the directory", path, error))
}

/// Removes a file; one that does not exist need not be.
///
/// # Errors
/// `local-file`.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    removed(path, fs::remove_file(path))
}

/// Removes a folder with all that is in it; one that does not exist need not be.
///
/// # Errors
/// `local-file`.
pub(crate) fn remove_folder(path: &Path) -> Result<(), Error> {
    removed(path, fs::remove_dir_all(path))
}

fn removed(path: &Path, outcome: io::Result<()>) -> Result<(), Error> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(messages::local_file("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Reads a small file; `None` if it does not exist.
///
/// # Errors
/// `local-file` when it cannot be read or is longer than `cap` bytes.
pub(crate) fn read(path: &Path, cap: usize) -> Result<Option<Vec<u8>>, Error> {
    let failed = |error| messages::local_file("read", path, error);
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    let limit = u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1);
    io::Read::read_to_end(&mut io::Read::take(file, limit), &mut bytes).map_err(failed)?;
    if bytes.len() > cap {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("it is longer than {cap} bytes"),
        )));
    }
    Ok(Some(bytes))
}

/// Opens a file for reading. Anything but a file is refused, and not waited for, as a named pipe
/// would be.
///
/// # Errors
/// What the system says.
pub(crate) fn open(path: &Path) -> io::Result<fs::File> {
    let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"))
}

/// Whether others than the owner can do anything with a file or directory that exists.
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
}
