//! Load on an HTTP server as many downloading Builders make it, and what the server used meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::process;

/// Bytes that are read at once, as the Builder does.
const BUFFER: usize = 256 << 10;

/// One figure of load.
pub(super) struct Load {
    /// Bytes a second.
    pub(super) throughput: f64,
    /// CPU-seconds of everything but the clients for 10^9 bytes.
    pub(super) server_cpu: f64,
    /// CPU-seconds of the whole machine for 10^9 bytes. On loopback the kernel does one and the same
    /// work of TCP now on the server's account and now on the clients', so this is the fair sum.
    pub(super) whole_cpu: f64,
}

/// Loads an address with that many connections for some seconds.
pub(super) fn run(url: &str, connections: u32, seconds: u32) -> Result<Load> {
    let arguments = ["clients", url, &connections.to_string(), &seconds.to_string()];
    of_clients(&arguments.map(str::to_owned))
}

/// The load that clients make. They are a process of their own, so that what they use can be told apart.
pub(super) fn of_clients(arguments: &[String]) -> Result<Load> {
    let machine = process::cpu_seconds_of_the_machine()?;
    let client = process::cpu_seconds_of_ended_children()?;
    // This very program, also when cargo has put another one in its place meanwhile.
    let output = Command::new("/proc/self/exe").args(arguments).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let whole = process::cpu_seconds_of_the_machine()? - machine;
    let server = whole - (process::cpu_seconds_of_ended_children()? - client);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    let (bytes, elapsed) = report.trim().split_once(' ').context("bytes and seconds")?;
    let (bytes, elapsed) = (bytes.parse::<f64>()?, elapsed.parse::<f64>()?);
    Ok(Load {
        throughput: bytes / elapsed,
        server_cpu: server / (bytes / 1e9),
        whole_cpu: whole / (bytes / 1e9),
    })
}

/// The clients: one thread each, downloading again and again. Prints the bytes that were read and
/// the seconds it took.
///
/// # Errors
/// When the server cannot be reached.
pub fn clients(url: &str, connections: u32, seconds: u32) -> Result<()> {
    let (host, path) = host_and_path(url)?;
    until_over(connections, seconds, |over, bytes| {
        while !over.load(Ordering::Relaxed) {
            download(host, path, over, bytes)?;
        }
        Ok(())
    })
}

/// Runs clients, one thread each, until the time is over. Prints the bytes that they counted and the
/// seconds it took.
pub(super) fn until_over(
    connections: u32,
    seconds: u32,
    client: impl Fn(&AtomicBool, &AtomicU64) -> Result<()> + Sync,
) -> Result<()> {
    let (over, bytes) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    thread::scope(|scope| -> Result<()> {
        let start = |_| scope.spawn(|| client(&over, &bytes));
        let clients: Vec<_> = (0..connections).map(start).collect();
        thread::sleep(Duration::from_secs(seconds.into()));
        over.store(true, Ordering::Relaxed);
        clients.into_iter().try_for_each(|client| client.join().expect("no client panics"))
    })?;
    println!("{} {}", bytes.load(Ordering::Relaxed), begin.elapsed().as_secs_f64());
    Ok(())
}

/// Downloads once, or until it is over.
fn download(host: &str, path: &str, over: &AtomicBool, bytes: &AtomicU64) -> Result<()> {
    let mut connection = TcpStream::connect(host)?;
    write!(connection, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut buffer = vec![0; BUFFER];
    while !over.load(Ordering::Relaxed) {
        match connection.read(&mut buffer)? {
            0 => break,
            count => bytes.fetch_add(count as u64, Ordering::Relaxed),
        };
    }
    Ok(())
}

/// Host with port, and path without the first slash.
pub(super) fn host_and_path(url: &str) -> Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").context("an http address")?;
    rest.split_once('/').context("a path")
}
