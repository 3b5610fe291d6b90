//! Downloads, particularized per user, against nginx serving a plain file of the same size.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use trybuy_formats::primitives::{AeadKey, TAG_LENGTH};
use trybuy_formats::transmission::CHUNK;

use super::load::{self, Load};
use super::process;
use super::sample_program::{self, Filling};
use super::statistics::median;
use crate::binaries::{Binaries, Profile};
use crate::nginx::{Nginx, free_port};
use crate::vendor::{Application, EASY_TRIAL};
use crate::world::World;

const SIZE: u64 = 256 << 20;

/// Measures and prints.
///
/// # Errors
/// When a part of the world cannot be had: nginx, a C compiler.
pub fn run(seconds: u32, rounds: usize) -> Result<()> {
    let world = World::start(&Binaries::build(Profile::Release)?)?;
    let program = sample_program::make(world.folder(), SIZE, Filling::Random)?;
    println!(
        "AES-256-GCM alone, one core, chunks of a download: {:.2} CPU-s/GB\n",
        sealing_alone()?
    );
    println!(
        "| layout | connections | GB/s: nginx | trybuy | ratio | server's CPU-s/GB: nginx | trybuy | ratio | whole CPU-s/GB: nginx | trybuy | ratio | memory |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for layout in ["leading", "dispersed"] {
        let url = particularized(&world, &program, layout)?;
        let nginx = PlainFile::serve(&program, &world.path("nginx"))?;
        for connections in [1, 8, 64] {
            let row = compare(&world, &url, &nginx, connections, seconds, rounds)?;
            println!("| {layout} | {connections} | {row}");
        }
        println!("\nfirst byte, {layout}: {:.2} ms (median of 101)\n", first_byte(&url)? * 1e3);
    }
    Ok(())
}

/// CPU-seconds that encrypting 10^9 bytes takes, in chunks as a download is made of.
fn sealing_alone() -> Result<f64> {
    const CHUNKS: u32 = 16_384;
    let key = AeadKey::new(&[7; 32]);
    let mut chunk = vec![1; CHUNK + TAG_LENGTH];
    let begin = Instant::now();
    for number in 0..CHUNKS {
        let mut nonce = [0; 12];
        nonce[..4].copy_from_slice(&number.to_be_bytes());
        key.seal_in_place(nonce, &mut chunk)?;
    }
    let bytes = f64::from(CHUNKS) * f64::from(u32::try_from(CHUNK)?);
    Ok(begin.elapsed().as_secs_f64() / (bytes / 1e9))
}

/// Publishes the program, requests a trial, and answers its download address.
fn particularized(world: &World, program: &Path, layout: &str) -> Result<String> {
    let id = format!("com.example.{layout}");
    let trial = EASY_TRIAL.replace("leading", layout);
    let application = Application {
        id: &id,
        name: layout,
        version: "1.0.0",
        program,
        trial: &trial,
        compression: "none",
    };
    world.vendor.publish(&application.write(&world.path(layout))?)?;
    let user = world.builder(layout)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let info = user.run(["info", &id, "--json"])?.success()?.json()?;
    Ok(info["download_url"].as_str().context("an address")?.to_owned())
}

fn compare(
    world: &World,
    url: &str,
    nginx: &PlainFile,
    connections: u32,
    seconds: u32,
    rounds: usize,
) -> Result<String> {
    let server = world.server.process_id();
    let memory = process::private_mebibytes(server)?;
    let (mut ours, mut theirs): (Vec<Load>, Vec<Load>) = (Vec::new(), Vec::new());
    let mut peak = memory;
    for _ in 0..rounds {
        theirs.push(load::run(&nginx.url, connections, seconds)?);
        ours.push(load::run(url, connections, seconds)?);
        peak = peak.max(process::private_mebibytes(server)?);
    }
    let mut row = String::new();
    for value in [
        |load: &Load| load.throughput / 1e9,
        |load: &Load| load.server_cpu,
        |load: &Load| load.whole_cpu,
    ] {
        let middle = |loads: &[Load]| median(&mut loads.iter().map(value).collect::<Vec<_>>());
        let (theirs, ours) = (middle(&theirs), middle(&ours));
        row += &format!("{theirs:.2} | {ours:.2} | {:.2} | ", ours / theirs);
    }
    Ok(format!("{row}{memory:.0} to {peak:.0} MiB |"))
}

/// Seconds from a request on an open connection to the first byte of its answer's body.
fn first_byte(url: &str) -> Result<f64> {
    let (host, path) = load::host_and_path(url)?;
    let mut all = Vec::new();
    for _ in 0..101 {
        let mut connection = TcpStream::connect(host)?;
        let begin = Instant::now();
        write!(connection, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        let mut buffer = [0; 16 << 10];
        let mut received = Vec::new();
        while !received.windows(5).any(|bytes| &bytes[..4] == b"\r\n\r\n") {
            let count = connection.read(&mut buffer)?;
            ensure!(count > 0, "the answer ended early");
            received.extend_from_slice(&buffer[..count]);
        }
        all.push(begin.elapsed().as_secs_f64());
    }
    Ok(median(&mut all))
}

/// A real nginx that serves the folder of a program, and the program's address there.
struct PlainFile {
    url: String,
    _nginx: Nginx,
}

impl PlainFile {
    fn serve(program: &Path, folder: &Path) -> Result<Self> {
        let (root, name) = (program.parent().context("a folder")?, program.file_name());
        let name = name.context("a name")?.to_string_lossy().into_owned();
        let (port, root) = (free_port()?, root.display());
        let server = format!("server {{ listen 127.0.0.1:{port}; root {root}; }}");
        let nginx = Nginx::start(folder, port, &server)?;
        Ok(Self { url: format!("http://127.0.0.1:{port}/{name}"), _nginx: nginx })
    }
}
