//! Renewal, purchase, and what vendors give: without a new download where the layout allows it.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use serde_json::Value;

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::files;
use trybuy_tests::vendor::{Application, EASY_TRIAL};
use trybuy_tests::wait;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, tried};

cases![
    a_key_buys_without_another_download[Busybox],
    a_key_buys_what_was_never_tried_and_only_once[Busybox],
    a_dispersed_file_is_downloaded_again[Busybox],
    a_trial_that_ended_is_renewed_as_often_as_its_policy_says[Busybox],
    terms_of_a_purchase_or_renewal_are_accepted_by_its_own_command[Busybox],
    another_trial_begins_where_a_limit_is_used_up[Busybox],
    a_trial_that_its_vendor_ended_is_renewed_in_both_layouts[Busybox],
    the_end_of_the_last_trial_is_learned_where_a_head_is_enough[Busybox],
    a_head_that_cannot_be_put_leaves_nothing_behind[Busybox],
    a_vendor_gives_time_trials_and_the_license[Busybox],
    a_revoked_key_ends_the_license_at_the_next_contact[Busybox],
];

const HEAD_ONLY: &str = "Nothing had to be downloaded again";

/// Publishes busybox with a policy of its own, and has a new user try it.
fn tried_under(world: &World, name: &str, trial: &str) -> Result<(Builder, String)> {
    let id = format!("com.example.{name}");
    let program = busybox()?;
    let application = Application {
        id: &id,
        name,
        version: "1.0.0",
        program: &program,
        trial,
        compression: "zstd",
    };
    world.vendor.publish(&application.write(&world.path(name))?)?;
    let user = world.builder(name)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok((user, id))
}

fn keys(world: &World, id: &str, arguments: &[&str]) -> Result<Vec<String>> {
    let made = world.vendor.run([&["key", "create", id], arguments].concat())?.success()?;
    Ok(made.stdout.lines().map(str::to_owned).collect())
}

fn a_key_buys_without_another_download(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-bought")?;
    let keys = keys(world, &id, &["--count", "2", "--label", "shop"])?;
    ensure!(keys.len() == 2 && keys[0].len() == 29, "{keys:?}");
    user.run(["buy", &id])?.refused(2, "usage")?;
    user.run(["buy", &id, "--key", "ABCDE"])?.refused(1, "key-refused")?;
    let bought = user.run(["buy", &id, "--key", &keys[0].to_lowercase()])?.success()?;
    ensure!(bought.stderr.contains(HEAD_ONLY), "{bought}");
    ensure!(user.listed(&id)?["ends_at"] == Value::Null);
    ensure_sound(&user, &id)?;
    // Again, it is the same license; and a second one is not sold to who has one for ever.
    user.run(["buy", &id, "--key", &keys[0]])?.success()?;
    user.run(["buy", &id, "--key", &keys[1]])?.refused(1, "key-refused")?;
    let listed = world.vendor.run(["key", "list", &id, "--json"])?.success()?.json()?;
    ensure!(listed[0]["redeemed_at"] != Value::Null, "{listed}");
    ensure!(listed[1]["redeemed_at"] == Value::Null, "{listed}");
    let table = world.vendor.run(["key", "list", &id, "--csv"])?.success()?;
    ensure!(table.stdout.lines().count() == 3 && table.stdout.contains(&keys[1]), "{table}");
    Ok(())
}

fn a_key_buys_what_was_never_tried_and_only_once(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-untried", &busybox()?)?;
    let key = keys(world, &id, &["--duration", "365d"])?.remove(0);
    let buyer = world.builder("untried-buyer")?;
    buyer.run(["buy", &id, "--key", &key])?.success()?;
    ensure!(buyer.listed(&id)?["days_left"] == 365);
    ensure_sound(&buyer, &id)?;
    let other = world.builder("untried-other")?;
    other.run(["buy", &id, "--key", &key])?.refused(1, "key-refused")?;
    other.run(["run", &id])?.refused(127, "not-installed")?;
    Ok(())
}

fn a_dispersed_file_is_downloaded_again(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = EASY_TRIAL.replace("leading", "dispersed");
    let (user, id) = tried_under(world, "busybox-dispersed-bought", &trial)?;
    let key = keys(world, &id, &[])?.remove(0);
    let bought = user.run(["buy", &id, "--key", &key])?.success()?;
    ensure!(
        bought.stderr.contains("Downloading") && !bought.stderr.contains(HEAD_ONLY),
        "{bought}"
    );
    ensure!(user.listed(&id)?["ends_at"] == Value::Null);
    ensure_sound(&user, &id)
}

fn a_trial_that_ended_is_renewed_as_often_as_its_policy_says(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = r#"
duration = "2s"
expiration = "soft"
grace = { length = "1d" }
trials = 2
acceptance = "passive"
"#;
    let (user, id) = tried_under(world, "busybox-renewed", trial)?;
    let is_over = || Ok(user.listed(&id)?["state"] == "warning");
    wait::until("the end of the trial", is_over)?;
    world.vendor.run(["policy", "set", &id, "--duration", "3s"])?.success()?;
    let renewed = user.run(["renew", &id])?.success()?;
    ensure!(renewed.stderr.contains(HEAD_ONLY), "{renewed}");
    ensure!(user.listed(&id)?["state"] == "allowed");
    ensure_sound(&user, &id)?;
    wait::until("the end of the second trial", is_over)?;
    user.run(["renew", &id])?.refused(1, "trial-limit-reached")?;
    // Nothing was lost by asking.
    ensure_sound(&user, &id)
}

fn terms_of_a_purchase_or_renewal_are_accepted_by_its_own_command(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial =
        "duration = \"3s\"\nexpiration = \"hard\"\ntrials = 2\nacceptance = \"retype-code\"\n";
    let id = world.publish_with("busybox-own-command", &busybox()?, trial)?;
    let key = keys(world, &id, &[])?.remove(0);
    let user = world.builder("own-command")?;
    let refused = user.run(["buy", &id, "--key", &key])?.refused(1, "terms-not-accepted")?;
    let again = format!("trybuy buy {id} --key KEY --accept-terms --code ");
    ensure!(refused.stderr.contains(&again), "{refused}");
    let refused = user.run(["try", &id])?.refused(1, "terms-not-accepted")?;
    let code = refused.stderr.split(&format!("trybuy try {id} --accept-terms --code ")).nth(1);
    user.run(["try", &id, "--accept-terms", "--code", code.context("a code")?.trim()])?
        .success()?;
    wait::until("the end of the trial", || Ok(user.run(["run", &id, "true"])?.code != 0))?;
    let refused = user.run(["renew", &id])?.refused(1, "terms-not-accepted")?;
    let again = format!("trybuy renew {id} --accept-terms --code ");
    ensure!(refused.stderr.contains(&again), "{refused}");
    Ok(())
}

fn another_trial_begins_where_a_limit_is_used_up(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = "duration = \"1d\"\nexpiration = \"hard\"\ntrials = 2\nacceptance = \"passive\"\nlimits = { launches = 1 }\n";
    let (user, id) = tried_under(world, "busybox-used-up", trial)?;
    user.run(["run", &id, "--", "true"])?.success()?;
    let told = user.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    ensure!(told.stderr.contains("`trybuy renew`"), "{told}");
    // The terms are shown, as for every trial, and the installed file goes on.
    let renewed = user.run(["renew", &id, "--accept-terms"])?.success()?;
    ensure!(renewed.stderr.contains(HEAD_ONLY), "{renewed}");
    user.run(["run", &id, "--", "true"])?.success()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    let last = user.run(["renew", &id])?.refused(1, "trial-limit-reached")?;
    ensure!(!last.stderr.contains("may be used"), "{last}");
    ensure!(world.requests(&id)?.len() == 2, "two trials");
    // A trial that the vendor gives begins at once, too; so it does where the memory of one was lost.
    let more = ["grant", &id, "--licensee", "busybox-used-up@example.com", "--trials", "2"];
    world.vendor.run(more)?.success()?;
    user.run(["renew", &id, "--accept-terms"])?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    for file in files::below(&user.data_dir().join("library"))? {
        if file.extension() == Some("sealed".as_ref()) {
            fs::remove_file(file)?;
        }
    }
    user.run(["try", &id])?.success()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    user.run(["renew", &id, "--accept-terms"])?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    Ok(())
}

/// Has a new user try busybox, and ends that trial.
fn ended_by_its_vendor(world: &World, name: &str, trial: &str) -> Result<(Builder, String)> {
    let (user, id) = tried_under(world, name, trial)?;
    let shorten = ["policy", "set", &id, "--duration", "1s", "--apply-to-existing"];
    world.vendor.run(shorten)?.success()?;
    world.vendor.run(["policy", "set", &id, "--duration", "1d"])?.success()?;
    wait::until("the end of the trial", || {
        let end = &world.requests(&id)?[0]["ends_at"];
        let end: DateTime<Utc> = end.as_str().context("an end")?.parse()?;
        Ok(end <= Utc::now())
    })?;
    Ok((user, id))
}

fn a_trial_that_its_vendor_ended_is_renewed_in_both_layouts(shared: &Shared) -> Result<()> {
    let world = shared.world();
    for layout in ["leading", "dispersed"] {
        let trial = EASY_TRIAL.replace("leading", layout).replace("trials = 1", "trials = 2");
        let (user, id) = ended_by_its_vendor(world, &format!("busybox-ended-{layout}"), &trial)?;
        user.run(["renew", &id, "--accept-terms"])?.success()?;
        ensure!(world.requests(&id)?.len() == 2, "{layout}: another trial");
        ensure_sound(&user, &id)?;
    }
    Ok(())
}

fn the_end_of_the_last_trial_is_learned_where_a_head_is_enough(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = ended_by_its_vendor(world, "busybox-last-leading", EASY_TRIAL)?;
    user.run(["renew", &id, "--accept-terms"])?.success()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "trial-expired")?;
    let trial = EASY_TRIAL.replace("leading", "dispersed");
    let (user, id) = ended_by_its_vendor(world, "busybox-last-dispersed", &trial)?;
    user.run(["renew", &id, "--accept-terms"])?.refused(1, "trial-limit-reached")?;
    Ok(())
}

fn a_head_that_cannot_be_put_leaves_nothing_behind(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-unput")?;
    let give = ["grant", &id, "--licensee", "busybox-unput@example.com", "--extend", "9d"];
    world.vendor.run(give)?.success()?;
    let before = files::below(user.data_dir())?;
    // A head fits, and the file behind it does not.
    let mut limited = Command::new("prlimit");
    let builder = user.command();
    limited.arg("--fsize=500000").arg(builder.get_program()).args(builder.get_args());
    Outcome::of(limited.args(["renew", &id]))?.refused(1, "local-file")?;
    ensure!(files::below(user.data_dir())? == before, "{:?}", files::below(user.data_dir())?);
    user.run(["renew", &id])?.success()?;
    ensure!(user.listed(&id)?["days_left"] == 10);
    let download = user.data_dir().join("downloads").join(&id);
    ensure!(!download.exists(), "an empty folder looks like a download that goes on");
    ensure_sound(&user, &id)
}

fn a_vendor_gives_time_trials_and_the_license(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-given")?;
    let licensee = user.listed(&id)?["licensee_id"].as_str().context("an id")?.to_owned();
    let give = |to: &str, what: &[&str]| {
        world.vendor.run([&["grant", &id, "--licensee", to], what].concat())
    };
    give(&licensee, &["--extend", "9d"])?.success()?;
    let nothing = user.run(["renew", &id])?.success()?;
    ensure!(nothing.stderr.contains(HEAD_ONLY), "{nothing}");
    ensure!(user.listed(&id)?["days_left"] == 10);
    // Also at a contact that is about something else.
    give("busybox-given@example.com", &["--license"])?.success()?;
    let all = user.run(["renew"])?.success()?;
    ensure!(all.stderr.contains("its vendor changed your license"), "{all}");
    ensure!(user.listed(&id)?["ends_at"] == Value::Null);
    ensure_sound(&user, &id)?;
    give("nobody@example.com", &["--trials", "1"])?.refused(1, "not-found")?;
    give(&licensee, &["--trials", "11"])?.refused(2, "usage")?;
    give(&licensee, &["--extend", "1d"])?.refused(1, "bad-request")?;
    // What has no end is never given one.
    give(&licensee, &["--license", "--duration", "1d"])?.refused(1, "bad-request")?;
    Ok(())
}

fn a_revoked_key_ends_the_license_at_the_next_contact(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-revoked")?;
    let key = keys(world, &id, &[])?.remove(0);
    user.run(["buy", &id, "--key", &key])?.success()?;
    let listed = world.vendor.run(["key", "list", &id, "--json"])?.success()?.json()?;
    let key_id = listed[0]["id"].as_str().context("an id")?;
    world.vendor.run(["key", "revoke", key_id])?.refused(1, "bad-request")?;
    world.vendor.run(["key", "revoke", key_id, "--end-licenses"])?.success()?;
    ensure_sound(&user, &id)?;
    user.run(["renew"])?.success()?;
    user.run(["run", &id])?.refused(125, "trial-expired")?;
    user.run(["buy", &id, "--key", &key])?.refused(1, "key-refused")?;
    Ok(())
}
