//! A license server that is several processes on one PostgreSQL.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_tests::builder::Builder;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::company::service::Service;
use trybuy_tests::company::{Company, CompanyOptions, Order};
use trybuy_tests::postgres::Cluster;
use trybuy_tests::running::Running;
use trybuy_tests::wait;

use super::only_license;
use crate::case::{Shared, cases};

cases![processes_on_one_database_are_one_license_server[Postgres, Python]];

/// Licenses that are there to be granted.
const SEATS: usize = 5;
/// Clients that want one.
const CLIENTS: usize = 12;

/// Clients come through gateways at two processes, one of which is killed meanwhile; a third process has the
/// directory of the first.
fn processes_on_one_database_are_one_license_server(shared: &Shared) -> Result<()> {
    let cluster = Cluster::start()?;
    let url = cluster.create_database(&format!("trybuy_e2e_licenses_{}", std::process::id()))?;
    let options = CompanyOptions { database: Some(&url), ..CompanyOptions::default() };
    let mut company = Company::start_as(shared.binaries(), options)?;
    company.stock(&Order::of("4.0.0", u32::try_from(SEATS)?))?;
    let elsewhere = company.license_server_elsewhere()?;
    let second = elsewhere.serve()?;
    let beside = company.license_server.serve()?;
    let service = Service::start(&company.path(""))?;
    let front = |name| GatewayOptions { name, service: service.url(), version: "4.0.0" };
    let gateways = [
        company.gateway(&front("front"))?,
        company.gateway_of(&second, &front("back"))?,
        company.gateway_of(&beside, &front("side"))?,
    ];
    let clients: Vec<Builder> =
        (0..CLIENTS).map(|number| company.client(&format!("client-{number}"))).collect();
    let asking = ask(&clients, &gateways)?;
    wait::until("the first grants", || Ok(records(&company, "granted")?.len() >= 2))?;
    company.end_license_server()?;
    let answered: Vec<_> = asking.into_iter().map(Running::wait).collect::<Result<_>>()?;
    company.restart_license_server()?;
    for (number, outcome) in answered.into_iter().enumerate() {
        if outcome.code != 0 {
            outcome.refused(1, "license-server-unreachable")?;
            let gateway = &gateways[number % gateways.len()];
            gateway.request_license(&clients[number])?.success()?;
        }
    }
    ensure_each_has_one(&company, &clients)?;
    // Whichever process has the news, all gateways hear of it.
    let id = only_license(&clients[0])?["license_id"].as_str().context("an id")?.to_owned();
    let revoke = ["license-server", "revoke", &id, "--reason", "stolen"];
    elsewhere.run(revoke)?.success()?;
    for setup in [&company.license_server, &elsewhere] {
        let audit = setup.run(["license-server", "audit", "verify"])?.success()?;
        ensure!(audit.stdout.contains("are as they were written"), "{audit}");
    }
    Ok(())
}

/// Has all clients ask at once, in turn at the gateways.
fn ask(clients: &[Builder], gateways: &[Gateway]) -> Result<Vec<Running>> {
    let ask = |(client, gateway): (&Builder, &Gateway)| {
        let mut command = client.command();
        command.args(["license", "request", gateway.url(), "--ca"]).arg(gateway.certificate());
        Running::start(&mut command)
    };
    clients.iter().zip(gateways.iter().cycle()).map(ask).collect()
}

/// The records of an outcome.
fn records(company: &Company, outcome: &str) -> Result<Vec<Value>> {
    let listed = company.licenses(&["records", "list", "--outcome", outcome, "--json"])?;
    Ok(listed.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// That every seat was granted once and nothing beyond, with one record of each client's license.
fn ensure_each_has_one(company: &Company, clients: &[Builder]) -> Result<()> {
    let mut ids = BTreeSet::new();
    let mut permanent = 0;
    for client in clients {
        let license = only_license(client)?;
        permanent += usize::from(license["kind"] == "permanent");
        ids.insert(license["license_id"].to_string());
    }
    ensure!(permanent == SEATS && ids.len() == CLIENTS, "{permanent} of {ids:?}");
    for (outcome, expected) in [("granted", SEATS), ("temporary", CLIENTS - SEATS)] {
        let records = records(company, outcome)?;
        let clients: BTreeSet<String> =
            records.iter().map(|record| record["client_id"].to_string()).collect();
        ensure!(records.len() == expected && clients.len() == expected, "{records:?}");
    }
    for outcome in ["restored", "seat-granted-twice"] {
        ensure!(records(company, outcome)?.is_empty(), "{outcome}");
    }
    let packs = company.licenses(&["pack", "list", "--json"])?.json()?;
    ensure!(packs[0]["assigned"] == SEATS && packs[0]["free"] == 0, "{packs}");
    Ok(())
}
