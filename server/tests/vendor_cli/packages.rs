//! Packages are releases that a server accepts, and their programs come back as they were.

use std::io::Read as _;
use std::os::unix::fs::FileExt as _;

use indicatif::ProgressBar;
use trybuy_formats::read_at::ReadAt as _;
use trybuy_formats::server_format::{self, BLOCK};
use trybuy_server::vendor_cli::{ApplicationManifest, Package, package};

use crate::fixture::{self, App, MANIFEST, elf};

fn packed(app: &App) -> Package {
    let manifest = ApplicationManifest::load(&app.path("trybuy.toml")).ok().unwrap();
    let bar = ProgressBar::hidden();
    package(&manifest.application, &manifest.programs[0], fixture::server_key(), &bar).unwrap()
}

/// The whole release, as it is uploaded.
fn release(package: &Package) -> Vec<u8> {
    let mut release = package.front.to_vec();
    let mut program = vec![0; package.manifest.sections.program as usize];
    package.program.read_exact_at(&mut program, 0).unwrap();
    release.extend(program);
    release
}

/// A program of two and a half blocks: one that compresses, then noise.
fn program() -> Vec<u8> {
    let mut rest = vec![7; BLOCK];
    rest.extend(fixture::noise(BLOCK + BLOCK / 2));
    elf(62, &rest)
}

/// Decodes a program section by its specification alone (`SF-4` to `SF-7`).
fn decoded(section: &[u8]) -> Vec<u8> {
    let (rest, count) = section.split_last_chunk::<4>().unwrap();
    let (rest, size) = rest.split_last_chunk::<8>().unwrap();
    let count = u32::from_be_bytes(*count) as usize;
    let (mut blocks, table) = rest.split_at(rest.len() - 4 * count);
    let mut program = Vec::new();
    for entry in table.chunks_exact(4) {
        let entry = u32::from_be_bytes(entry.try_into().unwrap());
        let (block, others) = blocks.split_at((entry & 0x7fff_ffff) as usize);
        blocks = others;
        if entry >> 31 == 1 {
            program.extend(block);
        } else {
            zstd::Decoder::new(block).unwrap().read_to_end(&mut program).unwrap();
        }
    }
    assert!(blocks.is_empty());
    assert_eq!(program.len() as u64, u64::from_be_bytes(*size));
    program
}

#[test]
fn a_package_is_a_release_that_a_server_accepts() {
    let app = App::new();
    app.write("bin/sketch", program());
    let package = packed(&app);
    let release = release(&package);
    let manifest = server_format::check(&release).unwrap();
    assert_eq!(manifest, package.manifest);
    assert_eq!(manifest.application.as_str(), "com.example.sketch");
    assert_eq!(manifest.server_public_key, fixture::server_key());
    assert_eq!(manifest.minimum_builder, Some("0.1.0".parse().unwrap()));
    assert_eq!(manifest.program_size, program().len() as u64);
    assert_eq!(release.length(), package.front.len() as u64 + manifest.sections.program);
}

#[test]
fn texts_and_program_come_back_as_they_were() {
    let app = App::new();
    app.write("bin/sketch", program());
    let package = packed(&app);
    let release = release(&package);
    assert!(package.front.ends_with(b"# Sketch\nBe kind.\nIt costs 5.\n"));
    let section = &release[package.front.len()..];
    assert!(section.len() < program().len(), "a block of sevens compresses");
    assert!(decoded(section) == program());
}

#[test]
fn a_program_is_stored_plain_where_the_manifest_says_so() {
    let path = "path = \"bin/sketch\"\n";
    let manifest = MANIFEST.replace(path, &format!("{path}compression = \"none\"\n"));
    let app = App::with_manifest(&manifest);
    app.write("bin/sketch", program());
    let package = packed(&app);
    let release = release(&package);
    assert!(server_format::check(&release).is_ok());
    let section = &release[package.front.len()..];
    assert!(section.starts_with(&program()));
    assert_eq!(section.len(), program().len() + 3 * 4 + 12);
}

#[test]
fn the_same_manifest_gives_the_same_release() {
    let app = App::new();
    assert!(release(&packed(&app)) == release(&packed(&app)));
}

#[test]
fn a_program_that_has_gone_since_is_named() {
    let app = App::new();
    let manifest = ApplicationManifest::load(&app.path("trybuy.toml")).ok().unwrap();
    std::fs::remove_file(app.path("bin/sketch")).unwrap();
    let bar = ProgressBar::hidden();
    let lost = package(&manifest.application, &manifest.programs[0], fixture::server_key(), &bar);
    assert_eq!(
        app.clean(&lost.err().unwrap().report()),
        "error[local-file]: bin/sketch cannot be read: No such file or directory (os error 2)\n"
    );
}
