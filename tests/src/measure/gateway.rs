//! The gateway as users run it, against nginx with client certificates, in front of the same service. The client
//! shows both the license that a real license server granted it.

pub mod client;
mod doors;
mod service;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use self::client::{Direction, Errand, Small};
use self::doors::Doors;
use self::service::Service;
use super::load::{self, Load};
use super::statistics::{median, percentile};

/// Small requests of one round.
const REQUESTS: usize = 5_000;

/// Measures and prints.
///
/// # Errors
/// When a part cannot be had: nginx, a company with its license server.
pub fn run(seconds: u32, rounds: usize) -> Result<()> {
    let service = Service::start()?;
    let doors = Doors::open(service.address)?;
    small_requests(service.address, &doors, rounds)?;
    println!(
        "\n| body | MiB | connections | GB/s: nginx | gateway | ratio | CPU-s/GB: nginx | gateway | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for direction in [Direction::Download, Direction::Upload] {
        for mebibytes in [64, 256] {
            for connections in [1, 8] {
                let errand = Errand { direction, mebibytes, connections, seconds };
                println!("{}", compare(doors.both(), errand, &doors.client, rounds)?);
            }
        }
    }
    Ok(())
}

/// What a small request takes over a connection that is open, in interleaved rounds.
fn small_requests(service: SocketAddr, doors: &Doors, rounds: usize) -> Result<()> {
    let mut ways = [
        ("the service itself", Small::plain(service)?, Vec::new()),
        ("nginx", Small::over_tls(doors.nginx, &doors.client)?, Vec::new()),
        ("the gateway", Small::over_tls(doors.gateway, &doors.client)?, Vec::new()),
    ];
    for _ in 0..rounds {
        for (_, way, all) in &mut ways {
            for _ in 0..REQUESTS {
                let begin = Instant::now();
                way.request()?;
                all.push(begin.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    let direct = median(&mut ways[0].2);
    println!("| small request | median µs | p99 µs | added at the median µs |");
    println!("|---|---|---|---|");
    for (name, _, all) in &mut ways {
        let (middle, high) = (median(all), percentile(all, 99));
        println!("| {name} | {middle:.0} | {high:.0} | {:.0} |", middle - direct);
    }
    Ok(())
}

fn compare(doors: [SocketAddr; 2], errand: Errand, client: &Path, rounds: usize) -> Result<String> {
    let mut loads: [Vec<Load>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (door, loads) in doors.iter().zip(&mut loads) {
            loads.push(load::of_clients(&errand.arguments(*door, client))?);
        }
    }
    let Errand { direction, mebibytes, connections, .. } = errand;
    let mut row = format!("| {direction} | {mebibytes} | {connections} | ");
    for value in [|load: &Load| load.throughput / 1e9, |load: &Load| load.server_cpu] {
        let middle = |loads: &[Load]| median(&mut loads.iter().map(value).collect::<Vec<_>>());
        let [theirs, ours] = [middle(&loads[0]), middle(&loads[1])];
        row += &format!("{theirs:.2} | {ours:.2} | {:.2} | ", ours / theirs);
    }
    Ok(row.trim_end().to_owned())
}
