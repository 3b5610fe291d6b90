//! `trybuy list` with 200 stored applications.

use anyhow::Result;

use super::launch::seconds;
use super::sample_program::{self, Filling};
use super::statistics::median;
use crate::binaries::{Binaries, Profile};
use crate::world::World;

const APPLICATIONS: u32 = 200;

/// Measures and prints.
///
/// # Errors
/// When a part of the world cannot be had.
pub fn run(rounds: usize) -> Result<()> {
    let world = World::start(&Binaries::build(Profile::Release)?)?;
    let program = sample_program::make(world.folder(), 1 << 20, Filling::Code)?;
    let user = world.builder("collector")?;
    for number in 0..APPLICATIONS {
        let id = world.publish(&format!("application-{number}"), &program)?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
    }
    for arguments in [["list"].as_slice(), &["list", "--json"]] {
        let mut all = Vec::new();
        for _ in 0..rounds {
            all.push(seconds(user.command().args(arguments))?);
        }
        let milliseconds = median(&mut all) * 1e3;
        println!(
            "trybuy {}, {APPLICATIONS} applications: {milliseconds:.1} ms",
            arguments.join(" ")
        );
    }
    Ok(())
}
