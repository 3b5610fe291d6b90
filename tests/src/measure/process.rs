//! What a process and its children have used, from `/proc`.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// Clock ticks of `/proc/PID/stat`: 100 a second on every Linux.
const TICKS: f64 = 100.0;

/// CPU-seconds of a process and of its living children.
pub(super) fn cpu_seconds(id: u32) -> Result<f64> {
    let mut total = own_cpu_seconds(id)?;
    for child in children(id)? {
        total += own_cpu_seconds(child)?;
    }
    Ok(total)
}

fn own_cpu_seconds(id: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(proc(id).join("stat"))?;
    // The name in brackets may hold spaces; the fields after it do not.
    let fields: Vec<_> = stat.rsplit(')').next().context("stat")?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let (user, system) = (ticks(11).context("utime")?, ticks(12).context("stime")?);
    Ok((user + system) / TICKS)
}

fn children(id: u32) -> Result<Vec<u32>> {
    let mut all = Vec::new();
    for task in std::fs::read_dir(proc(id).join("task"))? {
        let listed = std::fs::read_to_string(task?.path().join("children"))?;
        all.extend(listed.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(all)
}

/// The private memory of a process in MiB: resident, without the pages of mapped files.
pub(super) fn private_mebibytes(id: u32) -> Result<f64> {
    let status = std::fs::read_to_string(proc(id).join("status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("RssAnon")?;
    let kibibytes = line.split_whitespace().next().context("a number")?.parse::<f64>()?;
    Ok(kibibytes / 1024.0)
}

fn proc(id: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{id}"))
}
