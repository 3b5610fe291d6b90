//! The licensing system, whole: a company buys licenses, its clients get them through a gateway and work.

pub(crate) mod door;
pub(crate) mod failures;
pub(crate) mod granting;
pub(crate) mod guide;
pub(crate) mod model;
pub(crate) mod orders;
pub(crate) mod other_software;
pub(crate) mod processes;
pub(crate) mod records;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::company::service::Service;
use trybuy_tests::company::{Company, CompanyOptions, Order};

use crate::case::Shared;

/// What the service's one page says.
const PAGE: &str = "the service\n";

/// A company with a service that needs version 4 of the product.
struct Stage {
    company: Company,
    service: Service,
    gateway: Gateway,
}

impl Stage {
    fn start(shared: &Shared) -> Result<Self> {
        Self::start_with(shared, &[])
    }

    /// With lines of the license server's configuration replaced.
    fn start_with(shared: &Shared, settings: &[(&str, &str)]) -> Result<Self> {
        Self::start_as(shared, CompanyOptions { settings, ..CompanyOptions::default() })
    }

    /// With a company as the options say.
    fn start_as(shared: &Shared, options: CompanyOptions<'_>) -> Result<Self> {
        let company = Company::start_as(shared.binaries(), options)?;
        let folder = company.path("pages");
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join("index.html"), PAGE)?;
        let service = Service::start(&folder)?;
        let gateway = company.gateway(&GatewayOptions {
            name: "gateway",
            service: service.url(),
            version: "4.0.0",
        })?;
        Ok(Self { company, service, gateway })
    }

    /// A client that asks for a license.
    fn licensed(&self, name: &str) -> Result<Builder> {
        let client = self.company.client(name);
        self.gateway.request_license(&client)?.success()?;
        Ok(client)
    }

    /// Another gateway in front of the service, which needs version 5.
    fn newer_gateway(&self) -> Result<Gateway> {
        let (name, service) = ("newer", self.service.url());
        self.company.gateway(&GatewayOptions { name, service, version: "5.0.0" })
    }

    /// Has a client's license upgraded to version 5, by an upgrade license that is bought and a gateway that needs it.
    fn upgrade(&self, client: &Builder) -> Result<()> {
        let newer = self.newer_gateway()?;
        self.company.stock(&UPGRADE)?;
        newer.request_license(client)?.success().map(drop)
    }

    /// A client's one license, as files for other software.
    fn exported(&self, client: &Builder, name: &str) -> Result<Exported> {
        let folder = self.company.path(name);
        let id = only_license(client)?["license_id"].as_str().context("an id")?.to_owned();
        let to = folder.to_str().context("a path")?;
        client.run(["license", "export", &id, "--out", to])?.success()?;
        Ok(Exported(folder))
    }

    /// How often the license server was asked for a license, by its log.
    fn requests(&self) -> Result<usize> {
        let log = self.company.license_server.data_dir().join("server.log");
        Ok(std::fs::read_to_string(log)?.matches("route=\"/api/v1/license-requests\"").count())
    }

    /// Whether the service is reached with a license.
    fn passes(&self, license: &Exported) -> Result<bool> {
        Ok(curl(&self.gateway, Some(license))?.stdout == format!("{PAGE}200"))
    }
}

/// One upgrade license from version 4 to version 5.
const UPGRADE: Order<'_> = Order {
    version: "5.0.0",
    platform_type: "non-windows",
    quantity: 1,
    upgrade_from: Some("4.0.0"),
    features: &[],
};

/// A license as files for other software.
struct Exported(PathBuf);

impl Exported {
    fn certificate(&self) -> PathBuf {
        self.0.join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("key.pem")
    }
}

/// The one license that a client has.
fn only_license(client: &Builder) -> Result<Value> {
    let listed = client.run(["license", "list", "--json"])?.success()?.json()?;
    let licenses = listed.as_array().context("a list")?;
    ensure!(licenses.len() == 1, "{listed}");
    Ok(licenses[0].clone())
}

/// What `curl` gets from a gateway: the answer, and behind it its status.
fn curl(gateway: &Gateway, license: Option<&Exported>) -> Result<Outcome> {
    curl_with(&format!("{}/", gateway.url()), &gateway.certificate(), license)
}

fn curl_with(url: &str, authority: &Path, license: Option<&Exported>) -> Result<Outcome> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "30", "--write-out", "%{http_code}"]);
    command.arg("--cacert").arg(authority);
    if let Some(license) = license {
        command.arg("--cert").arg(license.certificate()).arg("--key").arg(license.key());
    }
    Outcome::of(command.arg(url))
}
