//! What some tests need of the machine: programs that nobody here wrote, from Debian's packages.

use std::path::PathBuf;

/// Something that may be missing on a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Component {
    /// A static program.
    Busybox,
    /// A dynamic filter.
    Jq,
    /// A dynamic program with its own storage.
    Sqlite,
    /// An interpreter: a dynamic program of some size.
    Python,
    /// A dynamic program of over 50 MB.
    Pandoc,
    /// A PostgreSQL that can be started here.
    Postgres,
    /// A way to run a program at another time.
    Faketime,
    /// A Python with the libraries of the second decoder.
    PythonDecoder,
    /// An S3 storage of others.
    ObjectStorage,
    /// A web server of others.
    Nginx,
    /// Makes certificates.
    Openssl,
    /// A client of web services.
    Curl,
    /// The rights of root: to mount a small disk, to become another user.
    Root,
}

/// The library of Debian's `faketime` that puts the clocks of whatever it is preloaded to wrong: the one for threads.
/// The program `faketime` itself gives up where a process of the same number was killed before and left its semaphore.
pub const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

impl Component {
    /// Where its program is; none where it is missing.
    pub fn path(self) -> Option<PathBuf> {
        let candidates: &[&str] = match self {
            Self::Busybox => &["/bin/busybox"],
            Self::Jq => &["/usr/bin/jq"],
            Self::Sqlite => &["/usr/bin/sqlite3"],
            Self::Python => &["/usr/bin/python3"],
            Self::Pandoc => &["/usr/bin/pandoc"],
            Self::Faketime => &[FAKETIME],
            Self::Nginx => &["/usr/sbin/nginx"],
            Self::Openssl => &["/usr/bin/openssl"],
            Self::Curl => &["/usr/bin/curl"],
            Self::Postgres | Self::PythonDecoder | Self::ObjectStorage | Self::Root => &[],
        };
        let found = candidates.iter().map(PathBuf::from).find(|path| path.exists());
        // The link's target: what is published is a program and not a name.
        found.and_then(|path| path.canonicalize().ok())
    }

    /// Whether it is here.
    pub fn is_here(self) -> bool {
        match self {
            Self::Postgres => crate::postgres::Cluster::is_available(),
            Self::PythonDecoder => crate::second_decoder::is_available(),
            Self::ObjectStorage => crate::object_storage::ObjectStorage::is_available(),
            Self::Root => rustix::process::geteuid().is_root(),
            _ => self.path().is_some(),
        }
    }

    /// What to install to have it.
    pub fn package(self) -> &'static str {
        match self {
            Self::Busybox => "busybox-static",
            Self::Jq => "jq",
            Self::Sqlite => "sqlite3",
            Self::Python => "python3",
            Self::Pandoc => "pandoc",
            Self::Postgres => "postgresql",
            Self::Faketime => "faketime",
            Self::PythonDecoder => {
                "python3-venv, tests/decoder/requirements.txt in TRYBUY_PYTHON's environment"
            }
            Self::ObjectStorage => {
                "python3-venv, tests/object_storage/requirements.txt in TRYBUY_PYTHON's environment"
            }
            Self::Nginx => "nginx-light",
            Self::Openssl => "openssl",
            Self::Curl => "curl",
            Self::Root => "(run as root)",
        }
    }
}
