//! Runs tests as a user without privileges, whoever started them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use libtest_mimic::Failed;
use tempfile::TempDir;

/// The user and group "nobody".
const NOBODY: u32 = 65534;

/// Beside the executable of a test of "nobody": root's copy that others can execute and not read.
pub(crate) const CLOSED_COPY: &str = "execution-closed";

/// How to run a test without privileges.
#[derive(Clone)]
pub(crate) enum User {
    /// Whoever started the tests has none.
    Ourselves,
    /// Root started them: run a copy of this executable, in a place everyone can read.
    Nobody(Arc<TempDir>),
}

impl User {
    pub(crate) fn for_tests() -> Self {
        if !rustix::process::geteuid().is_root() {
            return Self::Ourselves;
        }
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let copy = folder.path().join("execution");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        fs::set_permissions(copy, Permissions::from_mode(0o755)).unwrap();
        let closed = folder.path().join(CLOSED_COPY);
        fs::copy(std::env::current_exe().unwrap(), &closed).unwrap();
        fs::set_permissions(closed, Permissions::from_mode(0o711)).unwrap();
        Self::Nobody(Arc::new(folder))
    }

    pub(crate) fn run(&self, name: &str, test: fn()) -> Result<(), Failed> {
        let Self::Nobody(folder) = self else {
            test();
            return Ok(());
        };
        let output = Command::new(folder.path().join("execution"))
            .args(["--exact", name])
            .uid(NOBODY)
            .gid(NOBODY)
            .current_dir("/")
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(String::from_utf8_lossy(&text).into_owned().into())
    }
}
