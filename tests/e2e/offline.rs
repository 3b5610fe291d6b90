//! A machine that never reaches the server, and another one that carries its files.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::command::Outcome;
use trybuy_tests::proxy::Direction;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::machines::{Machines, beside};
use crate::support::{
    at_time, busybox, ensure_sound, mailed_code, publish_padded, verifying_world, wait_for_length,
};

cases![
    no_other_file_is_written_over[Busybox],
    a_request_that_is_brought_elsewhere_is_told[Busybox],
    every_step_goes_by_file_in_the_leading_layout[Busybox],
    every_step_goes_by_file_in_the_dispersed_layout[Busybox],
    an_answer_counts_once_and_for_its_own_request[Busybox],
    what_was_changed_on_the_way_is_refused_and_leaves_nothing[Busybox],
    a_relay_that_was_cut_goes_on[Busybox],
    a_clock_that_is_wrong_is_told_to_who_carries_the_file[Busybox, Faketime],
    terms_are_accepted_unseen_or_in_a_second_round[Busybox],
    a_trial_whose_answer_was_lost_is_named_by_the_next_request[Busybox],
    a_renewal_whose_answer_was_lost_is_named_by_the_next_renewal[Busybox],
    a_refused_request_is_repeated_by_its_own_command[Busybox],
    an_ended_purchase_is_not_renewed_by_file_whatever_the_clock_says[Busybox, Faketime],
    what_could_not_be_written_leaves_the_last_request_to_be_answered[Busybox],
    an_older_purchase_that_is_sent_again_takes_nothing_away[Busybox],
    an_address_is_verified_by_file[Busybox],
];

fn every_step(shared: &Shared, layout: &str) -> Result<()> {
    let world = shared.world();
    let name = format!("busybox-by-file-{layout}");
    let trial = format!(
        "duration = \"4s\"\nexpiration = \"hard\"\ntrials = 2\nacceptance = \"passive\"\nlayout = \"{layout}\"\n"
    );
    let id = world.publish_with(&name, &busybox()?, &trial)?;
    let key = world.vendor.run(["key", "create", &id])?.success()?.stdout.trim().to_owned();
    let machines = Machines::set_up(world, &name)?;
    let tried = machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    ensure!(tried.stderr.contains(&format!("Terms of {name}.")), "accepted unseen: {tried}");
    trybuy_tests::wait::until("the end of the trial", || {
        Ok(machines.offline.run(["run", &id, "true"])?.code != 0)
    })?;
    machines.step("renew", &["renew", &id, "--accept-terms"], &["renew", &id])?.success()?;
    ensure!(world.requests(&id)?.len() == 2, "a second trial");
    machines.step("buy", &["buy", &id, "--key", &key], &["buy", &id])?.success()?;
    ensure_sound(&machines.offline, &id)?;
    for step in ["try", "renew", "buy"] {
        machines.relay(&machines.path(&format!("{step}.request")), &format!("{step}-again"))?;
    }
    ensure!(world.requests(&id)?.len() == 2, "what is sent again gets nothing more");
    let head = beside(&machines.path("buy.response")).metadata()?.len();
    ensure!((head < 72 << 10) == (layout == "leading"), "{head} bytes were carried");
    let renewed = machines.step("license", &["setup", "--renew"], &["setup", "--renew"])?;
    ensure!(renewed.success()?.stderr.contains("renewed until"));
    ensure_sound(&machines.offline, &id)
}

fn every_step_goes_by_file_in_the_leading_layout(shared: &Shared) -> Result<()> {
    every_step(shared, "leading")
}

fn every_step_goes_by_file_in_the_dispersed_layout(shared: &Shared) -> Result<()> {
    every_step(shared, "dispersed")
}

fn an_answer_counts_once_and_for_its_own_request(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-once", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-once")?;
    let other = Machines::set_up(world, "busybox-by-file-other")?;
    let ask = ["try", &id, "--accept-terms"];
    let request = machines.ask("try", &ask)?;
    let response = machines.relay(&request, "try")?;
    // Another Builder's, then one to an older request, then one that was taken.
    other.ask("try", &ask)?;
    let taken = other.offline(&["try", &id], "--response", &response)?;
    ensure!(taken.stderr.contains("error[other-request]"), "{taken}");
    machines.ask("later", &ask)?;
    let taken = machines.offline(&["try", &id], "--response", &response)?;
    ensure!(taken.stderr.contains("error[other-request]"), "{taken}");
    let response = machines.relay(&machines.path("later.request"), "later")?;
    machines.offline(&["try", &id], "--response", &response)?.success()?;
    let taken = machines.offline(&["try", &id], "--response", &response)?;
    ensure!(taken.stderr.contains("error[other-request]"), "{taken}");
    ensure!(world.requests(&id)?.len() == 1, "two files, one trial");
    ensure_sound(&machines.offline, &id)
}

fn what_was_changed_on_the_way_is_refused_and_leaves_nothing(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-changed", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-changed")?;
    let request = machines.ask("try", &["try", &id, "--accept-terms"])?;
    let good = std::fs::read(&request)?;
    std::fs::write(machines.path("bad.request"), change(&good, good.len() - 10))?;
    let (bad, to) = (machines.path("bad.request"), machines.path("bad.response"));
    let mut relay = machines.carrier.command();
    let refused = Outcome::of(relay.arg("relay").args([&bad, &to]))?;
    ensure!(refused.code == 1 && !to.exists(), "{refused}");
    let missing = machines.try_to_relay(&machines.path("missing"), &to)?;
    ensure!(missing.refused(1, "local-file")?.stderr.contains("No such file"));

    let response = machines.relay(&request, "try")?;
    let (answer, file) = (std::fs::read(&response)?, std::fs::read(beside(&response))?);
    let refused = |slug: &str| -> Result<()> {
        let refused = machines.offline(&["try", &id], "--response", &response)?;
        ensure!(!refused.stderr.contains("trybuy try"), "it needs a network: {refused}");
        ensure!(refused.stderr.contains(&format!("error[{slug}]")), "{slug}: {refused}");
        let partial = crate::support::partial(&machines.offline, &id);
        ensure!(!machines.offline.stored_file(&id).exists() && !partial.exists());
        Ok(())
    };
    std::fs::write(&response, change(&answer, answer.len() - 100))?;
    refused("file-damaged")?;
    std::fs::write(&response, &answer)?;
    std::fs::write(beside(&response), change(&file, file.len() / 2))?;
    refused("file-damaged")?;
    std::fs::write(beside(&response), &file[..file.len() / 2])?;
    refused("file-damaged")?;
    std::fs::remove_file(beside(&response))?;
    refused("local-file")?;
    std::fs::write(beside(&response), &file)?;
    machines.offline(&["try", &id], "--response", &response)?.success()?;
    ensure_sound(&machines.offline, &id)
}

/// The bytes with another letter or digit at a place.
fn change(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    changed
}

fn a_relay_that_was_cut_goes_on(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-by-file-cut", 16 << 20)?;
    let mut machines = Machines::new(&world, "busybox-by-file-cut")?;
    let url = proxy.url();
    machines.url = &url;
    machines.step("setup", &machines.setup(), &["setup"])?.success()?;
    let request = machines.ask("try", &["try", &id, "--accept-terms"])?;
    let response = machines.path("try.response");
    proxy.stall_after(Direction::Down, 8 << 20);
    let mut relay = machines.carrier.command();
    let mut relay = relay.arg("relay").args([&request, &response]).spawn()?;
    proxy.wait_for_stall()?;
    // What is in the sockets' buffers is lost with the process.
    wait_for_length(&machines.path("try.response.file.part"), 1 << 20)?;
    relay.kill()?;
    relay.wait()?;
    proxy.flow();
    ensure!(response.exists() && !beside(&response).exists());
    let before = proxy.passed(Direction::Down);
    machines.relay(&request, "try")?;
    let again = proxy.passed(Direction::Down) - before;
    let length = beside(&response).metadata()?.len();
    ensure!(again < length - (1 << 19), "{again} of {length} bytes were sent again");
    machines.offline(&["try", &id], "--response", &response)?.success()?;
    ensure_sound(&machines.offline, &id)
}

fn a_clock_that_is_wrong_is_told_to_who_carries_the_file(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let machines = Machines::new(world, "busybox-by-file-clock")?;
    for (at, name) in [("-40d", "old"), ("+3d", "ahead")] {
        let request = machines.path(name);
        let mut builder = machines.offline.command();
        let faked = at_time(&mut builder, at).args(machines.setup());
        let asked = Outcome::of(faked.arg("--request").arg(&request))?;
        asked.success()?;
        let mut relay = machines.carrier.command();
        let refused = Outcome::of(relay.arg("relay").arg(&request).arg(machines.path("response")))?;
        ensure!(refused.stderr.contains("error[clock-skew]"), "{refused}");
    }
    Ok(())
}

fn terms_are_accepted_unseen_or_in_a_second_round(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = "duration = \"1d\"\nexpiration = \"hard\"\ntrials = 1\nacceptance = \"retype-code\"\nlayout = \"leading\"\n";
    let id = world.publish_with("busybox-by-file-terms", &busybox()?, trial)?;
    let machines = Machines::set_up(world, "busybox-by-file-terms")?;
    let refused = machines.step("first", &["try", &id], &["try", &id])?;
    ensure!(refused.stderr.contains("Terms of busybox-by-file-terms."), "{refused}");
    ensure!(refused.stderr.contains("error[terms-not-accepted]"), "{refused}");
    let code = refused.stderr.split("--code ").nth(1).and_then(|rest| rest.split(' ').next());
    let code = code.context("a code")?.to_owned();
    let accepted =
        machines.step("second", &["try", &id, "--accept-terms", "--code", &code], &["try", &id])?;
    ensure!(!accepted.success()?.stderr.contains("SHA-256"), "they were seen");
    ensure_sound(&machines.offline, &id)
}

fn a_trial_whose_answer_was_lost_is_named_by_the_next_request(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = "duration = \"1s\"\nexpiration = \"hard\"\ntrials = 2\nacceptance = \"passive\"\nlayout = \"leading\"\n";
    let id = world.publish_with("busybox-by-file-lost", &busybox()?, trial)?;
    let machines = Machines::set_up(world, "busybox-by-file-lost")?;
    lose_a_trial(&machines, "try", &id)?;
    ensure!(world.requests(&id)?.len() == 2, "the second trial");
    Ok(())
}

fn a_renewal_whose_answer_was_lost_is_named_by_the_next_renewal(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = "duration = \"4s\"\nexpiration = \"hard\"\ntrials = 3\nacceptance = \"passive\"\nlayout = \"leading\"\n";
    let id = world.publish_with("busybox-by-file-lost-renewal", &busybox()?, trial)?;
    let machines = Machines::set_up(world, "busybox-by-file-lost-renewal")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    trybuy_tests::wait::until("the end of the trial", || {
        Ok(machines.offline.run(["run", &id, "true"])?.code != 0)
    })?;
    lose_a_trial(&machines, "renew", &id)?;
    ensure!(world.requests(&id)?.len() == 3, "the third trial");
    Ok(())
}

/// Loses the answer to a request until the trial that it brought has ended, then asks for the next one.
fn lose_a_trial(machines: &Machines<'_>, command: &str, id: &str) -> Result<()> {
    let ask = [command, id, "--accept-terms"];
    let request = machines.ask("lost", &ask)?;
    let response = machines.path("lost.response");
    trybuy_tests::wait::until("the end of the trial", || {
        drop(std::fs::remove_file(&response));
        // The trial may end between the answer and the download.
        let relayed = machines.try_to_relay(&request, &response)?;
        Ok(relayed.stderr.contains("The server refused it"))
    })?;
    let told = machines.offline(&[command, id], "--response", &response)?;
    ensure!(told.stderr.contains("error[trial-expired]"), "{told}");
    machines.try_to_relay(&machines.ask("next", &ask)?, &machines.path("next.response"))?;
    Ok(())
}

fn a_refused_request_is_repeated_by_its_own_command(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = "duration = \"4s\"\nexpiration = \"hard\"\ntrials = 3\nacceptance = \"passive\"\nlayout = \"leading\"\n";
    let id = world.publish_with("busybox-by-file-command", &busybox()?, trial)?;
    let key = world.vendor.run(["key", "create", &id])?.success()?.stdout.trim().to_owned();
    let machines = Machines::set_up(world, "busybox-by-file-command")?;
    let refused = machines.step("buy", &["buy", &id, "--key", &key], &["buy", &id])?;
    let again = format!("trybuy buy {id} --key KEY --accept-terms --request FILE");
    ensure!(refused.refused(1, "terms-not-accepted")?.stderr.contains(&again));
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    trybuy_tests::wait::until("the end of the trial", || {
        Ok(machines.offline.run(["run", &id, "true"])?.code != 0)
    })?;
    let refused = machines.step("renew", &["renew", &id], &["renew", &id])?;
    let again = format!("trybuy renew {id} --accept-terms --request FILE");
    ensure!(refused.refused(1, "terms-not-accepted")?.stderr.contains(&again));
    Ok(())
}

fn an_ended_purchase_is_not_renewed_by_file_whatever_the_clock_says(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-ended", &busybox()?)?;
    let key = ["key", "create", &id, "--duration", "2s"];
    let key = world.vendor.run(key)?.success()?.stdout.trim().to_owned();
    let machines = Machines::set_up(world, "busybox-by-file-ended")?;
    let buy = ["buy", &id, "--key", &key, "--accept-terms"];
    machines.step("buy", &buy, &["buy", &id])?.success()?;
    trybuy_tests::wait::until("the end of the license", || {
        Ok(machines.offline.run(["run", &id, "true"])?.code != 0)
    })?;
    let request = machines.path("renew.request");
    let ask = ["renew", &id];
    machines.offline(&ask, "--request", &request)?.refused(1, "trial-expired")?;
    // The time is remembered to the second where the server says it.
    machines.step("license", &["setup", "--renew"], &["setup", "--renew"])?.success()?;
    let mut builder = machines.offline.command();
    let faked = at_time(&mut builder, "-2d").args(ask);
    Outcome::of(faked.arg("--request").arg(&request))?.refused(1, "trial-expired")?;
    ensure!(!request.exists());
    Ok(())
}

fn what_could_not_be_written_leaves_the_last_request_to_be_answered(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let machines = Machines::set_up(world, "busybox-by-file-unwritten")?;
    let request = machines.ask("license", &["setup", "--renew"])?;
    let response = machines.relay(&request, "license")?;
    // A license and a request are longer than that, what is remembered is not.
    let limited = |option: &str, file: &Path| {
        let mut limited = std::process::Command::new("prlimit");
        let builder = machines.offline.command();
        limited.arg("--fsize=450").arg(builder.get_program()).args(builder.get_args());
        Outcome::of(limited.args(["setup", "--renew", option]).arg(file))
    };
    let refused = limited("--request", &machines.path("later.request"))?;
    ensure!(refused.refused(1, "local-file")?.stderr.contains("later.request"));
    let refused = limited("--response", &response)?;
    ensure!(refused.refused(1, "local-file")?.stderr.contains("license.jws"));
    machines.offline(&["setup", "--renew"], "--response", &response)?.success()?;
    Ok(())
}

fn an_older_purchase_that_is_sent_again_takes_nothing_away(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-keys", &busybox()?)?;
    let key = |arguments: &[&str]| -> Result<String> {
        let made = world.vendor.run([&["key", "create", &id], arguments].concat())?.success()?;
        Ok(made.stdout.trim().to_owned())
    };
    let (short, endless) = (key(&["--duration", "1d"])?, key(&[])?);
    let machines = Machines::set_up(world, "busybox-by-file-keys")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    machines.step("short", &["buy", &id, "--key", &short], &["buy", &id])?.success()?;
    machines.step("endless", &["buy", &id, "--key", &endless], &["buy", &id])?.success()?;
    ensure!(world.requests(&id)?[0]["ends_at"].is_null());
    machines.relay(&machines.path("short.request"), "again")?;
    ensure!(world.requests(&id)?[0]["ends_at"].is_null(), "the older key shortened it");
    ensure_sound(&machines.offline, &id)
}

fn an_address_is_verified_by_file(shared: &Shared) -> Result<()> {
    let world = verifying_world(shared)?;
    let id = world.publish("busybox-by-file-email", &busybox()?)?;
    let machines = Machines::set_up(&world, "busybox-by-file-email")?;
    let (verify, attempt) = (["setup", "--verify"], ["try", &id, "--accept-terms"]);
    let refused = machines.step("early", &attempt, &["try", &id])?;
    let refused = refused.refused(1, "email-not-verified")?;
    ensure!(refused.stderr.contains("`trybuy setup --verify --request FILE`"), "{refused}");
    let sent = machines.step("code", &verify, &verify)?.success()?;
    ensure!(sent.stderr.contains("A code was sent to ada@example.com"), "{sent}");
    ensure!(sent.stderr.contains("--code CODE --request FILE"), "{sent}");
    let code = mailed_code(&world)?;
    let wrong =
        machines.step("wrong", &[&verify[..], &["--code", "ABCD-2345"]].concat(), &verify)?;
    let wrong = wrong.refused(1, "email-not-verified")?;
    ensure!(wrong.stderr.contains("--code CODE --request FILE"), "{wrong}");
    let typed = [&verify[..], &["--code", &code]].concat();
    let verified = machines.step("typed", &typed, &verify)?.success()?;
    ensure!(verified.stderr.contains("ada@example.com is verified"), "{verified}");
    let again = machines.offline(&verify, "--response", &machines.path("typed.response"))?;
    again.refused(1, "other-request")?;
    machines.step("try", &attempt, &["try", &id])?.success()?;
    ensure_sound(&machines.offline, &id)
}

fn no_other_file_is_written_over(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let machines = Machines::set_up(world, "over")?;
    let precious = machines.path("precious");
    std::fs::write(&precious, "precious")?;
    let link = machines.path("link");
    std::os::unix::fs::symlink(&precious, &link)?;
    let nowhere = machines.path("no/such/folder/request");
    let renew = ["setup", "--renew"];
    for file in [precious.as_path(), &link, Path::new("/dev/null"), &nowhere] {
        machines.offline(&renew, "--request", file)?.refused(1, "local-file")?;
    }
    ensure!(link.is_symlink() && !machines.path("no").exists());
    // Another request may take the place of one, and an answer that of one, but not of its request.
    let request = machines.ask("license", &renew)?;
    machines.ask("license", &renew)?;
    machines.try_to_relay(&request, &precious)?.refused(1, "local-file")?;
    machines.try_to_relay(&request, &request)?.refused(1, "local-file")?;
    ensure!(std::fs::read_to_string(&precious)? == "precious");
    machines.relay(&request, "license")?;
    let response = machines.relay(&request, "license")?;
    machines.offline(&renew, "--response", &response)?.success()?;
    Ok(())
}

fn a_request_that_is_brought_elsewhere_is_told(shared: &Shared) -> Result<()> {
    let (world, other) = (shared.world(), shared.own_world()?);
    let machines = Machines::set_up(world, "elsewhere")?;
    let request = machines.ask("license", &["setup", "--renew"])?;
    let mut relay = machines.carrier.command();
    relay.env("TRYBUY_SERVER", other.server.url()).arg("relay").arg(&request);
    let refused = Outcome::of(relay.arg(machines.path("license.response")))?;
    let refused = refused.refused(1, "no-builder-license")?;
    ensure!(refused.stderr.contains("unset TRYBUY_SERVER"), "{refused}");
    Ok(())
}
