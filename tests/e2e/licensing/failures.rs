//! What goes on, and what is said, when something is missing, revoked or stolen.

use anyhow::{Context as _, Result, ensure};
use chrono::Utc;

use trybuy_formats::instant::{Instant, Span};
use trybuy_tests::builder::Builder;
use trybuy_tests::company::{CompanyOptions, Order, PRODUCT, replace_lines};
use trybuy_tests::disk::SmallDisk;
use trybuy_tests::running::Running;
use trybuy_tests::wait;

use super::{Stage, UPGRADE, curl, curl_with, only_license};
use crate::case::{Shared, cases};

cases![
    valid_licenses_go_on_while_the_license_server_is_down[Python, Curl],
    a_license_goes_on_after_its_upgrade_has_ended_while_the_license_server_is_down[Python, Curl],
    an_old_revocation_list_is_told_of_and_refuses_licenses_where_that_is_wanted[Python, Curl],
    a_full_disk_is_told_of_and_valid_licenses_go_on[Root, Python, Curl],
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
    stage.gateway.restart()?;
    ensure!(stage.passes(&license)?);
    stage.company.restart_license_server()?;
    stage.gateway.request_license(&newcomer)?.success()?;
    Ok(())
}

/// Who has licenses without an end and buys upgrades by the year loses nothing on the day that one ends.
fn a_license_goes_on_after_its_upgrade_has_ended_while_the_license_server_is_down(
    shared: &Shared,
) -> Result<()> {
    let mut stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    let before = stage.exported(&client, "before")?;
    let newer = stage.newer_gateway()?;
    stage.company.offer(&UPGRADE)?;
    let end = Instant::try_from(Utc::now())?.plus(Span::seconds(20)).to_string();
    let order = stage.company.agree(&UPGRADE, None, Some(&end))?;
    stage.company.pay(&order, UPGRADE.quantity)?;
    stage.company.licenses(&["pack", "fetch", &order])?;
    newer.request_license(&client)?.success()?;
    ensure!(!newer.request_license(&client)?.success()?.stderr.contains("4.0.0"));
    stage.company.end_license_server()?;
    wait::until("the end of the upgrade", || Ok(newer.request_license(&client)?.code != 0))?;
    ensure!(stage.passes(&before)?);
    let same = stage.gateway.request_license(&client)?.success()?;
    ensure!(same.stderr.contains("to version 5.0.0 ended on"), "{same}");
    ensure!(same.stderr.contains(&format!("Your license is for {PRODUCT} 4.0.0")), "{same}");
    Ok(())
}

fn an_old_revocation_list_is_told_of_and_refuses_licenses_where_that_is_wanted(
    shared: &Shared,
) -> Result<()> {
    let short = [("#: revocation_list = \"7d\"", "revocation_list = \"3s\"")];
    let mut stage = Stage::start_with(shared, &short)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let license = stage.exported(&stage.licensed("ada")?, "exported")?;
    wait::until("a list", || Ok(health(&stage)?.contains("\"ok\"")))?;
    stage.company.end_license_server()?;
    wait::until("the end of the list", || {
        Ok(health(&stage)?.contains("\"revocation-list-stale\""))
    })?;
    ensure!(stage.passes(&license)?);
    let data_dir = stage.gateway.setup.data_dir();
    let told =
        || Ok(std::fs::read_to_string(data_dir.join("server.log"))?.contains("list is too old"));
    wait::until("a line in the log", told)?;
    let lines = [("#: stale_list = \"accept\"", "stale_list = \"refuse\"")];
    replace_lines(&data_dir.join("gateway/gateway.toml"), lines)?;
    stage.gateway.server.terminate()?;
    stage.gateway.server = stage.gateway.setup.serve()?;
    let refused = curl(&stage.gateway, Some(&license))?;
    ensure!(refused.stdout.contains("/problems/license-server-unreachable"), "{refused}");
    ensure!(refused.stdout.ends_with("503") && health(&stage)?.ends_with("503"), "{refused}");
    stage.company.restart_license_server()?;
    wait::until("a newer list", || stage.passes(&license))
}

/// What the gateway says of itself, and the status code.
fn health(stage: &Stage) -> Result<String> {
    let url = format!("{}/.well-known/trybuy/health", stage.gateway.url());
    Ok(curl_with(&url, &stage.gateway.certificate(), None)?.stdout)
}

fn a_full_disk_is_told_of_and_valid_licenses_go_on(shared: &Shared) -> Result<()> {
    let disk = SmallDisk::mount(256 << 20)?;
    let options = CompanyOptions { disk: Some(disk.path()), ..CompanyOptions::default() };
    let mut stage = Stage::start_as(shared, options)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let license = stage.exported(&stage.licensed("ada")?, "exported")?;
    let both_say = |stage: &Stage, word: &str| -> Result<bool> {
        let url = format!("{}/healthz", stage.company.license_server_server.url());
        let told = [curl_with(&url, &stage.gateway.certificate(), None)?.stdout, health(stage)?];
        Ok(told
            .iter()
            .all(|it| it.contains(&format!("\"status\":\"{word}\"")) && it.ends_with("200")))
    };
    wait::until("all is well", || both_say(&stage, "ok"))?;
    disk.fill()?;
    wait::until("the disk is full", || both_say(&stage, "disk-full"))?;
    ensure!(stage.passes(&license)?);
    disk.make_room()?;
    wait::until("all is well again", || both_say(&stage, "ok"))?;
    // Where it does not run, nothing is there any more that a database is opened with.
    stage.company.license_server_server.terminate()?;
    disk.fill()?;
    let list: &[&str] = &["license-server", "gateway", "list"];
    let serve: &[&str] = &["serve", "--role", "license-server", "--listen", "127.0.0.1:0"];
    for command in [list, serve] {
        // It could start to serve, and not end.
        let run = Running::start(stage.company.license_server.command().args(command))?;
        let refused = run.wait()?.refused(1, "disk-full")?;
        ensure!(refused.stderr.contains("help: make room on the disk"), "{refused}");
    }
    disk.make_room()?;
    stage.company.restart_license_server()?;
    wait::until("all is well again", || both_say(&stage, "ok"))
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
    barred_until_readmitted(&stage, &client)?;
    let other = stage.licensed("bob")?;
    let given = only_license(&other)?;
    ensure!(given["kind"] == "permanent", "{given}");
    ensure!(given["license_id"] == format!("{id}.1"), "the seat's second license: {given}");
    // Its client may ask again, and gets what there is.
    let again = stage.gateway.request_license(&client)?.success()?;
    ensure!(again.stderr.contains("you have a temporary one"), "{again}");
    ensure!(only_license(&client)?["kind"] == "temporary", "{again}");
    Ok(())
}

/// A stolen machine is told when it asks, and gets no other license by that; the only seat stays free for others.
fn barred_until_readmitted(stage: &Stage, client: &Builder) -> Result<()> {
    let told = stage.gateway.request_license(client)?.refused(1, "license-revoked")?;
    ensure!(told.stderr.contains("is refused (license-revoked)"), "{told}");
    let listed = ["licenses", "list", "--barred", "--json"];
    let bar = stage.company.licenses(&listed)?.json()?;
    let id = bar["client_id"].as_str().context("a client id")?;
    let readmit = ["readmit", id, "--product", PRODUCT, "--reason", "it was found"];
    stage.company.licenses(&readmit)?;
    ensure!(stage.company.licenses(&listed)?.stdout.is_empty());
    let again = [&["license-server"], readmit.as_slice()].concat();
    stage.company.license_server.run(again)?.refused(1, "not-found")?;
    let records = ["records", "list", "--outcome", "readmitted", "--json"];
    let record = stage.company.licenses(&records)?.json()?;
    ensure!(record["client_id"] == id && record["note"] == "it was found", "{record}");
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
