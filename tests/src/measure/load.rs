//! Load on an HTTP server by `wrk`, and what the server used meanwhile.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::process;

/// One figure of load.
pub(super) struct Load {
    /// Bytes a second.
    pub(super) throughput: f64,
    /// CPU-seconds of everything but the client for 10^9 bytes.
    pub(super) server_cpu: f64,
    /// CPU-seconds of the whole machine for 10^9 bytes. On loopback the kernel does one and the same
    /// work of TCP now on the server's account and now on the client's, so only this is a fair sum.
    pub(super) whole_cpu: f64,
}

/// Loads an address with that many connections for some seconds.
pub(super) fn run(url: &str, connections: u32, seconds: u32) -> Result<Load> {
    let machine = process::cpu_seconds_of_the_machine()?;
    let client = process::cpu_seconds_of_ended_children()?;
    let begin = Instant::now();
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout=60s", url])
        .output()
        .context("cannot run wrk (Debian's package wrk)")?;
    ensure!(output.status.success(), "wrk failed");
    let elapsed = begin.elapsed().as_secs_f64();
    let whole = process::cpu_seconds_of_the_machine()? - machine;
    let server = whole - (process::cpu_seconds_of_ended_children()? - client);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = report.lines().find_map(bytes_read).with_context(|| report.clone())?;
    let gigabytes = read / 1e9;
    Ok(Load {
        throughput: read / elapsed,
        server_cpu: server / gigabytes,
        whole_cpu: whole / gigabytes,
    })
}

/// The bytes in wrk's line "N requests in T, X.YYGB read", where units are powers of 1024.
fn bytes_read(line: &str) -> Option<f64> {
    let text = line.trim().strip_suffix(" read")?.rsplit(' ').next()?;
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)];
    let (number, unit) =
        units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)))?;
    Some(number.parse::<f64>().ok()? * f64::from(unit))
}
