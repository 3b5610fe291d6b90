//! Programs in an object storage: the main job, with an S3 server that others wrote.

use anyhow::{Result, ensure};

use trybuy_tests::files;
use trybuy_tests::object_storage::ObjectStorage;
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, publish_padded, tried};

cases![
    the_main_job_runs_with_programs_in_an_object_storage[ObjectStorage, Busybox],
    a_storage_that_is_gone_is_said_and_takes_no_trial_along[ObjectStorage, Busybox],
];

fn the_main_job_runs_with_programs_in_an_object_storage(shared: &Shared) -> Result<()> {
    let storage = ObjectStorage::start()?;
    let mut world = World::start_with(shared.binaries(), &storage.variables())?;
    // More than one part of an upload and many of a download, in both layouts.
    let program = files::padded(&busybox()?, 20 << 20, &world.path("programs").join("large"))?;
    let user = world.builder("ada")?;
    for layout in ["leading", "dispersed"] {
        let trial = EASY_TRIAL.replace("leading", layout);
        let id = world.publish_with(&format!("busybox-{layout}"), &program, &trial)?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
        ensure_sound(&user, &id)?;
    }
    let blobs = world.setup.data_dir().join("blobs");
    ensure!(!blobs.exists(), "nothing is kept beside the storage");
    ensure!(files::below(&world.setup.data_dir().join("spool"))?.is_empty(), "nor on its way");
    world.restart_server()?;
    let (other, id) = tried(&world, "busybox-later")?;
    ensure_sound(&other, &id)?;
    let first = "com.example.busybox-leading";
    other.run(["try", first, "--accept-terms"])?.success()?;
    ensure_sound(&other, first)
}

fn a_storage_that_is_gone_is_said_and_takes_no_trial_along(shared: &Shared) -> Result<()> {
    let storage = ObjectStorage::start()?;
    let world = World::start_with(shared.binaries(), &storage.variables())?;
    let (user, id) = tried(&world, "busybox-kept")?;
    let other = world.builder("bob")?;
    drop(storage);
    let failed = publish_padded(&world, "busybox-new", 1 << 20).err();
    let failed = failed.map(|error| error.to_string()).unwrap_or_default();
    ensure!(failed.contains("error[server-error]"), "{failed}");
    let refused = other.run(["try", &id, "--accept-terms"])?;
    ensure!(refused.code == 1 && refused.stderr.contains("\nhelp: "), "{refused}");
    user.run(["show", &id])?.success()?;
    ensure_sound(&user, &id)
}
