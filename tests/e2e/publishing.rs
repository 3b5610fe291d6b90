//! Publishing: what a vendor may repeat, what is refused, and that the guide works as it is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::binaries::repository;
use trybuy_tests::command::Outcome;
use trybuy_tests::files;
use trybuy_tests::server::ServerSetup;
use trybuy_tests::vendor::{Application, EASY_TRIAL, Vendor};

use crate::case::{Shared, cases};
use crate::support::{blocks, busybox, ensure_sound, tried};

cases![
    a_release_published_again_is_unchanged_and_never_replaced[Busybox],
    a_later_release_is_what_new_users_get[Busybox],
    a_manifest_that_is_wrong_is_refused_before_anything_is_sent[Busybox],
    an_application_belongs_to_its_vendor[Busybox],
    a_wrong_or_missing_token_is_refused[Busybox],
    a_policy_is_for_trials_to_come[Busybox],
    requests_are_listed_for_people_programs_and_spreadsheets[Busybox],
    what_is_not_published_is_not_found,
    the_guide_works_as_it_is_written,
];

fn application<'a>(id: &'a str, version: &'a str, program: &'a Path) -> Application<'a> {
    let name = "Published";
    Application { id, name, version, program, trial: EASY_TRIAL, compression: "zstd" }
}

fn a_release_published_again_is_unchanged_and_never_replaced(shared: &Shared) -> Result<()> {
    let world = shared.own_world()?;
    let (program, id) = (busybox()?, "com.example.busybox-again");
    let manifest = application(id, "1.0.0", &program).write(&world.path("again"))?;
    ensure!(world.vendor.publish(&manifest)?.stdout.contains("published"));
    ensure!(world.vendor.publish(&manifest)?.stdout.contains("unchanged"));
    let other = files::padded(&program, 1024, &world.path("other"))?;
    let other = application(id, "1.0.0", &other).write(&world.path("again-other"))?;
    world.vendor.run(["publish".as_ref(), other.as_os_str()])?.refused(1, "release-exists")?;
    let blobs = files::below(&world.setup.data_dir().join("blobs"))?;
    ensure!(blobs.len() == 1, "one release and nothing else: {blobs:?}");
    let user = world.builder("ada")?;
    user.run(["try", id, "--accept-terms"])?.success()?;
    ensure_sound(&user, id)
}

fn a_later_release_is_what_new_users_get(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (early, id) = tried(world, "busybox-later")?;
    let program = busybox()?;
    for version in ["1.10.0", "1.9.0"] {
        let manifest = application(&id, version, &program).write(&world.path(version))?;
        world.vendor.publish(&manifest)?;
    }
    // Whoever is trying it keeps the release that was accepted.
    ensure_sound(&early, &id)?;
    early.run(["try", &id, "--accept-terms"])?.success()?;
    let newer = early.run(["try", &id, "--accept-terms", "--version", "1.10.0"])?;
    newer.refused(1, "trial-limit-reached")?;
    ensure!(early.listed(&id)?["release"] == "1.0.0");
    let late = world.builder("later")?;
    late.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(late.listed(&id)?["release"] == "1.10.0", "{}", late.listed(&id)?);
    let chosen = world.builder("chosen")?;
    chosen.run(["try", &id, "--accept-terms", "--version", "1.9.0"])?.success()?;
    ensure!(chosen.listed(&id)?["release"] == "1.9.0");
    let absent = world.builder("absent")?;
    let refused = absent.run(["try", &id, "--accept-terms", "--version", "7.0.0"])?;
    refused.refused(1, "not-found")?;
    ensure_sound(&chosen, &id)
}

fn a_manifest_that_is_wrong_is_refused_before_anything_is_sent(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let program = busybox()?;
    let folder = world.path("wrong");
    let manifest = application("com.example.wrong", "1.0.0", &program).write(&folder)?;
    let right = fs::read_to_string(&manifest)?;
    let edits = [
        ("id = \"com.example.wrong\"", "id = \"Wrong Id\""),
        ("version = \"1.0.0\"", "version = \"one\""),
        ("duration = \"1d\"", "duration = \"forever\""),
        ("trials = 1", "trials = 11"),
        ("trials = 1", "trails = 1"),
        ("expiration = \"hard\"", "expiration = \"never\""),
        ("terms = \"TERMS.md\"", "terms = \"MISSING.md\""),
        ("[[program]]", "[program]"),
        ("kind = \"native\"", "kind = \"floppy\""),
        ("[trial]", "[trial"),
    ];
    for (from, to) in edits {
        ensure!(right.contains(from), "{from} is in the manifest");
        fs::write(&manifest, right.replacen(from, to, 1))?;
        ensure_wrong(&world.vendor, &manifest).with_context(|| to.to_owned())?;
    }
    fs::write(folder.join("script.sh"), "#!/bin/sh\necho no program\n")?;
    fs::write(folder.join("empty"), "")?;
    for path in ["missing/program", "script.sh", "empty", "."] {
        fs::write(&manifest, right.replace(&program.display().to_string(), path))?;
        ensure_wrong(&world.vendor, &manifest).with_context(|| path.to_owned())?;
    }
    let shown = world.fresh_builder("wrong");
    let shown = shown.run(["show", "com.example.wrong", "--server", world.server.url()])?;
    shown.refused(1, "not-found")?;
    Ok(())
}

/// That a manifest is refused with the place where it is wrong.
fn ensure_wrong(vendor: &Vendor, manifest: &Path) -> Result<()> {
    let refused = vendor.run(["publish".as_ref(), manifest.as_os_str()])?;
    let place = format!("error[invalid-manifest]: {}, line ", manifest.display());
    ensure!(refused.code == 1 && refused.stderr.contains(&place), "{refused}");
    Ok(())
}

fn an_application_belongs_to_its_vendor(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let program = busybox()?;
    let id = world.publish("busybox-owned", &program)?;
    let token = world.setup.vendor_token("Rival Ltd")?;
    let rival = Vendor::new(shared.binaries(), world.server.url(), &token);
    let manifest = application(&id, "6.6.6", &program).write(&world.path("rival"))?;
    rival.run(["publish".as_ref(), manifest.as_os_str()])?.refused(1, "forbidden")?;
    rival.run(["policy", "set", &id, "--duration", "2d"])?.refused(1, "forbidden")?;
    rival.run(["policy", "show", &id])?.refused(1, "forbidden")?;
    rival.run(["requests", &id])?.refused(1, "forbidden")?;
    let releases = rival.run(["releases", "--json"])?.success()?;
    ensure!(!releases.stdout.contains(&id), "{releases}");
    let own = world.vendor.run(["releases", &id, "--json"])?.success()?.json()?;
    let own = own.as_array().context("a list")?;
    ensure!(own.len() == 1 && own[0]["version"] == "1.0.0", "{own:?}");
    Ok(())
}

fn a_wrong_or_missing_token_is_refused(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let program = busybox()?;
    let manifest = application("com.example.tokenless", "1.0.0", &program);
    let manifest = manifest.write(&world.path("tokenless"))?;
    let right = world.setup.vendor_token("Token Ltd")?;
    let mut almost = right.clone();
    let last = almost.pop().context("a token")?;
    almost.push(if last == 'A' { 'B' } else { 'A' });
    for token in ["wrong", &almost, &format!("{right}x")] {
        let vendor = Vendor::new(shared.binaries(), world.server.url(), token);
        let refused = vendor.run(["publish".as_ref(), manifest.as_os_str()])?;
        let refused = refused.refused(1, "unauthorized")?;
        ensure!(!refused.stderr.contains(token), "the token is not repeated: {refused}");
        vendor.run(["releases"])?.refused(1, "unauthorized")?;
    }
    let mut without = world.vendor.command();
    without.env_remove("TRYBUY_TOKEN").arg("releases");
    Outcome::of(&mut without)?.refused(1, "unauthorized")?;
    Ok(())
}

fn a_policy_is_for_trials_to_come(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (early, id) = tried(world, "busybox-policy")?;
    let before = early.listed(&id)?;
    let set = ["policy", "set", &id, "--duration", "10d", "--max-launches", "1"];
    world.vendor.run(set)?.success()?;
    let shown = world.vendor.run(["policy", "show", &id, "--json"])?.success()?;
    ensure!(shown.stdout.contains("864000"), "{shown}");
    early.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(early.listed(&id)?["ends_at"] == before["ends_at"], "the trial that has begun is kept");
    early.run(["run", &id, "--", "true"])?.success()?;
    early.run(["run", &id, "--", "true"])?.success()?;
    let late = world.builder("policy-late")?;
    late.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(late.listed(&id)?["days_left"] == 10);
    late.run(["run", &id, "--", "true"])?.success()?;
    late.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    // Out of its range: refused, and nothing has changed.
    let wrong = world.vendor.run(["policy", "set", &id, "--duration", "99999d"])?;
    ensure!(wrong.code != 0, "{wrong}");
    let same = world.vendor.run(["policy", "show", &id, "--json"])?.success()?;
    ensure!(same.stdout == shown.stdout, "{same}");
    Ok(())
}

fn requests_are_listed_for_people_programs_and_spreadsheets(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-requested", &busybox()?)?;
    let nobody = world.vendor.run(["requests", &id])?.success()?;
    ensure!(nobody.stdout.contains("Nobody has asked"), "{nobody}");
    ensure!(world.requests(&id)?.is_empty());
    for (number, name) in ["Ada, Countess", "=1+1", "Grace \"Amazing\" Hopper"].iter().enumerate() {
        let user = world.fresh_builder(&format!("requested-{number}"));
        user.setup(world.server.url(), name, &format!("requested-{number}@example.com"))?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
    }
    let listed = world.requests(&id)?;
    ensure!(listed.len() == 3 && listed[0]["name"] == "Ada, Countess", "{listed:?}");
    let lines = world.vendor.run(["requests", &id])?.success()?;
    ensure!(lines.stdout.contains("Ada, Countess <requested-0@example.com>"), "{lines}");
    let csv = world.vendor.run(["requests", &id, "--csv"])?.success()?;
    let rows: Vec<&str> = csv.stdout.split("\r\n").collect();
    ensure!(rows.len() == 5 && rows[4].is_empty(), "a head and three rows: {csv}");
    ensure!(rows[0].starts_with("trial_id,licensee_id,name,email"), "{csv}");
    ensure!(rows[1].contains("\"Ada, Countess\""), "{csv}");
    ensure!(!rows[2].contains(",=1+1"), "a spreadsheet would run it: {csv}");
    ensure!(rows[3].contains("\"Grace \"\"Amazing\"\" Hopper\""), "{csv}");
    Ok(())
}

fn what_is_not_published_is_not_found(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = "com.example.nowhere";
    world.vendor.run(["policy", "show", id])?.refused(1, "not-found")?;
    world.vendor.run(["policy", "set", id, "--duration", "2d"])?.refused(1, "not-found")?;
    world.vendor.run(["requests", id])?.refused(1, "not-found")?;
    let user = world.builder("nowhere")?;
    user.run(["show", id])?.refused(1, "not-found")?;
    user.run(["try", id, "--accept-terms"])?.refused(1, "not-found")?;
    user.run(["info", id])?.refused(1, "not-installed")?;
    user.run(["verify", id])?.refused(1, "not-installed")?;
    user.run(["remove", id, "--yes"])?.refused(1, "not-installed")?;
    ensure!(user.run(["list", "--json"])?.success()?.stdout.trim() == "[]");
    Ok(())
}

fn the_guide_works_as_it_is_written(shared: &Shared) -> Result<()> {
    let guide = fs::read_to_string(repository().join("docs/publishing.md"))?;
    let folder = tempfile::tempdir()?;
    let project = folder.path().join("sketch");
    for (path, text) in [("docs/guide.md", "# Sketch\n"), ("TERMS.md", "Terms.\n")] {
        write(&project.join(path), text)?;
    }
    write(&project.join("trybuy.toml"), blocks(&guide, "toml").first().context("a manifest")?)?;
    let program = project.join("target/release/sketch");
    fs::create_dir_all(project.join("target/release"))?;
    fs::copy(shared.binaries().path("greeter"), program)?;
    // The server runs elsewhere than in the guide, and the program is built.
    let setup = ServerSetup::init(shared.binaries(), &folder.path().join("server"), &[])?;
    let server = setup.serve()?;
    let done = |line: &&str| {
        let elsewhere = ["trybuy-server init", "trybuy-server serve", "cargo build"];
        !elsewhere.iter().any(|done| line.starts_with(done))
    };
    let script: Vec<&str> = blocks(&guide, "sh").into_iter().flat_map(str::lines).collect();
    let script: Vec<&str> = script.into_iter().filter(done).collect();
    ensure!(script.len() > 15, "the guide has {} commands", script.len());
    let script = script.join("\n");
    let script = script.replace("http://127.0.0.1:8080", server.url());
    let script = script.replace("/srv/trybuy", &setup.data_dir().display().to_string());
    let mut shell = Command::new("bash");
    shell.args(["-euxo", "pipefail", "-c", &script]).current_dir(&project);
    let binaries = shared.binaries().path("");
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", binaries.display())).env("HOME", folder.path());
    shell.env_remove("XDG_DATA_HOME").env_remove("TRYBUY_DATA_DIR");
    let followed = Outcome::of(&mut shell)?.success()?;
    ensure!(followed.stdout.contains("Hello, World"), "{followed}");
    ensure!(followed.stdout.contains("Ada Lovelace"), "{followed}");
    let table = fs::read_to_string(project.join("requests.csv"))?;
    ensure!(table.contains("ada@example.com"), "{table}");
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, text)?)
}
