//! A machine without a network, and one that carries its files.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::world::World;

/// A machine without a network, and one that carries.
pub(crate) struct Machines<'a> {
    pub(crate) offline: Builder,
    pub(crate) carrier: Builder,
    pub(crate) folder: PathBuf,
    pub(crate) url: &'a str,
}

impl<'a> Machines<'a> {
    pub(crate) fn new(world: &'a World, name: &str) -> Result<Self> {
        let folder = world.path("sticks").join(name);
        std::fs::create_dir_all(&folder)?;
        let (offline, carrier) =
            (world.fresh_builder(name), world.fresh_builder(&format!("{name}-carrier")));
        Ok(Self { offline, carrier, folder, url: world.server.url() })
    }

    pub(crate) fn set_up(world: &'a World, name: &str) -> Result<Self> {
        let machines = Self::new(world, name)?;
        let done = machines.step("setup", &machines.setup(), &["setup"])?.success()?;
        ensure!(done.stderr.contains("The server's key is "), "{done}");
        Ok(machines)
    }

    pub(crate) fn setup(&self) -> [&str; 7] {
        ["setup", self.url, "--name", "Ada", "--email", "ada@example.com", "--accept-terms"]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a command where no server can be reached.
    pub(crate) fn offline(&self, arguments: &[&str], option: &str, file: &Path) -> Result<Outcome> {
        let mut command = self.offline.command();
        for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
            command
                .env(proxy, "http://127.0.0.1:9")
                .env(proxy.to_uppercase(), "http://127.0.0.1:9");
        }
        command.env_remove("no_proxy").env_remove("NO_PROXY");
        Outcome::of(command.args(arguments).arg(option).arg(file))
    }

    pub(crate) fn ask(&self, name: &str, arguments: &[&str]) -> Result<PathBuf> {
        let request = self.path(&format!("{name}.request"));
        self.offline(arguments, "--request", &request)?.success()?;
        Ok(request)
    }

    pub(crate) fn relay(&self, request: &Path, name: &str) -> Result<PathBuf> {
        let response = self.path(&format!("{name}.response"));
        self.try_to_relay(request, &response)?.success()?;
        ensure!(!self.carrier.data_dir().join("license.jws").exists(), "it needs no setup");
        Ok(response)
    }

    pub(crate) fn try_to_relay(&self, request: &Path, response: &Path) -> Result<Outcome> {
        Outcome::of(self.carrier.command().arg("relay").args([request, response]))
    }

    /// Asks, carries, and takes the answer.
    pub(crate) fn step(&self, name: &str, ask: &[&str], take: &[&str]) -> Result<Outcome> {
        let request = self.ask(name, ask)?;
        let response = self.relay(&request, name)?;
        self.offline(take, "--response", &response)
    }
}

/// What belongs to a response.
pub(crate) fn beside(response: &Path) -> PathBuf {
    let mut name = response.as_os_str().to_owned();
    name.push(".file");
    name.into()
}
