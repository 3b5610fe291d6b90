//! The data directory: where each of the server's files is, and how the secret ones are written.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use trybuy_formats::slug::Slug;

/// How the names of files begin that are being written.
pub(crate) const TEMPORARY: &str = ".new-";

/// The directories of the roles of the licensing system.
pub(crate) const ROLES: [&str; 3] = ["clearinghouse", "license-server", "gateway"];

/// The directory with everything the server keeps on the machine.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The data directory at a path; nothing is looked at.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Makes the directory, readable by its owner only, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> io::Result<()> {
        create_private_dir(&self.0)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The master secret, 32 bytes.
    pub fn master_secret(&self) -> PathBuf {
        self.0.join("master.secret")
    }

    /// The signature key 137, PKCS#8 in DER.
    pub fn signature_key(&self) -> PathBuf {
        self.0.join("signature.key")
    }

    /// The configuration; it is written last, so that it marks a finished `init`.
    pub fn config(&self) -> PathBuf {
        self.0.join("server.toml")
    }

    /// The Builder's licensing terms as `init` writes them; the configuration may name another file.
    pub fn builder_terms(&self) -> PathBuf {
        self.0.join("builder-terms.md")
    }

    /// The programs, unless the configuration names another place.
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// Uploads on their way to a place that is not on this machine.
    pub fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// What a role of the licensing system keeps for itself.
    pub fn role(&self, role: &'static str) -> RoleDir {
        RoleDir { path: self.0.join(role), role }
    }
}

/// The directory of a role of the licensing system, named as the role, in the data directory.
#[derive(Clone, Debug)]
pub struct RoleDir {
    path: PathBuf,
    role: &'static str,
}

impl RoleDir {
    /// Makes the directory, readable by its owner only, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self) -> io::Result<()> {
        create_private_dir(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The role.
    pub fn role(&self) -> &'static str {
        self.role
    }

    /// The configuration; it is written last, so that it marks a finished `init`.
    pub fn config(&self) -> PathBuf {
        self.path.join(format!("{}.toml", self.role))
    }

    /// One of its other files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes one of its other files, in place of what is there.
    ///
    /// # Errors
    /// What the system says; the file is then as it was.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        replace(&self.file(name), bytes)
    }
}

/// Makes a directory and its parents; the directory itself is readable by its owner only.
///
/// # Errors
/// When it cannot be made.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

/// Writes a file that must not exist yet, readable by its owner only, whole or not at all.
///
/// The bytes go to a temporary file first, so that a crash leaves either no file or the whole one.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when the file is there; otherwise what the system says.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    sync_dir(parent)
}

/// Opens a file that somebody names, if it is a regular one: a pipe could let whoever reads it wait for ever.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when it is none; otherwise what the system says.
pub fn open_regular(path: &Path) -> io::Result<fs::File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    fs::File::open(path)
}

/// Makes an empty file, readable by its owner only, unless it is there.
///
/// # Errors
/// When it cannot be made.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens the file beside another one that is locked in its place, as that one is replaced or cannot be locked itself.
/// It is made where it is not there, and stays: were it removed, two could each hold a lock on one of that name.
///
/// # Errors
/// When it cannot be made or opened.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<fs::File> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(".lock");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path.with_file_name(name))
}

/// Writes a file in place of what is there, readable by its owner only, whole or not at all.
///
/// # Errors
/// What the system says.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|refused| refused.error)?;
    sync_dir(parent)
}

/// Whether there is room in a directory, and it can be written: nothing of it stays.
///
/// # Errors
/// What the system says.
pub(crate) fn try_writing(directory: &Path) -> io::Result<()> {
    tempfile::tempfile_in(directory)?.write_all(&[0; 4096])
}

/// The name of the failure to write.
pub(crate) fn slug_of(error: &io::Error) -> Slug {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Slug::DiskFull,
        _ => Slug::LocalFile,
    }
}

/// What helps where the data directory cannot be written.
pub(crate) fn help_for(error: &io::Error) -> &'static str {
    match slug_of(error) {
        Slug::DiskFull => "make room on the disk of the data directory",
        _ => "let the server's user write in the data directory",
    }
}

/// Makes the names in a directory durable.
///
/// # Errors
/// What the system says.
pub fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_overwritten() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("key");
        write_new(&path, b"first").expect("written");
        let refused = write_new(&path, b"second").expect_err("refused");
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("read"), b"first");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1, "no temporary file stays");
    }

    #[cfg(unix)]
    #[test]
    fn secrets_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let data = DataDir::new(dir.path().join("data"));
        data.create().expect("made");
        write_new(&data.master_secret(), b"secret").expect("written");
        for (path, mode) in [(data.path().to_owned(), 0o700), (data.master_secret(), 0o600)] {
            let permissions = fs::metadata(path).expect("there").permissions();
            assert_eq!(permissions.mode() & 0o777, mode);
        }
    }
}
