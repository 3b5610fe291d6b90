//! The programs under test: built once per process, by the cargo that runs the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// The packages whose programs take part.
const PACKAGES: [&str; 5] = ["trybuy-server", "trybuy", "greeter", "tally", "lumen"];

/// How the programs are built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As the tests are: quick to build.
    Debug,
    /// As users get them: the demonstration and the benchmarks.
    Release,
}

impl Profile {
    /// The one that this very program was built with.
    pub fn of_this_program() -> Self {
        if cfg!(debug_assertions) { Self::Debug } else { Self::Release }
    }
}

/// The programs, built.
#[derive(Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// Builds the server, the Builder and the sample applications, and finds where they are.
    ///
    /// # Errors
    /// When cargo cannot be run or fails; it has then said why on standard error.
    pub fn build(profile: Profile) -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.current_dir(repository());
        match profile {
            // The very build that `cargo test --workspace` makes, so that it is there already and
            // no dependency is built again with other features.
            Profile::Debug => build.args(["test", "--workspace", "--no-run", "--quiet"]),
            Profile::Release => {
                build.args(["build", "--release", "--bins", "--quiet"]);
                build.args(PACKAGES.iter().flat_map(|package| ["--package", package]))
            }
        };
        let status = build.status().context("cannot run cargo")?;
        ensure!(status.success(), "cargo could not build the programs");
        let folder = match profile {
            Profile::Debug => "debug",
            Profile::Release => "release",
        };
        Ok(Self { folder: target_folder().join(folder) })
    }

    /// The path of one of them.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Where cargo puts what it builds: the folder this very program was built into, up to `target`.
fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.map_or_else(|| repository().join("target"), |folder| repository().join(folder))
}
