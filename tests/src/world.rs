//! A server with a vendor, and as many users as are wanted, in a temporary directory.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::builder::Builder;
use crate::server::{Server, ServerSetup};
use crate::vendor::{Application, EASY_TRIAL, Vendor};

/// Everything that one test needs.
pub struct World {
    /// The programs.
    pub binaries: Binaries,
    /// How the server was started.
    pub setup: ServerSetup,
    /// The running server.
    pub server: Server,
    /// A vendor with a token.
    pub vendor: Vendor,
    folder: TempDir,
}

impl World {
    /// Starts a server with embedded storage.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start(binaries: &Binaries) -> Result<Self> {
        Self::start_with(binaries, &[])
    }

    /// Starts a server with variables in its environment.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start_with(binaries: &Binaries, variables: &[(&str, &str)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let setup = ServerSetup::init(binaries, &folder.path().join("server"), variables)?;
        let token = setup.vendor_token("Example Ltd")?;
        let server = setup.serve()?;
        let vendor = Vendor::new(binaries, server.url(), &token);
        Ok(Self { binaries: binaries.clone(), setup, server, vendor, folder })
    }

    /// The temporary directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder of that name, for example an application to be published.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A user's Builder that has not been set up.
    pub fn fresh_builder(&self, user: &str) -> Builder {
        Builder::new(&self.binaries, &self.path("users").join(user))
    }

    /// A user's Builder, set up with this server.
    ///
    /// # Errors
    /// When the setup fails.
    pub fn builder(&self, user: &str) -> Result<Builder> {
        let builder = self.fresh_builder(user);
        builder.setup(self.server.url(), user, &format!("{user}@example.com"))?;
        Ok(builder)
    }

    /// Publishes a program as `com.example.NAME`, version 1.0.0, with easy trials; answers its id.
    ///
    /// # Errors
    /// When it fails.
    pub fn publish(&self, name: &str, program: &Path) -> Result<String> {
        self.publish_with(name, program, EASY_TRIAL)
    }

    /// The same with the given lines of `[trial]`.
    ///
    /// # Errors
    /// When it fails.
    pub fn publish_with(&self, name: &str, program: &Path, trial: &str) -> Result<String> {
        let id = format!("com.example.{name}");
        let application = Application {
            id: &id,
            name,
            version: "1.0.0",
            program,
            trial,
            compression: "zstd",
        };
        self.vendor.publish(&application.write(&self.path("applications").join(name))?)?;
        Ok(id)
    }
}
