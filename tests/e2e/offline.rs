//! A machine that never reaches the server, and another one that carries its files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::proxy::Direction;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{
    busybox, ensure_sound, in_boot, mailed_code, publish_padded, verifying_world, wait_for_length,
};

cases![
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
    a_lost_memory_of_the_time_is_mended_by_file_and_by_no_other_answer[Busybox],
    an_answer_that_is_kept_gains_nothing_by_another_uptime[Root, Busybox],
    a_clock_that_was_ahead_over_two_boots_is_mended_by_file_in_one[Root, Busybox, Faketime],
];

/// A machine without a network, and one that carries.
struct Machines<'a> {
    offline: Builder,
    carrier: Builder,
    folder: PathBuf,
    url: &'a str,
}

impl<'a> Machines<'a> {
    fn new(world: &'a World, name: &str) -> Result<Self> {
        let folder = world.path("sticks").join(name);
        std::fs::create_dir_all(&folder)?;
        let (offline, carrier) =
            (world.fresh_builder(name), world.fresh_builder(&format!("{name}-carrier")));
        Ok(Self { offline, carrier, folder, url: world.server.url() })
    }

    fn set_up(world: &'a World, name: &str) -> Result<Self> {
        let machines = Self::new(world, name)?;
        let done = machines.step("setup", &machines.setup(), &["setup"])?.success()?;
        ensure!(done.stderr.contains("The server's key is "), "{done}");
        Ok(machines)
    }

    fn setup(&self) -> [&str; 7] {
        ["setup", self.url, "--name", "Ada", "--email", "ada@example.com", "--accept-terms"]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Runs a command where no server can be reached.
    fn offline(&self, arguments: &[&str], option: &str, file: &Path) -> Result<Outcome> {
        let mut command = self.offline.command();
        for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
            command
                .env(proxy, "http://127.0.0.1:9")
                .env(proxy.to_uppercase(), "http://127.0.0.1:9");
        }
        command.env_remove("no_proxy").env_remove("NO_PROXY");
        Outcome::of(command.args(arguments).arg(option).arg(file))
    }

    fn ask(&self, name: &str, arguments: &[&str]) -> Result<PathBuf> {
        let request = self.path(&format!("{name}.request"));
        self.offline(arguments, "--request", &request)?.success()?;
        Ok(request)
    }

    fn relay(&self, request: &Path, name: &str) -> Result<PathBuf> {
        let response = self.path(&format!("{name}.response"));
        self.try_to_relay(request, &response)?.success()?;
        ensure!(!self.carrier.data_dir().join("license.jws").exists(), "it needs no setup");
        Ok(response)
    }

    fn try_to_relay(&self, request: &Path, response: &Path) -> Result<Outcome> {
        Outcome::of(self.carrier.command().arg("relay").args([request, response]))
    }

    /// Asks, carries, and takes the answer.
    fn step(&self, name: &str, ask: &[&str], take: &[&str]) -> Result<Outcome> {
        let request = self.ask(name, ask)?;
        let response = self.relay(&request, name)?;
        self.offline(take, "--response", &response)
    }
}

/// What belongs to a response.
fn beside(response: &Path) -> PathBuf {
    let mut name = response.as_os_str().to_owned();
    name.push(".file");
    name.into()
}

fn every_step(shared: &Shared, layout: &str) -> Result<()> {
    let world = shared.world();
    let name = format!("busybox-by-file-{layout}");
    let trial = format!(
        "duration = \"2s\"\nexpiration = \"hard\"\ntrials = 2\nacceptance = \"passive\"\nlayout = \"{layout}\"\n"
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
        let mut faked = std::process::Command::new("faketime");
        let builder = machines.offline.command();
        faked.args(["-f", at]).arg(builder.get_program()).args(builder.get_args());
        let asked = Outcome::of(faked.args(machines.setup()).arg("--request").arg(&request))?;
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
    let trial = "duration = \"2s\"\nexpiration = \"hard\"\ntrials = 3\nacceptance = \"passive\"\nlayout = \"leading\"\n";
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
    let trial = "duration = \"1s\"\nexpiration = \"hard\"\ntrials = 3\nacceptance = \"passive\"\nlayout = \"leading\"\n";
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
    let mut faked = std::process::Command::new("faketime");
    let builder = machines.offline.command();
    faked.args(["-f", "-2d"]).arg(builder.get_program()).args(builder.get_args()).args(ask);
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

const SIGNED: &str = "the server signed";

fn a_lost_memory_of_the_time_is_mended_by_file_and_by_no_other_answer(
    shared: &Shared,
) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-time", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-time")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let clock = machines.offline.data_dir().join("clock.sealed");
    std::fs::remove_file(&clock)?;
    let lost = machines.offline.run(["run", &id, "true"])?.refused(125, "state-damaged")?;
    ensure!(lost.stderr.contains("`trybuy doctor --request FILE`"), "{lost}");
    // The answer to an older question, then that to another step.
    let older = machines.relay(&machines.ask("older", &["doctor"])?, "older")?;
    let request = machines.ask("time", &["doctor"])?;
    let renewal = machines.relay(&machines.ask("license", &["setup", "--renew"])?, "license")?;
    for answer in [&older, &renewal] {
        let taken = machines.offline(&["doctor"], "--response", answer)?;
        ensure!(taken.code == 1 && taken.stdout.contains("does not answer"), "{taken}");
        ensure!(!clock.exists(), "nothing is remembered");
    }
    let response = machines.relay(&request, "time")?;
    let mended = machines.offline(&["doctor"], "--response", &response)?;
    ensure!(mended.stdout.contains(SIGNED) && !mended.stdout.contains("server:"), "{mended}");
    ensure_sound(&machines.offline, &id)?;
    // What was taken counts no more, nor does another answer to the same question.
    machines.relay(&request, "again")?;
    std::fs::remove_file(&clock)?;
    for answer in [&response, &machines.path("again.response")] {
        let taken = machines.offline(&["doctor"], "--response", answer)?;
        ensure!(taken.code == 1 && !clock.exists(), "{taken}");
    }
    Ok(())
}

/// A time namespace, in which the machine seems to be up for longer or shorter, is seen through: an
/// answer is as old as the machine says.
fn an_answer_that_is_kept_gains_nothing_by_another_uptime(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-uptime", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-uptime")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let request = machines.ask("time", &["doctor"])?;
    let response = machines.relay(&request, "time")?;
    std::fs::remove_file(machines.offline.data_dir().join("clock.sealed"))?;
    let builder = machines.offline.command();
    let mut command = std::process::Command::new("unshare");
    command.args(["--time", "--boottime", "864000"]).arg(builder.get_program());
    command.args(builder.get_args()).args(["doctor", "--response"]).arg(&response);
    let taken = Outcome::of(&mut command)?;
    // It was asked moments ago. By the uptime of the namespace that would be ten days.
    ensure!(taken.stdout.contains(SIGNED) && !taken.stdout.contains("counts now"), "{taken}");
    ensure_sound(&machines.offline, &id)
}

fn a_clock_that_was_ahead_over_two_boots_is_mended_by_file_in_one(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-ahead", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-ahead")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let run = ["run", &id, "true"];
    let boot = |number: u32| -> Result<PathBuf> {
        let file = machines.path(&format!("boot-{number}"));
        std::fs::write(&file, format!("00000000-0000-4000-8000-00000000000{number}\n"))?;
        Ok(file)
    };
    let (first, second) = (boot(1)?, boot(2)?);
    in_boot(&machines.offline, &first, "+400d", &run)?.refused(125, "builder-license-expired")?;
    in_boot(&machines.offline, &second, "+401d", &run)?.refused(125, "builder-license-expired")?;
    let refused = machines.offline.run(run)?.refused(125, "clock-set-back")?;
    ensure!(refused.stderr.contains("`trybuy doctor --request FILE`"), "{refused}");
    // Nothing tells how old an answer is that comes after another start.
    let request = machines.path("before.request");
    let file = request.to_str().context("a path")?;
    in_boot(&machines.offline, &second, "+0", &["doctor", "--request", file])?.success()?;
    let response = machines.relay(&request, "before")?;
    let taken = machines.offline(&["doctor"], "--response", &response)?;
    ensure!(taken.stdout.contains("before this machine was last started"), "{taken}");
    machines.offline.run(run)?.refused(125, "clock-set-back")?;
    let mended = machines.step("time", &["doctor"], &["doctor"])?;
    ensure!(mended.stdout.contains(SIGNED), "{mended}");
    ensure_sound(&machines.offline, &id)
}
