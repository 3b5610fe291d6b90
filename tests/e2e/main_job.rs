//! The main job: publish a program, try it, run it from memory until its trial ends.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::component::Component;

use crate::case::{Shared, cases};

cases![
    a_static_program_runs_from_memory[Busybox],
    a_dynamic_filter_runs_in_a_pipeline[Jq],
    a_program_with_storage_of_its_own_runs[Sqlite],
    an_interpreter_runs[Python],
    a_program_of_over_50_mb_runs[Pandoc],
    a_hard_trial_runs_until_its_end_and_not_longer[Busybox],
    grace_from_expiration_warns_then_ends[Busybox],
    grace_from_the_first_warning_begins_with_it[Busybox],
    a_name_is_typed_where_the_vendor_asks_for_explicit_acceptance[Busybox],
    a_code_is_retyped_where_the_vendor_asks_for_it[Busybox],
    every_step_of_the_command_line_in_order[Busybox],
    a_dispersed_trial_runs_like_a_leading_one[Busybox],
];

fn program(component: Component) -> Result<std::path::PathBuf> {
    component.path().context("the component is here")
}

/// Publishes a program of Debian's, has a new user try it, and answers the user and its id.
fn tried(shared: &Shared, name: &str, component: Component) -> Result<(Builder, String)> {
    let world = shared.world();
    let id = world.publish(name, &program(component)?)?;
    let user = world.builder(name)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok((user, id))
}

fn a_static_program_runs_from_memory(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared, "busybox", Component::Busybox)?;
    let echoed = user.run(["run", &id, "--", "echo", "hello", "world"])?.success()?;
    ensure!(echoed.stdout == "hello world\n", "{echoed}");
    let failed = user.run(["run", &id, "--", "sh", "-c", "exit 42"])?;
    ensure!(failed.code == 42, "{failed}");
    let killed = user.run(["run", &id, "--", "sh", "-c", "kill -TERM $$"])?;
    ensure!(killed.code == 128 + 15, "{killed}");
    Ok(())
}

fn a_dynamic_filter_runs_in_a_pipeline(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared, "jq", Component::Jq)?;
    let mut command = user.command();
    command.args(["run", &id, "--", "-c", ".a[1]"]);
    let filtered = Outcome::with_input(&mut command, br#"{"a":[1,{"b":2}]}"#)?.success()?;
    ensure!(filtered.stdout == "{\"b\":2}\n", "{filtered}");
    Ok(())
}

fn a_program_with_storage_of_its_own_runs(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared, "sqlite", Component::Sqlite)?;
    let database = user.data_dir().join("numbers.db");
    let sql = "create table n(x); insert into n values (20), (22); select sum(x) from n;";
    let database = database.display().to_string();
    let answered = user.run(["run", &id, "--", &database, sql])?.success()?;
    ensure!(answered.stdout == "42\n", "{answered}");
    Ok(())
}

fn an_interpreter_runs(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared, "python", Component::Python)?;
    let code = "import os, json; print(json.loads(os.environ['TRYBUY_TRIAL'])['days_left'])";
    let answered = user.run(["run", &id, "--", "-c", code])?.success()?;
    ensure!(answered.stdout == "1\n", "{answered}");
    Ok(())
}

fn a_program_of_over_50_mb_runs(shared: &Shared) -> Result<()> {
    let size = std::fs::metadata(program(Component::Pandoc)?)?.len();
    ensure!(size > 50_000_000, "pandoc has only {size} bytes");
    let (user, id) = tried(shared, "pandoc", Component::Pandoc)?;
    let mut command = user.command();
    command.args(["run", &id, "--", "--from", "markdown", "--to", "html"]);
    let converted = Outcome::with_input(&mut command, b"*hello*")?.success()?;
    ensure!(converted.stdout == "<p><em>hello</em></p>\n", "{converted}");
    Ok(())
}

/// Waits until the list shows a trial in that state; trials of seconds come to it by themselves.
fn wait_for(user: &Builder, id: &str, state: &str) -> Result<()> {
    let patience = Instant::now() + Duration::from_secs(60);
    while user.listed(id)?["state"] != state {
        ensure!(Instant::now() < patience, "{id} did not come to be {state}");
        std::thread::yield_now();
    }
    Ok(())
}

/// The lines of `[trial]` for one trial that is accepted by not declining.
fn trial(duration: &str, expiration: &str, layout: &str) -> String {
    format!(
        "duration = \"{duration}\"\nexpiration = {expiration}\ntrials = 1\n\
         acceptance = \"passive\"\nlayout = \"{layout}\"\n"
    )
}

fn soft(from: &str, length: &str) -> String {
    format!("\"soft\"\ngrace = {{ from = \"{from}\", length = \"{length}\" }}")
}

/// Publishes busybox with those lines of `[trial]`, and has a new user try it.
fn busybox_tried(shared: &Shared, name: &str, trial: &str) -> Result<(Builder, String)> {
    let world = shared.world();
    let id = world.publish_with(name, &program(Component::Busybox)?, trial)?;
    let user = world.builder(name)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok((user, id))
}

fn a_hard_trial_runs_until_its_end_and_not_longer(shared: &Shared) -> Result<()> {
    let trial = trial("8s", "\"hard\"", "leading");
    let (user, id) = busybox_tried(shared, "busybox-hard", &trial)?;
    user.run(["run", &id, "--", "true"])?.success()?;
    wait_for(&user, &id, "refused")?;
    ensure!(user.listed(&id)?["reason"] == "trial-expired");
    user.run(["run", &id, "--", "true"])?.refused(125, "trial-expired")?;
    let again = user.run(["try", &id, "--accept-terms"])?;
    ensure!(again.stderr.contains("error[trial-limit-reached]"), "{again}");
    Ok(())
}

/// A soft trial that has just ended: warned once, and refused when its grace is over.
fn warned_then_refused(shared: &Shared, name: &str, trial: &str) -> Result<()> {
    let (user, id) = busybox_tried(shared, name, trial)?;
    wait_for(&user, &id, "warning")?;
    let warned = user.run(["run", &id, "--", "echo", "still"])?.success()?;
    ensure!(warned.stdout == "still\n" && !warned.stderr.is_empty(), "{warned}");
    wait_for(&user, &id, "refused")?;
    user.run(["run", &id, "--", "true"])?.refused(125, "grace-ended")?;
    Ok(())
}

fn grace_from_expiration_warns_then_ends(shared: &Shared) -> Result<()> {
    let trial = trial("1s", &soft("expiration", "8s"), "leading");
    warned_then_refused(shared, "busybox-soft", &trial)
}

fn grace_from_the_first_warning_begins_with_it(shared: &Shared) -> Result<()> {
    // Looking at the list is no launch: the grace begins with the first launch that warns.
    let trial = trial("1s", &soft("first-warning", "5s"), "dispersed");
    warned_then_refused(shared, "busybox-first-warning", &trial)
}

fn a_name_is_typed_where_the_vendor_asks_for_explicit_acceptance(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = trial("1d", "\"hard\"", "leading").replace("passive", "explicit");
    let id = world.publish_with("explicit", &program(Component::Busybox)?, &trial)?;
    let user = world.builder("explicit")?;
    let silent = user.run(["try", &id, "--accept-terms"])?;
    ensure!(silent.stderr.contains("error[terms-not-accepted]"), "{silent}");
    user.run(["try", &id, "--accept-terms", "--name", "Ada Lovelace"])?.success()?;
    let requests = world.vendor.run(["requests", &id, "--json"])?.success()?;
    ensure!(requests.stdout.contains("Ada Lovelace"), "{requests}");
    Ok(())
}

fn a_code_is_retyped_where_the_vendor_asks_for_it(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = trial("1d", "\"hard\"", "leading").replace("passive", "retype-code");
    let id = world.publish_with("retype", &program(Component::Busybox)?, &trial)?;
    let user = world.builder("retype")?;
    let asked = user.run(["try", &id, "--accept-terms"])?;
    ensure!(asked.stderr.contains("error[terms-not-accepted]"), "{asked}");
    let mut words = asked.stderr.split_whitespace().skip_while(|word| *word != "--code");
    let code = words.nth(1).with_context(|| format!("no code in: {asked}"))?;
    let wrong = user.run(["try", &id, "--accept-terms", "--code", "WRONGONE"])?;
    ensure!(wrong.stderr.contains("error[terms-not-accepted]"), "{wrong}");
    user.run(["try", &id, "--accept-terms", "--code", code])?.success()?;
    Ok(())
}

fn every_step_of_the_command_line_in_order(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("steps", &program(Component::Busybox)?)?;
    let user = world.builder("steps")?;
    let found = user.run(["search", "steps", "--json"])?.success()?;
    ensure!(found.stdout.contains(&id), "{found}");
    let shown = user.run(["show", &id])?.success()?;
    ensure!(shown.stdout.contains("Terms of steps."), "{shown}");
    user.run(["run", &id])?.refused(127, "not-installed")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let line = user.listed(&id)?;
    ensure!(line["state"] == "allowed" && line["days_left"] == 1, "{line}");
    for field in ["name", "release", "licensee_id", "ends_at"] {
        ensure!(line[field].is_string(), "{field} in {line}");
    }
    ensure!(line["reason"].is_null(), "{line}");
    let info = user.run(["info", &id, "--json"])?.success()?.json()?;
    ensure!(info["download_url"].as_str().is_some_and(|url| url.contains("/d/")), "{info}");
    user.run(["verify"])?.success()?;
    user.run(["doctor"])?.success()?;
    user.run(["remove", &id, "--yes"])?.success()?;
    user.run(["run", &id])?.refused(127, "not-installed")?;
    // The catalog re-delivers what was removed, and the trial goes on as it was.
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(user.listed(&id)?["ends_at"] == line["ends_at"]);
    Ok(())
}

fn a_dispersed_trial_runs_like_a_leading_one(shared: &Shared) -> Result<()> {
    let trial = trial("1d", "\"hard\"", "dispersed");
    let (user, id) = busybox_tried(shared, "busybox-dispersed", &trial)?;
    let echoed = user.run(["run", &id, "--", "echo", "hello"])?.success()?;
    ensure!(echoed.stdout == "hello\n", "{echoed}");
    user.run(["verify", &id])?.success()?;
    Ok(())
}
