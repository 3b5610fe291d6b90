//! What a process and its children have used, from `/proc`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

/// Clock ticks of `/proc/PID/stat`: 100 a second on every Linux.
const TICKS: f64 = 100.0;

/// CPU-seconds of a process that can be seen to be its own.
pub(super) fn cpu_seconds(id: u32) -> Result<f64> {
    let [user, system, ..] = times(&proc(id).join("stat"))?;
    Ok(user + system)
}

/// CPU-seconds of the whole machine, with the work that the kernel does outside of processes.
pub(super) fn cpu_seconds_of_the_machine() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("a first line")?;
    let field = |text: &str| text.parse::<f64>().unwrap_or_default() / TICKS;
    let fields: Vec<_> = line.split_whitespace().skip(1).map(field).collect();
    let [user, nice, system, _idle, _waiting, interrupts, soft_interrupts, ..] = fields[..] else {
        bail!("/proc/stat has fewer fields than Linux writes");
    };
    Ok(user + nice + system + interrupts + soft_interrupts)
}

/// CPU-seconds of this process's children that have ended.
pub(super) fn cpu_seconds_of_ended_children() -> Result<f64> {
    let [_, _, user, system] = times(Path::new("/proc/self/stat"))?;
    Ok(user + system)
}

/// Seconds in user and system mode, of a process and of its ended children.
fn times(stat: &Path) -> Result<[f64; 4]> {
    let stat = std::fs::read_to_string(stat)?;
    // The name in brackets may hold spaces; the fields after it do not.
    let fields: Vec<_> = stat.rsplit(')').next().context("stat")?.split_whitespace().collect();
    ensure!(fields.len() > 15, "stat has fewer fields than Linux writes");
    let mut all = [0.0; 4];
    for (time, field) in all.iter_mut().zip(&fields[11..]) {
        *time = field.parse::<f64>()? / TICKS;
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
