//! The licensing system, whole: a company buys licenses, its clients get them through a gateway and work.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::company::service::Service;
use trybuy_tests::company::{Company, Order};
use trybuy_tests::wait;

use crate::case::{Shared, cases};

cases![
    a_client_gets_a_license_and_reaches_the_service[Python, Curl],
];

/// A web application with one page.
fn service(company: &Company) -> Result<Service> {
    let folder = company.path("pages");
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("index.html"), "the service\n")?;
    Service::start(&folder)
}

/// A gateway that needs version 4 of the product.
fn gateway(company: &Company, service: &Service) -> Result<Gateway> {
    company.gateway(&GatewayOptions { name: "gateway", service: service.url(), version: "4.0.0" })
}

/// `curl` with a client's exported license.
fn curl(gateway: &Gateway, exported: Option<&std::path::Path>) -> Result<Outcome> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--write-out", "%{http_code}"]);
    command.arg("--cacert").arg(gateway.certificate());
    if let Some(folder) = exported {
        command.arg("--cert").arg(folder.join("certificate.pem"));
        command.arg("--key").arg(folder.join("key.pem"));
    }
    Outcome::of(command.arg(format!("{}/", gateway.url())))
}

/// Exports the one license of a client.
fn export(client: &Builder, folder: &std::path::Path) -> Result<()> {
    let listed = client.run(["license", "list", "--json"])?.success()?.json()?;
    let id = listed[0]["license_id"].as_str().context("a license")?.to_owned();
    let to = folder.to_str().context("a path")?;
    client.run(["license", "export", &id, "--out", to])?.success()?;
    Ok(())
}

fn a_client_gets_a_license_and_reaches_the_service(shared: &Shared) -> Result<()> {
    let company = Company::start(shared.binaries())?;
    company.stock(&Order::of("4.0.0", 2))?;
    let service = service(&company)?;
    let gateway = gateway(&company, &service)?;
    let refused = curl(&gateway, None)?;
    ensure!(refused.stdout.contains("license-required"), "{refused}");
    ensure!(refused.stdout.ends_with("403"), "{refused}");
    let client = company.client("ada");
    gateway.request_license(&client)?.success()?;
    let exported = company.path("exported");
    export(&client, &exported)?;
    let page = curl(&gateway, Some(&exported))?;
    ensure!(page.stdout == "the service\n200", "{page}");
    wait::until("the license is counted", || {
        let packs = company.licenses(&["pack", "list", "--json"])?.json()?;
        Ok(packs[0]["assigned"] == 1)
    })
}
