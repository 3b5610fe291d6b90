//! Load on an HTTP server by `wrk`, and what the server used meanwhile.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::process;

/// One figure of load.
pub(super) struct Load {
    /// Bytes a second.
    pub(super) throughput: f64,
    /// CPU-seconds of the server for 10^9 bytes.
    pub(super) cpu_per_gigabyte: f64,
}

/// Loads an address with that many connections for some seconds.
pub(super) fn run(url: &str, server: u32, connections: u32, seconds: u32) -> Result<Load> {
    let before = process::cpu_seconds(server)?;
    let begin = Instant::now();
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--timeout=60s", url])
        .output()
        .context("cannot run wrk (Debian's package wrk)")?;
    ensure!(output.status.success(), "wrk failed");
    let elapsed = begin.elapsed().as_secs_f64();
    let used = process::cpu_seconds(server)? - before;
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let read = report.lines().find_map(bytes_read).with_context(|| report.clone())?;
    Ok(Load { throughput: read / elapsed, cpu_per_gigabyte: used / (read / 1e9) })
}

/// The bytes in wrk's line "N requests in T, X.YYGB read", where units are powers of 1024.
fn bytes_read(line: &str) -> Option<f64> {
    let text = line.trim().strip_suffix(" read")?.rsplit(' ').next()?;
    let units = [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1)];
    let (number, unit) =
        units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)))?;
    Some(number.parse::<f64>().ok()? * f64::from(unit))
}
