//! What sealing, opening, decoding and deciding cost. `docs/performance.md` has the goals.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use trybuy_formats::execution_format::ProgramMemory;
use trybuy_formats::expiry::{TrialState, decide};
use trybuy_formats::policy::Layout;
use trybuy_formats::read_at::ReadAt;
use trybuy_formats::server_format::Compression;
use trybuy_formats::transmission::{CHUNK, Opened};

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/properties/world.rs"]
mod world;

use world::{LAYOUTS, Release, Trial, now, version, world};

const MB: usize = 1_000_000;

/// A file in memory of the system, as the Builder's sealed memory is one.
struct SystemFile(File);

impl SystemFile {
    /// A new one without a name.
    fn new() -> Self {
        let path = PathBuf::from(format!("/dev/shm/trybuy-bench-{}", std::process::id()));
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.unwrap();
        fs::remove_file(path).unwrap();
        Self(file)
    }

    fn holding(bytes: &[u8]) -> Self {
        let file = Self::new();
        file.0.write_all_at(bytes, 0).unwrap();
        file
    }
}

impl ReadAt for SystemFile {
    fn length(&self) -> u64 {
        self.0.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buffer, offset)
    }
}

impl ProgramMemory for SystemFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }
}

/// A program of real machine code: this one, as often as it takes.
fn machine_code(length: usize) -> Vec<u8> {
    let own = fs::read(std::env::current_exe().unwrap()).unwrap();
    own.iter().copied().cycle().take(length).collect()
}

fn release(length: usize, compression: Compression) -> Release {
    Release::new(["documentation", "terms", ""], machine_code(length), compression)
}

fn sealing(criterion: &mut Criterion) {
    let release = release(16 * MB, Compression::Plain);
    let sections = release.sections();
    let mut group = criterion.benchmark_group("seal a body of 16 MB");
    group.throughput(Throughput::Bytes(sections.len() as u64));
    let mut out = vec![0; CHUNK + 16];
    group.bench_function("copied only", |bencher| {
        bencher.iter(|| {
            for chunk in sections.chunks(CHUNK) {
                out[..chunk.len()].copy_from_slice(black_box(chunk));
            }
        });
    });
    for layout in LAYOUTS {
        let body = Trial::new(&release, layout).body();
        group.bench_function(format!("{layout:?}"), |bencher| {
            bencher.iter(|| {
                for index in 0..body.chunk_count() {
                    let range = body.sections_range(index);
                    let bytes = &sections[range.start as usize..range.end as usize];
                    let out = &mut out[..body.sealed_chunk_length(index)];
                    body.seal_chunk(index, black_box(bytes), out).unwrap();
                }
            });
        });
    }
}

fn decoding(criterion: &mut Criterion) {
    for length in [MB, 100 * MB] {
        let mut group = criterion.benchmark_group(format!("decode {} MB", length / MB));
        group.sample_size(20).throughput(Throughput::Bytes(length as u64));
        let program = machine_code(length);
        group.bench_function("written only", |bencher| {
            bencher.iter_batched_ref(
                SystemFile::new,
                |memory| {
                    for (at, chunk) in (0..).zip(program.chunks(4 * CHUNK)) {
                        memory.write_at(at * 4 * CHUNK as u64, chunk).unwrap();
                    }
                },
                BatchSize::PerIteration,
            );
        });
        for compression in [Compression::Plain, Compression::Zstd { level: 9 }] {
            let release = release(length, compression);
            for layout in LAYOUTS {
                let file = SystemFile::holding(&Trial::new(&release, layout).file());
                for threads in [1, 2] {
                    let name = format!("{compression:?}, {layout:?}, {threads} threads");
                    let world = world();
                    let opened =
                        Opened::open(&file, &world.builder).unwrap_or_else(|_| unreachable!());
                    let server = world.server.verification_key();
                    let authorized = opened
                        .verify(&server, &world.license, &world.secret)
                        .unwrap_or_else(|_| unreachable!())
                        .authorize(&version(), now(), &TrialState::default())
                        .unwrap_or_else(|_| unreachable!());
                    group.bench_function(name, |bencher| {
                        bencher.iter_batched(
                            SystemFile::new,
                            |memory| authorized.decode_into(memory, threads).map_err(drop).unwrap(),
                            BatchSize::PerIteration,
                        );
                    });
                }
            }
        }
    }
}

fn heads(criterion: &mut Criterion) {
    let release = release(1000, Compression::Plain);
    for layout in LAYOUTS {
        let file = Trial::new(&release, layout).file();
        criterion.bench_function(&format!("open and verify, {layout:?}"), |bencher| {
            bencher.iter(|| world::verify(black_box(&file)).unwrap());
        });
    }
    let trial = Trial::new(&release, Layout::Dispersed);
    criterion.bench_function("open and verify with the file key, Dispersed", |bencher| {
        let file = trial.file();
        bencher.iter(|| world::verify_with(black_box(&file), trial.file_key()).unwrap());
    });
    criterion.bench_function("seal a head", |bencher| {
        bencher.iter(|| Trial::new(&release, Layout::Leading).head.head().len());
    });
    criterion.bench_function("begin a body, Dispersed", |bencher| {
        bencher.iter(|| trial.body().chunk_count())
    });
}

fn expiry(criterion: &mut Criterion) {
    let release = release(1000, Compression::Plain);
    let control = Trial::new(&release, Layout::Leading).control;
    let (license, state) = (&world().license, TrialState::default());
    let version = version();
    criterion.bench_function("decide", |bencher| {
        bencher.iter(|| decide(black_box(&control), license, &version, now(), &state));
    });
}

criterion_group!(benches, sealing, heads, expiry, decoding);
criterion_main!(benches);
