//! The second decoder reads what this server and this Builder wrote, and they read what it wrote.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::binaries::repository;
use trybuy_tests::command::Outcome;
use trybuy_tests::component::Component;
use trybuy_tests::second_decoder;
use trybuy_tests::vendor::EASY_TRIAL;

use crate::case::{Shared, cases};

cases![
    a_stored_trial_in_the_leading_layout_is_read [Busybox, PythonDecoder],
    a_stored_trial_in_the_dispersed_layout_is_read [Busybox, PythonDecoder],
    the_vectors_in_the_repository_are_met [PythonDecoder],
    vectors_that_are_made_now_are_met [PythonDecoder],
    the_decoder_passes_its_own_tests [PythonDecoder],
];

/// Tries an application in a layout and compares what the decoder finds with what was published.
fn is_read(shared: &Shared, layout: &str) -> Result<()> {
    let world = shared.world();
    let name = format!("decoded-{layout}");
    let trial = EASY_TRIAL.replace("leading", layout);
    let published = Component::Busybox.path().context("busybox is here")?;
    let id = world.publish_with(&name, &published, &trial)?;
    let user = world.builder(&name)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let program = world.path(&name).with_extension("program");
    let found = second_decoder::stored(&user, &id, &program)?;
    ensure!(fs::read(&program)? == fs::read(&published)?, "{found}");
    let control = &found["control"];
    ensure!(control["application"] == id.as_str() && control["layout"] == layout, "{found}");
    ensure!(found["program_digest"] == control["program_digest"], "{found}");
    let listed = user.listed(&id)?;
    ensure!(control["licensee_id"] == listed["licensee_id"], "{found}");
    ensure!(control["ends_at"] == listed["ends_at"], "{found}");
    Ok(())
}

fn a_stored_trial_in_the_leading_layout_is_read(shared: &Shared) -> Result<()> {
    is_read(shared, "leading")
}

fn a_stored_trial_in_the_dispersed_layout_is_read(shared: &Shared) -> Result<()> {
    is_read(shared, "dispersed")
}

fn the_vectors_in_the_repository_are_met(_: &Shared) -> Result<()> {
    for set in ["aws-lc", "portable", "python"] {
        let count = second_decoder::vectors(&repository().join("formats/tests/vectors").join(set))?;
        ensure!(count > 50, "{set} has only {count} vectors");
    }
    Ok(())
}

fn vectors_that_are_made_now_are_met(_: &Shared) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut write = std::process::Command::new(cargo);
    write.args([
        "run",
        "--quiet",
        "--package",
        "trybuy-formats",
        "--example",
        "write_vectors",
        "--",
    ]);
    Outcome::of(write.arg(folder.path()).current_dir(repository()))?.success()?;
    let count = second_decoder::vectors(folder.path())?;
    ensure!(count > 100, "only {count} vectors were written");
    Ok(())
}

fn the_decoder_passes_its_own_tests(_: &Shared) -> Result<()> {
    let ran = second_decoder::python(["-m", "unittest"])?.success()?;
    let summary = ran.stderr.lines().find(|line| line.starts_with("Ran "));
    let summary = summary.with_context(|| format!("no summary: {ran}"))?;
    ensure!(!summary.starts_with("Ran 0 "), "{summary}");
    Ok(())
}
