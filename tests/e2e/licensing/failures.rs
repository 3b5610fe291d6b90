//! What goes on, and what is said, when something is missing, revoked or stolen.

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::company::Order;
use trybuy_tests::wait;

use super::{Stage, curl, only_license};
use crate::case::{Shared, cases};

cases![
    valid_licenses_go_on_while_the_license_server_is_down[Python, Curl],
    a_revoked_license_is_refused_and_its_seat_given_to_another[Python, Curl],
    a_client_with_the_license_of_another_is_refused[Python, Curl],
];

fn valid_licenses_go_on_while_the_license_server_is_down(shared: &Shared) -> Result<()> {
    let mut stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 2))?;
    let client = stage.licensed("ada")?;
    let license = stage.exported(&client, "exported")?;
    stage.company.end_license_server()?;
    ensure!(stage.passes(&license)?);
    let newcomer = stage.company.client("bob");
    let refused = stage.gateway.request_license(&newcomer)?;
    refused.refused(1, "license-server-unreachable")?;
    // A gateway that starts meanwhile knows what it knew.
    stage.gateway.server.terminate()?;
    let address = stage.gateway.server.url().trim_start_matches("https://").to_owned();
    stage.gateway.server = stage.gateway.setup.listening_on(&address).serve()?;
    ensure!(stage.passes(&license)?);
    stage.company.restart_license_server()?;
    stage.gateway.request_license(&newcomer)?.success()?;
    Ok(())
}

fn a_revoked_license_is_refused_and_its_seat_given_to_another(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    let license = stage.exported(&client, "exported")?;
    ensure!(stage.passes(&license)?);
    let id = only_license(&client)?["license_id"].as_str().context("an id")?.to_owned();
    stage.company.licenses(&["revoke", &id, "--reason", "stolen"])?;
    wait::until("the gateway hears of it", || Ok(!stage.passes(&license)?))?;
    let refused = curl(&stage.gateway, Some(&license))?;
    ensure!(refused.stdout.contains("/problems/license-revoked"), "{refused}");
    let other = stage.licensed("bob")?;
    let given = only_license(&other)?;
    ensure!(given["kind"] == "permanent", "{given}");
    ensure!(given["license_id"] == format!("{id}.1"), "the seat's second license: {given}");
    // Its client is told when it asks, and gets what there is.
    let told = stage.gateway.request_license(&client)?.success()?;
    ensure!(told.stderr.contains("was revoked, as the gateway says"), "{told}");
    ensure!(only_license(&client)?["kind"] == "temporary", "{told}");
    let again = stage.gateway.request_license(&client)?.success()?;
    ensure!(!again.stderr.contains("revoked"), "{again}");
    Ok(())
}

fn a_client_with_the_license_of_another_is_refused(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 2))?;
    let license = stage.exported(&stage.licensed("ada")?, "ada-license")?;
    let mut stolen = stage.exported(&stage.licensed("bob")?, "bob-license")?;
    std::fs::copy(license.certificate(), stolen.certificate())?;
    ensure!(!stage.passes(&stolen)?, "the key is another one");
    stolen.0 = license.0;
    ensure!(stage.passes(&stolen)?);
    Ok(())
}
