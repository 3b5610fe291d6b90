//! A server with a vendor, and as many users as are wanted, in a temporary directory.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tempfile::TempDir;

use crate::binaries::Binaries;
use crate::builder::Builder;
use crate::proxy::Proxy;
use crate::server::{Server, ServerSetup};
use crate::vendor::{Application, EASY_TRIAL, Vendor};

/// Limits that keep strangers in check, and many tests on one server and one address too.
const LIMITS: [(&str, &str); 3] = [
    ("concurrent_per_vendor = 2", "concurrent_per_vendor = 100"),
    ("registrations_per_minute = 60", "registrations_per_minute = 10000"),
    ("failures_per_minute = 120", "failures_per_minute = 10000"),
];

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
        let data_dir = folder.path().join("server");
        Self::start_in(binaries, folder, &data_dir, variables)
    }

    /// Starts a server whose data directory is somewhere else, on a small disk for example.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start_on(binaries: &Binaries, data_dir: &Path) -> Result<Self> {
        Self::start_in(binaries, tempfile::tempdir()?, data_dir, &[])
    }

    fn start_in(
        binaries: &Binaries,
        folder: TempDir,
        data_dir: &Path,
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let setup = ServerSetup::init(binaries, data_dir, variables)?;
        raise_limits(&data_dir.join("server.toml"))?;
        let token = setup.vendor_token("Example Ltd")?;
        let server = setup.serve()?;
        let vendor = Vendor::new(binaries, server.url(), &token);
        Ok(Self { binaries: binaries.clone(), setup, server, vendor, folder })
    }

    /// Starts a server that says it is reached through a proxy, and the proxy.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start_behind_proxy(binaries: &Binaries) -> Result<(Self, Proxy)> {
        let proxy = Proxy::start()?;
        let world = Self::start_with(binaries, &[("TRYBUY_PUBLIC_URL", &proxy.url())])?;
        proxy.lead_to(world.server.address());
        Ok((world, proxy))
    }

    /// Kills the server at once and starts it again where it was.
    ///
    /// # Errors
    /// When it does not start again.
    pub fn restart_server(&mut self) -> Result<()> {
        self.server.end()?;
        self.start_server_again()
    }

    /// Starts a server that was ended again where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_server_again(&mut self) -> Result<()> {
        self.server = self.setup.serve_again(&self.server)?;
        Ok(())
    }

    /// The requests for trials of an application, as its vendor sees them.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn requests(&self, application: &str) -> Result<Vec<serde_json::Value>> {
        let listed = self.vendor.run(["requests", application, "--json"])?.success()?.json()?;
        Ok(listed.as_array().cloned().unwrap_or_default())
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
        let application =
            Application { id: &id, name, version: "1.0.0", program, trial, compression: "zstd" };
        self.vendor.publish(&application.write(&self.path("applications").join(name))?)?;
        Ok(id)
    }
}

fn raise_limits(configuration: &Path) -> Result<()> {
    let mut text = std::fs::read_to_string(configuration)?;
    for (default, raised) in LIMITS {
        let comment = format!("#: {default}");
        ensure!(text.contains(&comment), "{default} is not in the configuration");
        text = text.replace(&comment, raised);
    }
    Ok(std::fs::write(configuration, text)?)
}
