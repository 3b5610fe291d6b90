//! Who gets which license: a free one, the same again, a temporary one, an upgrade.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::command::Outcome;
use trybuy_tests::company::door::Door;
use trybuy_tests::company::{Order, replace_lines};
use trybuy_tests::wait;

use super::{PAGE, Stage, curl, only_license};
use crate::case::{Shared, cases};

cases![
    a_client_is_led_to_a_license_and_reaches_the_service[Python, Curl],
    a_lost_license_is_issued_again_and_costs_nothing[Python],
    a_temporary_license_is_given_once_and_replaced_by_a_permanent_one[Python, Curl],
    an_upgrade_replaces_the_older_license[Python, Curl],
    any_program_reaches_the_service_through_the_door[Python, Curl],
    a_legacy_client_is_known_by_its_token[Python, Curl],
    users_who_are_named_are_direct_connect_clients[Python, Curl, Root],
];

fn a_client_is_led_to_a_license_and_reaches_the_service(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 2))?;
    let refused = curl(&stage.gateway, None)?;
    ensure!(refused.stdout.contains("/problems/license-required"), "{refused}");
    ensure!(refused.stdout.ends_with("403"), "{refused}");
    let client = stage.licensed("ada")?;
    let license = stage.exported(&client, "exported")?;
    ensure!(stage.passes(&license)?);
    ensure!(assigned(&stage)? == 1);
    Ok(())
}

fn a_lost_license_is_issued_again_and_costs_nothing(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 2))?;
    let client = stage.licensed("ada")?;
    let first = only_license(&client)?["license_id"].clone();
    std::fs::remove_dir_all(client.data_dir().join("licenses"))?;
    stage.gateway.request_license(&client)?.success()?;
    ensure!(only_license(&client)?["license_id"] == first);
    ensure!(assigned(&stage)? == 1);
    Ok(())
}

fn a_temporary_license_is_given_once_and_replaced_by_a_permanent_one(
    shared: &Shared,
) -> Result<()> {
    let stage = Stage::start_with(shared, &[("#: temporary = \"60d\"", "temporary = \"6s\"")])?;
    stage.company.offer(&Order::of("4.0.0", 1))?;
    stage.company.agree(&Order::of("4.0.0", 1), None, None)?;
    let client = stage.licensed("ada")?;
    let first = only_license(&client)?;
    ensure!(first["kind"] == "temporary", "{first}");
    let temporary = stage.exported(&client, "temporary")?;
    ensure!(stage.passes(&temporary)?);
    wait::until("the end of the temporary license", || Ok(!stage.passes(&temporary)?))?;
    let ended = curl(&stage.gateway, Some(&temporary))?;
    ensure!(ended.stdout.contains("/problems/license-expired"), "{ended}");
    // There is no second one.
    let again = stage.gateway.request_license(&client)?;
    ensure!(again.code != 0 && again.stderr.contains("no-free-license"), "{again}");
    stage.company.buy(&Order::of("4.0.0", 1))?;
    stage.gateway.request_license(&client)?.success()?;
    let permanent = only_license(&client)?;
    ensure!(permanent["kind"] == "permanent", "{permanent}");
    ensure!(stage.passes(&stage.exported(&client, "permanent")?)?);
    Ok(())
}

fn an_upgrade_replaces_the_older_license(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    let before = stage.exported(&client, "before")?;
    stage.upgrade(&client)?;
    let license = only_license(&client)?;
    ensure!(license["version"] == "5.0.0", "{license}");
    let exported = stage.exported(&client, "exported")?;
    // "A next generation license is always accepted by a current generation server."
    ensure!(stage.passes(&exported)?);
    let packs = stage.company.licenses(&["pack", "list", "--json"])?.json()?;
    let assigned: Vec<_> =
        packs.as_array().context("a list")?.iter().map(|it| &it["assigned"]).collect();
    ensure!(assigned == [1, 1], "{packs}");
    wait::until("the gateway hears of it", || Ok(!stage.passes(&before)?))?;
    let refused = curl(&stage.gateway, Some(&before))?;
    ensure!(refused.stdout.contains("/problems/license-superseded"), "{refused}");
    ensure!(!refused.stdout.contains("license-revoked"), "{refused}");
    Ok(())
}

fn any_program_reaches_the_service_through_the_door(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.company.client("ada");
    let mut door = Door::open(&client, &stage.gateway)?;
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", door.url()]);
    let page = Outcome::of(&mut curl)?;
    ensure!(page.stdout == PAGE, "{page}");
    ensure!(only_license(&client)?["kind"] == "permanent");
    ensure!(door.close()?.success());
    Ok(())
}

fn a_legacy_client_is_known_by_its_token(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    let order = Order { platform_type: "legacy", ..Order::of("4.0.0", 1) };
    stage.company.stock(&order)?;
    let added = stage.gateway.setup.run(["gateway", "client", "add", "old-terminal"])?.success()?;
    let reached = |token: &str| -> Result<Outcome> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "30", "--cacert"]);
        curl.arg(stage.gateway.certificate()).arg("--header");
        curl.arg(format!("Legacy-Client: {token}")).arg(format!("{}/", stage.gateway.url()));
        Outcome::of(&mut curl)
    };
    let page = reached(added.stdout.trim())?;
    ensure!(page.stdout == PAGE, "{page}");
    let stranger = reached("another")?;
    ensure!(stranger.stdout.contains("/problems/license-required"), "{stranger}");
    ensure!(assigned(&stage)? == 1);
    let listed = stage.gateway.setup.run(["gateway", "client", "list"])?.success()?;
    let licenses = stage.company.licenses(&["licenses", "list"])?;
    let [license, client, ..] = licenses.stdout.split("  ").collect::<Vec<_>>()[..] else {
        anyhow::bail!("{licenses}")
    };
    let line = format!("old-terminal  legacy  {client}  {license}  valid");
    ensure!(listed.stdout.starts_with(&line), "{listed}{licenses}");
    stage.gateway.setup.run(["gateway", "client", "remove", "old-terminal"])?.success()?;
    wait::until("a gateway that has heard of it", || {
        Ok(reached(added.stdout.trim())?.stdout.contains("/problems/license-required"))
    })
}

fn users_who_are_named_are_direct_connect_clients(shared: &Shared) -> Result<()> {
    let mut stage = Stage::start(shared)?;
    let order = Order { platform_type: "direct-connect", ..Order::of("4.0.0", 3) };
    stage.company.stock(&order)?;
    // A folder that everybody may look into.
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    let socket = folder.path().join("direct.sock");
    stage.gateway.server.terminate()?;
    let lines = [
        ("socket = \"direct.sock\"", format!("socket = \"{}\"", socket.display())),
        ("#: users = []", "users = [\"nobody\", \"1000-1001\"]".to_owned()),
    ];
    let lines = lines.iter().map(|(line, new)| (*line, new.as_str()));
    replace_lines(&stage.gateway.setup.data_dir().join("gateway/gateway.toml"), lines)?;
    stage.gateway.server = stage.gateway.setup.serve()?;
    for (user, named) in [(65534, true), (1001, true), (1002, false), (0, false), (1001, true)] {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={user}"), "--clear-groups".to_owned()]);
        command.args(["curl", "--silent", "--show-error", "--max-time", "30", "--unix-socket"]);
        let answer = Outcome::of(command.arg(&socket).arg("http://service/"))?;
        if named {
            ensure!(answer.stdout == PAGE, "{user}: {answer}");
        } else {
            ensure!(answer.stdout.contains("/problems/license-required"), "{user}: {answer}");
        }
    }
    ensure!(assigned(&stage)? == 2, "one for each user");
    Ok(())
}

/// How many licenses of the one pack are assigned.
fn assigned(stage: &Stage) -> Result<u64> {
    let packs = stage.company.licenses(&["pack", "list", "--json"])?.json()?;
    packs[0]["assigned"].as_u64().context("a number")
}
