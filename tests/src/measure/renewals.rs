//! Renewals and purchases: what travels, by the layout of the file.

use std::time::Instant;

use anyhow::Result;

use super::sample_program::{self, Filling};
use crate::binaries::{Binaries, Profile};
use crate::builder::Builder;
use crate::proxy::{Direction, Proxy};
use crate::vendor::{Application, EASY_TRIAL};
use crate::world::World;

/// Bytes of the program.
const PROGRAM: u64 = 100_000_000;

/// Measures and prints.
///
/// # Errors
/// When a part of the world cannot be had: a C compiler.
pub fn run() -> Result<()> {
    let binaries = Binaries::build(Profile::Release)?;
    let (world, proxy) = World::start_behind_proxy(&binaries)?;
    let program = sample_program::make(world.folder(), PROGRAM, Filling::Code)?;
    println!("| layout | step | bytes received | of the file | ms |");
    println!("|---|---|---|---|---|");
    for layout in ["leading", "dispersed"] {
        let id = format!("com.example.{layout}");
        let application = Application {
            id: &id,
            name: layout,
            version: "1.0.0",
            program: &program,
            trial: &EASY_TRIAL.replace("leading", layout),
            compression: "none",
        };
        world.vendor.publish(&application.write(&world.path(layout))?)?;
        let user = world.fresh_builder(layout);
        let email = format!("{layout}@example.com");
        user.setup(&proxy.url(), "Ada", &email)?;
        let whole = received(&proxy, &user, &["try", &id, "--accept-terms"])?.0;
        let more = ["grant", &id, "--licensee", &email, "--extend", "1d"];
        world.vendor.run(more)?.success()?;
        let key = world.vendor.run(["key", "create", &id])?.success()?.stdout;
        for step in [vec!["renew", &id], vec!["buy", &id, "--key", key.trim()]] {
            let (bytes, seconds) = received(&proxy, &user, &step)?;
            let share = bytes as f64 / whole as f64 * 100.0;
            println!("| {layout} | {} | {bytes} | {share:.3} % | {:.0} |", step[0], seconds * 1e3);
        }
    }
    Ok(())
}

/// The bytes that a command receives, with all that HTTP adds, and its seconds.
fn received(proxy: &Proxy, user: &Builder, arguments: &[&str]) -> Result<(u64, f64)> {
    let before = proxy.passed(Direction::Down);
    let begin = Instant::now();
    user.run(arguments)?.success()?;
    Ok((proxy.passed(Direction::Down) - before, begin.elapsed().as_secs_f64()))
}
