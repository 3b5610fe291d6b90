//! The main job on PostgreSQL, and two servers that share one database.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

use trybuy_tests::postgres::Cluster;
use trybuy_tests::running::Running;
use trybuy_tests::server::{Server, ServerSetup};
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, tried};

cases![
    the_main_job_runs_on_postgresql[Postgres, Busybox],
    a_server_killed_on_postgresql_forgets_nothing[Postgres, Busybox],
    two_servers_with_one_database_are_one_catalog[Postgres, Busybox],
];

/// A cluster with one database, and a world on it.
struct OnPostgres {
    world: World,
    // Ends after the server that uses it.
    _cluster: Cluster,
}

impl OnPostgres {
    fn start(shared: &Shared, database: &str) -> Result<Self> {
        let cluster = Cluster::start()?;
        let url = cluster.create_database(database)?;
        let variables = [("TRYBUY_DATABASE_URL", url.as_str())];
        let world = World::start_with(shared.binaries(), &variables)?;
        Ok(Self { world, _cluster: cluster })
    }
}

/// A name that is new even on a PostgreSQL that others use too.
fn database(purpose: &str) -> String {
    format!("trybuy_e2e_{purpose}_{}", std::process::id())
}

fn the_main_job_runs_on_postgresql(shared: &Shared) -> Result<()> {
    let on = OnPostgres::start(shared, &database("main"))?;
    let world = &on.world;
    let trial = "duration = \"4s\"\nexpiration = \"hard\"\ntrials = 1\nacceptance = \"retype-code\"\nlayout = \"dispersed\"\n";
    let id = world.publish_with("busybox-short", &busybox()?, trial)?;
    let user = world.builder("ada")?;
    ensure!(user.run(["search", "BUSYBOX", "--json"])?.success()?.stdout.contains(&id));
    let asked = user.run(["try", &id, "--accept-terms"])?.refused(1, "terms-not-accepted")?;
    let mut words = asked.stderr.split_whitespace().skip_while(|word| *word != "--code");
    let code = words.nth(1).unwrap_or_default();
    user.run(["try", &id, "--accept-terms", "--code", code])?.success()?;
    ensure!(world.requests(&id)?.len() == 1);
    let expired = || Ok(user.listed(&id)?["state"] == "refused");
    trybuy_tests::wait::until("the end of the trial", expired)?;
    user.run(["run", &id, "--", "true"])?.refused(125, "trial-expired")?;
    let again = user.run(["try", &id, "--accept-terms"])?;
    ensure!(again.stderr.contains("error[trial-limit-reached]"), "{again}");
    let (other, id) = tried(world, "busybox-long")?;
    ensure_sound(&other, &id)?;
    let files = fs::read_dir(world.setup.data_dir())?.flatten();
    let names: Vec<_> = files.map(|entry| entry.file_name()).collect();
    let is_sqlite = |name: &std::ffi::OsString| name.to_string_lossy().contains("sqlite");
    ensure!(!names.iter().any(is_sqlite), "no other database was used: {names:?}");
    Ok(())
}

fn a_server_killed_on_postgresql_forgets_nothing(shared: &Shared) -> Result<()> {
    let mut on = OnPostgres::start(shared, &database("killed"))?;
    let (user, id) = tried(&on.world, "busybox-remembered")?;
    let before = user.listed(&id)?;
    on.world.restart_server()?;
    ensure!(on.world.requests(&id)?.len() == 1, "the trial is there");
    user.run(["remove", &id, "--yes"])?.success()?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(user.listed(&id)?["ends_at"] == before["ends_at"], "it goes on");
    ensure_sound(&user, &id)
}

/// A second server process as on another machine: its own data directory with the same keys, the
/// same database, the same blobs.
fn second_server(shared: &Shared, world: &World) -> Result<Server> {
    let first = world.setup.data_dir();
    let data_dir = world.path("second");
    fs::create_dir(&data_dir)?;
    for name in ["master.secret", "signature.key", "server.toml", "builder-terms.md"] {
        fs::copy(first.join(name), data_dir.join(name))?;
    }
    let blobs = first.join("blobs").display().to_string();
    ServerSetup::existing(shared.binaries(), &data_dir, &[("TRYBUY_BLOBS_URL", &blobs)]).serve()
}

fn two_servers_with_one_database_are_one_catalog(shared: &Shared) -> Result<()> {
    let on = OnPostgres::start(shared, &database("shared"))?;
    let world = &on.world;
    let second = second_server(shared, world)?;
    let trial = EASY_TRIAL.replace("trials = 1", "trials = 2");
    let id = world.publish_with("busybox-shared", &busybox()?, &trial)?;
    let user = world.builder("ada")?;
    // What was published and registered at one is known at the other.
    let urls = [world.server.url(), second.url()];
    user.run(["search", "shared", "--server", urls[1]])?.success()?;
    // The same licensee asks both at once, from copies of one data directory.
    let mut copies = Vec::new();
    for number in 0..6 {
        let copy = world.fresh_builder(&format!("copy-{number}"));
        copy_folder(user.data_dir(), copy.data_dir())?;
        copies.push(copy);
    }
    let ask = |(number, copy): (usize, &trybuy_tests::builder::Builder)| {
        let mut command = copy.command();
        command.args(["--server", urls[number % 2], "try", &id, "--accept-terms"]);
        Running::start(&mut command)
    };
    let asking: Vec<Running> = copies.iter().enumerate().map(ask).collect::<Result<_>>()?;
    for running in asking {
        running.wait()?.success()?;
    }
    let requests = world.requests(&id)?;
    ensure!(requests.len() == 1, "one trial for all: {requests:?}");
    for copy in &copies {
        ensure_sound(copy, &id)?;
    }
    // The first server goes away; the second one serves on.
    let other = world.publish("busybox-survivor", &busybox()?)?;
    let OnPostgres { mut world, _cluster } = on;
    world.server.end()?;
    user.run(["--server", second.url(), "try", &other, "--accept-terms"])?.success()?;
    ensure_sound(&user, &other)?;
    drop(second);
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for file in trybuy_tests::files::below(from)? {
        let target = to.join(file.strip_prefix(from)?);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::copy(file, target)?;
    }
    Ok(())
}
