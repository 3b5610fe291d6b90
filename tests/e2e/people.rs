//! People: one licensee for each address, verified addresses, blocks, and who is deleted.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;
use trybuy_tests::wait;

use crate::case::{Shared, cases};
use crate::support::{busybox, mailed_code, verifying_world};

cases![
    a_trial_needs_an_address_that_was_verified[Busybox],
    a_new_data_directory_brings_no_new_trial[Busybox],
    owners_learn_of_a_first_run_where_the_user_says_so[Busybox],
    owners_read_the_terms_that_were_accepted[Busybox],
    a_vendor_blocks_a_domain[Busybox],
    a_deleted_person_leaves_no_address_and_no_trial_behind[Busybox],
];

/// The shortest trial, of which there is one.
const ONE_SECOND: &str = "duration = \"1s\"\nexpiration = \"hard\"\nacceptance = \"passive\"\n";

fn a_trial_needs_an_address_that_was_verified(shared: &Shared) -> Result<()> {
    let world = verifying_world(shared)?;
    let id = world.publish("busybox-verified", &busybox()?)?;
    let user = world.fresh_builder("verified");
    let set_up = user.setup(world.server.url(), "Ada", "ada@example.com")?;
    ensure!(set_up.stderr.contains("`trybuy setup --verify`"), "{set_up}");
    user.run(["try", &id, "--accept-terms"])?.refused(1, "email-not-verified")?;
    let sent = user.run(["setup", "--verify"])?.success()?;
    ensure!(sent.stderr.contains("A code was sent to ada@example.com"), "{sent}");
    let code = mailed_code(&world)?;
    let wrong = user.run(["setup", "--verify", "--code", "ABCD-2345"])?;
    wrong.refused(1, "email-not-verified")?;
    user.run(["setup", "--verify", "--code", &code])?.success()?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    let requests = world.requests(&id)?;
    ensure!(requests[0]["email_verified_at"].is_string(), "{requests:?}");
    let lines = world.vendor.run(["requests", &id])?.success()?;
    ensure!(lines.stdout.contains("<ada@example.com>, verified"), "{lines}");
    Ok(())
}

fn a_new_data_directory_brings_no_new_trial(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish_with("busybox-again", &busybox()?, ONE_SECOND)?;
    let user = world.builder("reinstalled")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    fs::remove_dir_all(user.data_dir())?;
    let email = "Reinstalled+again@Example.com";
    user.setup(world.server.url(), "Somebody Else", email)?;
    // Until its end, the trial may be got again.
    wait::until("no further trial", || {
        let again = user.run(["try", &id, "--accept-terms"])?;
        Ok(again.stderr.contains("error[trial-limit-reached]"))
    })
}

fn owners_learn_of_a_first_run_where_the_user_says_so(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-first-run", &busybox()?)?;
    let user = world.builder("first-run")?;
    let reported = || -> Result<Value> { Ok(world.requests(&id)?[0]["first_run_on"].clone()) };
    user.run(["try", &id, "--accept-terms"])?.success()?;
    user.run(["setup", "--report-first-run", "yes"])?.success()?;
    user.run(["renew"])?.success()?;
    ensure!(reported()?.is_null(), "reported before it was run");
    user.run(["setup", "--report-first-run", "no"])?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    user.run(["renew"])?.success()?;
    ensure!(reported()?.is_null(), "reported without consent");
    user.run(["setup", "--report-first-run", "yes"])?.success()?;
    user.run(["renew"])?.success()?;
    let first = reported()?;
    ensure!(first.as_str().is_some_and(|day| day.ends_with("T00:00:00Z")), "{first}");
    let lines = world.vendor.run(["requests", &id])?.success()?;
    ensure!(lines.stdout.contains(", first run 20"), "{lines}");
    let address = world.server.url().to_owned();
    let again = ["setup", &address, "--report-first-run", "no"];
    user.run(again)?.refused(1, "already-set-up")?;
    Ok(())
}

fn owners_read_the_terms_that_were_accepted(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-terms", &busybox()?)?;
    world.builder("terms")?.run(["try", &id, "--accept-terms"])?.success()?;
    let request = &world.requests(&id)?[0];
    let digest = request["terms_digest"].as_str().context("a digest")?;
    let terms = world.vendor.run(["terms", &id, digest])?.success()?;
    let found = Digest::from_bytes(sha256(terms.stdout.as_bytes()));
    ensure!(found.to_string() == digest, "{digest} is not that of {terms}");
    let unknown = "0".repeat(64);
    world.vendor.run(["terms", &id, &unknown])?.refused(1, "not-found")?;
    Ok(())
}

fn a_vendor_blocks_a_domain(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-blocked", &busybox()?)?;
    let early = world.fresh_builder("blocked-early");
    early.setup(world.server.url(), "Ada", "ada@cs.blocked.example")?;
    early.run(["try", &id, "--accept-terms"])?.success()?;
    let block = ["block", "add", "@Blocked.example", "--reason", "No robots."];
    world.vendor.run(block)?.success()?;
    let listed = world.vendor.run(["block", "list"])?.success()?;
    ensure!(listed.stdout.contains("@blocked.example  No robots."), "{listed}");
    let late = world.fresh_builder("blocked-late");
    late.setup(world.server.url(), "Bob", "bob@blocked.example")?;
    let refused = late.run(["try", &id, "--accept-terms"])?.refused(1, "licensee-blocked")?;
    ensure!(!refused.stderr.contains("robots"), "{refused}");
    // What has begun runs on, and can be got again.
    early.run(["remove", &id, "--yes"])?.success()?;
    early.run(["try", &id, "--accept-terms"])?.success()?;
    early.run(["run", &id, "--", "true"])?.success()?;
    world.vendor.run(["block", "remove", "@blocked.example"])?.success()?;
    world.vendor.run(["block", "remove", "@blocked.example"])?.refused(1, "not-found")?;
    late.run(["try", &id, "--accept-terms"])?.success()?;
    Ok(())
}

fn a_deleted_person_leaves_no_address_and_no_trial_behind(shared: &Shared) -> Result<()> {
    let world = shared.own_world()?;
    let id = world.publish_with("busybox-deleted", &busybox()?, ONE_SECOND)?;
    let user = world.fresh_builder("deleted");
    let set_up = || user.setup(world.server.url(), "Zora Unusual", "zora@peculiar.example");
    set_up()?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let shown = world.setup.run(["person", "show", "zora@peculiar.example"])?.success()?;
    ensure!(shown.stdout.contains("Zora Unusual") && shown.stdout.contains(&id), "{shown}");
    // The server may be reading just then.
    wait::until("a log that begins anew", || {
        let delete = ["person", "delete", "zora@peculiar.example", "--yes"];
        let deleted = world.setup.run(delete)?.success()?;
        Ok(!deleted.stderr.contains("the same command again"))
    })?;
    for name in ["trybuy.sqlite3", "trybuy.sqlite3-wal", "server.log"] {
        let bytes = fs::read(world.setup.data_dir().join(name))?;
        for trace in ["peculiar", "Unusual"] {
            let found = bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
            ensure!(!found, "{trace} is in {name}");
        }
    }
    let requests = world.requests(&id)?;
    ensure!(requests.len() == 1 && requests[0]["email"] == "deleted@invalid", "{requests:?}");
    user.run(["try", &id, "--accept-terms"])?.refused(1, "no-builder-license")?;
    fs::remove_dir_all(user.data_dir())?;
    set_up()?;
    wait::until("no further trial", || {
        let again = user.run(["try", &id, "--accept-terms"])?;
        Ok(again.stderr.contains("error[trial-limit-reached]"))
    })
}
