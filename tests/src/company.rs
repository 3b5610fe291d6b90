//! The whole licensing system on one machine: a certifying authority, a clearinghouse, a company's license
//! server, and gateways in front of services; each role a real process with a data directory of its own.

pub mod authority;
pub mod door;
pub mod gateway;
mod records;
pub mod service;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use self::authority::{Authority, Development};
use self::gateway::{Gateway, GatewayOptions};
use crate::binaries::Binaries;
use crate::builder::Builder;
use crate::command::Outcome;
use crate::files;
use crate::server::{Server, ServerSetup};

/// The product of the tests.
pub const PRODUCT: &str = "com.example.suite";
/// The client software id of the Builder in the workspace: no Windows, vendor 1, version 0.1.0.
const SOFTWARE_ID: &str = "0200000100001000";

/// A company with its licensing, and the clearinghouse it buys from.
pub struct Company {
    /// The programs.
    pub binaries: Binaries,
    /// Whoever sells licenses.
    pub clearinghouse: ServerSetup,
    /// The running clearinghouse.
    pub clearinghouse_server: Server,
    /// The company's license server.
    pub license_server: ServerSetup,
    /// The same by the right clock. It orders: a clearinghouse takes no order of the future.
    ordering: ServerSetup,
    /// The running license server.
    pub license_server_server: Server,
    authority: Box<dyn Authority>,
    /// The library and the file that make the company's clocks wrong, if they are.
    clock: Option<(&'static str, PathBuf)>,
    folder: TempDir,
}

/// How a company is set up.
#[derive(Clone, Copy)]
pub struct CompanyOptions<'a> {
    /// Lines of the license server's configuration that are replaced.
    pub settings: &'a [(&'a str, &'a str)],
    /// Makes the certifying authority, in a folder of its own.
    pub authority: fn(&Binaries, &Path) -> Result<Box<dyn Authority>>,
    /// The license server's database, where it is not SQLite's in its directory.
    pub database: Option<&'a str>,
    /// The disk that everything is on, where it is one of its own.
    pub disk: Option<&'a Path>,
}

impl Default for CompanyOptions<'_> {
    fn default() -> Self {
        Self { settings: &[], authority: Development::make, database: None, disk: None }
    }
}

/// What is ordered.
pub struct Order<'a> {
    /// The version.
    pub version: &'a str,
    /// For which clients.
    pub platform_type: &'a str,
    /// How many licenses.
    pub quantity: u32,
    /// Upgrade licenses: from which version on.
    pub upgrade_from: Option<&'a str>,
    /// The features that they enable.
    pub features: &'a [&'a str],
}

impl<'a> Order<'a> {
    /// Licenses for clients that are challenged.
    pub fn of(version: &'a str, quantity: u32) -> Self {
        Self { version, platform_type: "non-windows", quantity, upgrade_from: None, features: &[] }
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--version", self.version, "--platform-type", self.platform_type];
        if let Some(from) = self.upgrade_from {
            arguments.extend(["--upgrade-from", from]);
        }
        for feature in self.features {
            arguments.extend(["--feature", feature]);
        }
        arguments.into_iter().map(str::to_owned).collect()
    }
}

impl Company {
    /// Makes everything but gateways, and starts it. Nothing has been bought yet.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start(binaries: &Binaries) -> Result<Self> {
        Self::start_as(binaries, CompanyOptions::default())
    }

    /// The same with lines of the license server's configuration replaced.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start_with(binaries: &Binaries, settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_as(binaries, CompanyOptions { settings, ..CompanyOptions::default() })
    }

    /// The same as the options say.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn start_as(binaries: &Binaries, options: CompanyOptions<'_>) -> Result<Self> {
        let folder = options.disk.map_or_else(tempfile::tempdir, tempfile::tempdir_in)?;
        let at = |name: &str| folder.path().join(name);
        let authority = (options.authority)(binaries, &at("authority"))?;
        let clearinghouse = clearinghouse(binaries, &at("clearinghouse"), &*authority)?;
        let clearinghouse_server = clearinghouse.serve()?;
        let url = clearinghouse_server.url();
        let setup = ServerSetup::existing(binaries, &at("license-server"), &[]);
        let setup =
            options.database.into_iter().fold(setup.in_role("license-server"), |setup, url| {
                setup.with_variable("TRYBUY_DATABASE_URL", url)
            });
        let license_server = license_server(setup, url, &*authority)?;
        let config = at("license-server/license-server/license-server.toml");
        replace_lines(&config, options.settings.iter().copied())?;
        let license_server_server = license_server.serve()?;
        let company = Self {
            binaries: binaries.clone(),
            clearinghouse,
            clearinghouse_server,
            ordering: license_server.clone(),
            license_server,
            license_server_server,
            authority,
            clock: None,
            folder,
        };
        company.install_image(&binaries.path("trybuy"), 1, SOFTWARE_ID)?;
        Ok(company)
    }

    /// A path in the company's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The certifying authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.authority.trusted()
    }

    /// Runs a command of the license server.
    ///
    /// # Errors
    /// When it fails.
    pub fn licenses(&self, arguments: &[&str]) -> Result<Outcome> {
        self.license_server.run([&["license-server"], arguments].concat())?.success()
    }

    /// Runs a command of the clearinghouse.
    ///
    /// # Errors
    /// When it fails.
    pub fn clearing(&self, arguments: &[&str]) -> Result<Outcome> {
        self.clearinghouse.run([&["clearinghouse"], arguments].concat())?.success()
    }

    /// Offers a product at one euro a license.
    ///
    /// # Errors
    /// When the clearinghouse refuses.
    pub fn offer(&self, order: &Order<'_>) -> Result<()> {
        let own = order.arguments();
        let mut arguments = vec!["product", "add", "--product", PRODUCT, "--family", "suite"];
        arguments.extend(own.iter().map(String::as_str));
        arguments.extend(["--manufacturer", "Example Ltd", "--fee", "100", "--currency", "EUR"]);
        arguments.extend(["--description", "en=Suite for one client"]);
        arguments.extend(["--description", "de=Suite für einen Arbeitsplatz"]);
        self.clearing(&arguments).map(drop)
    }

    /// Orders licenses, and answers the order's id.
    ///
    /// # Errors
    /// When anybody refuses.
    pub fn place(&self, order: &Order<'_>) -> Result<String> {
        let own = order.arguments();
        let quantity = order.quantity.to_string();
        let mut arguments = vec!["order", "place", "--product", PRODUCT, "--quantity", &quantity];
        arguments.extend(own.iter().map(String::as_str));
        Ok(self.order(&arguments)?.stdout.trim().to_owned())
    }

    /// Orders licenses by a file, for which dates were agreed on, and answers the order's id.
    ///
    /// # Errors
    /// When anybody refuses.
    pub fn agree(
        &self,
        order: &Order<'_>,
        begin: Option<&str>,
        end: Option<&str>,
    ) -> Result<String> {
        let own = order.arguments();
        let quantity = order.quantity.to_string();
        let file = self.path("order");
        std::fs::remove_file(&file).ok();
        let mut arguments = vec!["order", "place", "--product", PRODUCT, "--quantity", &quantity];
        arguments.extend(own.iter().map(String::as_str));
        arguments.extend(["--out", text(&file)?]);
        self.order(&arguments)?;
        let mut arguments = vec!["order", "import", text(&file)?];
        arguments.extend(begin.iter().flat_map(|date| ["--first-active", date]));
        arguments.extend(end.iter().flat_map(|date| ["--ends", date]));
        Ok(self.clearing(&arguments)?.stdout.trim().to_owned())
    }

    fn order(&self, arguments: &[&str]) -> Result<Outcome> {
        self.ordering.run([&["license-server"], arguments].concat())?.success()
    }

    /// Pays for an order.
    ///
    /// # Errors
    /// When the clearinghouse refuses.
    pub fn pay(&self, order: &str, quantity: u32) -> Result<()> {
        let amount = (quantity * 100).to_string();
        let paid = ["fee", "record", order, "--amount", &amount, "--currency", "EUR"];
        self.clearing(&[paid.as_slice(), &["--reference", order]].concat()).map(drop)
    }

    /// Orders licenses, pays for them and installs the pack.
    ///
    /// # Errors
    /// When anybody refuses.
    pub fn buy(&self, order: &Order<'_>) -> Result<()> {
        let id = self.place(order)?;
        self.pay(&id, order.quantity)?;
        self.licenses(&["pack", "fetch", &id]).map(drop)
    }

    /// Offers and buys licenses of a version.
    ///
    /// # Errors
    /// When anybody refuses.
    pub fn stock(&self, order: &Order<'_>) -> Result<()> {
        self.offer(order)?;
        self.buy(order)
    }

    /// A gateway in front of a service, which its license server knows.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn gateway(&self, options: &GatewayOptions<'_>) -> Result<Gateway> {
        self.gateway_of(&self.license_server_server, options)
    }

    /// A gateway that asks one of several processes of its license server.
    ///
    /// # Errors
    /// When anything of it fails.
    pub fn gateway_of(&self, server: &Server, options: &GatewayOptions<'_>) -> Result<Gateway> {
        Gateway::start(self, server.url(), options)
    }

    /// The license server's setup on another machine: a copy of its directory but the mark of the records and its lock,
    /// which each machine keeps by itself.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn license_server_elsewhere(&self) -> Result<ServerSetup> {
        let (from, to) = (self.license_server.data_dir(), self.path("elsewhere"));
        for file in files::below(&from.join("license-server"))? {
            let target = to.join(file.strip_prefix(from)?);
            if !file.ends_with("records.mark") && !file.ends_with("records.mark.lock") {
                std::fs::create_dir_all(target.parent().context("a folder")?)?;
                std::fs::copy(file, target)?;
            }
        }
        Ok(ServerSetup::existing(&self.binaries, &to, &[]).in_role("license-server"))
    }

    /// A client: a Builder that was never set up.
    pub fn client(&self, name: &str) -> Builder {
        Builder::new(&self.binaries, &self.path(name))
    }

    /// Kills the license server, as `kill -9` does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn end_license_server(&mut self) -> Result<()> {
        self.license_server_server.end()
    }

    /// Starts the license server again, where it was.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart_license_server(&mut self) -> Result<()> {
        self.license_server_server =
            self.license_server.serve_again(&self.license_server_server)?;
        Ok(())
    }

    /// Starts the clearinghouse again, where it was, after it was ended.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart_clearinghouse(&mut self) -> Result<()> {
        self.clearinghouse_server = self.clearinghouse.serve_again(&self.clearinghouse_server)?;
        Ok(())
    }

    /// From now on the license server, and gateways that are started, go by a wrong clock
    /// ([`ServerSetup::by_clock`]).
    ///
    /// # Errors
    /// When the license server does not start.
    pub fn go_by_clock(&mut self, library: &'static str, file: &Path) -> Result<()> {
        self.license_server = self.license_server.clone().by_clock(library, file);
        self.clock = Some((library, file.to_owned()));
        self.end_license_server()?;
        self.restart_license_server()
    }

    /// A vendor signs the image of a client, and the license server installs it.
    ///
    /// # Errors
    /// When anybody refuses.
    pub fn install_image(&self, image: &Path, vendor: u32, software_id: &str) -> Result<()> {
        let number = vendor.to_string();
        let vendor = self.path(&format!("vendor-{vendor}"));
        let run = |arguments: &[&str]| self.license_server.run(arguments)?.success();
        run(&["client-image", "init", text(&vendor)?, "--vendor", &number, "--name", "Example"])?;
        let certificate =
            self.authority.sign(&vendor.join("request.pem"), "image-vendor", &number)?;
        let statement = vendor.join("client.image");
        let key = vendor.join("signing.key");
        let signed = ["client-image", "sign", text(image)?, "--software-id", software_id];
        let by = ["--certificate", text(&certificate)?, "--key", text(&key)?];
        let about = ["--name", "trybuy", "--version", "0.1.0", "--out", text(&statement)?];
        run(&[signed.as_slice(), &by, &about].concat())?;
        self.licenses(&["image", "add", text(image)?, "--statement", text(&statement)?]).map(drop)
    }
}

/// Makes a clearinghouse with its certificate.
fn clearinghouse(
    binaries: &Binaries,
    data_dir: &Path,
    authority: &dyn Authority,
) -> Result<ServerSetup> {
    let setup = ServerSetup::existing(binaries, data_dir, &[]).in_role("clearinghouse");
    let init = ["clearinghouse", "init", "--id", "clearing", "--name", "Example Clearing"];
    setup.run(init)?.success()?;
    let request = data_dir.join("clearinghouse/request.pem");
    let certificate = authority.sign(&request, "clearinghouse", "clearing")?;
    let trusted = authority.trusted();
    let installed = ["clearinghouse", "certificate", "install", text(&certificate)?];
    setup.run([installed.as_slice(), &["--authority", text(&trusted)?]].concat())?.success()?;
    Ok(setup)
}

/// Makes a license server with its certificates.
fn license_server(
    setup: ServerSetup,
    clearinghouse: &str,
    authority: &dyn Authority,
) -> Result<ServerSetup> {
    let init = ["license-server", "init", "--id", "acme", "--name", "Acme"];
    setup.run([init.as_slice(), &["--clearinghouse", clearinghouse]].concat())?.success()?;
    let own = setup.data_dir().join("license-server");
    let packs = authority.sign(&own.join("license-server.csr"), "license-server", "acme")?;
    let issuer = authority.sign(&own.join("issuer.csr"), "license-issuer", "acme")?;
    let trusted = authority.trusted();
    let installed = ["license-server", "certificate", "install"];
    let given = ["--license-server", text(&packs)?, "--issuer", text(&issuer)?];
    let by = ["--authority", text(&trusted)?];
    setup.run([installed.as_slice(), &given, &by].concat())?.success()?;
    Ok(setup)
}

/// A path as text.
pub(crate) fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path of the tests is UTF-8")
}

/// Replaces lines of a configuration file; each has to be there.
///
/// # Errors
/// When one is not, or the file cannot be written.
pub fn replace_lines<'a>(
    path: &Path,
    lines: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<()> {
    let mut file = std::fs::read_to_string(path)?;
    for (line, new) in lines {
        anyhow::ensure!(file.contains(line), "{} has no line {line}", path.display());
        file = file.replacen(line, new, 1);
    }
    Ok(std::fs::write(path, file)?)
}
