//! Launches, against the floor: writing the plain program to a memory file and executing it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::sample_program::{self, Filling};
use super::statistics::median;
use crate::binaries::{Binaries, Profile};
use crate::builder::Builder;
use crate::vendor::{Application, EASY_TRIAL};
use crate::world::World;

const MEBIBYTE: u64 = 1 << 20;

/// Measures and prints.
///
/// # Errors
/// When a part of the world cannot be had: a C compiler.
pub fn run(rounds: usize) -> Result<()> {
    let world = World::start(&Binaries::build(Profile::Release)?)?;
    let floor = compile_floor(world.folder())?;
    let user = world.builder("launcher")?;
    println!("| program | stored | floor ms | trybuy run ms | ratio |");
    println!("|---|---|---|---|---|");
    for (size, filling, compression) in [
        (MEBIBYTE, Filling::Code, "none"),
        (MEBIBYTE, Filling::Code, "zstd"),
        (100_000_000, Filling::Code, "none"),
        (100_000_000, Filling::Code, "zstd"),
    ] {
        let program = sample_program::make(world.folder(), size, filling)?;
        let id = try_it(&world, &user, &program, size, compression)?;
        let (mut floors, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(seconds(Command::new(&floor).arg(&program))?);
            ours.push(seconds(user.command().args(["run", &id]))?);
        }
        let (floor, ours) = (median(&mut floors) * 1e3, median(&mut ours) * 1e3);
        let megabytes = size / 1_000_000;
        println!(
            "| {megabytes} MB | {compression} | {floor:.1} | {ours:.1} | {:.2} |",
            ours / floor
        );
    }
    Ok(())
}

fn compile_floor(folder: &Path) -> Result<PathBuf> {
    let source = folder.join("floor.c");
    std::fs::write(&source, include_str!("floor.c"))?;
    let program = folder.join("floor");
    let compiled = Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(&source).status();
    ensure!(compiled.context("cannot run cc")?.success(), "cc failed");
    Ok(program)
}

fn try_it(
    world: &World,
    user: &Builder,
    program: &Path,
    size: u64,
    compression: &str,
) -> Result<String> {
    let id = format!("com.example.{compression}-{size}");
    let application = Application {
        id: &id,
        name: "nothing",
        version: "1.0.0",
        program,
        trial: EASY_TRIAL,
        compression,
    };
    world.vendor.publish(&application.write(&world.path(&id))?)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok(id)
}

/// Seconds of a whole process, from its start to its end.
pub(super) fn seconds(command: &mut Command) -> Result<f64> {
    let begin = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let elapsed = begin.elapsed().as_secs_f64();
    ensure!(status.success(), "{command:?} failed");
    Ok(elapsed)
}
