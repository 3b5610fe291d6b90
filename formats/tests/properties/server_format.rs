//! Releases in the server format that are altered, or lie.

use std::io::Write as _;

use trybuy_formats::server_format::{
    BLOCK, Compression, InvalidManifest, InvalidSection, Manifest, ProgramSectionWriter,
    ReleaseError, SectionName, check, encode_prefix, read_prefix,
};
use trybuy_formats::slug::Slug;

use super::world::{Release, program};

fn small() -> Release {
    Release::new(["d", "t", "r"], program(20), Compression::Plain)
}

/// What of a manifest the sections vouch for.
fn covered(manifest: &Manifest) -> impl PartialEq {
    let Manifest { sections, documentation_digest, terms_digest, .. } = manifest;
    let Manifest { relicensing_digest, program_size, program_digest, .. } = manifest;
    let texts = (*documentation_digest, *terms_digest, *relicensing_digest);
    (*sections, texts, *program_size, *program_digest)
}

/// No digest covers the names in the manifest, which are what the vendor says: a flipped bit may
/// give another valid name, key or version. All else is refused.
#[test]
fn every_flipped_bit_is_refused_or_gives_another_valid_manifest() {
    let release = small();
    let mut bytes = release.bytes.clone();
    let sections_at = bytes.len() - release.sections().len();
    let mut accepted = 0;
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(manifest) = check(&bytes) {
            assert!((16..sections_at).contains(&(bit / 8)), "bit {bit} is outside the manifest");
            assert!(manifest != release.manifest && manifest.validate().is_ok());
            assert!(covered(&manifest) == covered(&release.manifest), "bit {bit}");
            accepted += 1;
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(accepted < 8 * sections_at / 2, "{accepted}");
    assert!(check(&bytes).is_ok());
}

/// A zstd frame has bits that mean nothing to a decoder (RFC 8878, 3.1.1.1.1.3). The digest is that of
/// the decoded program, so what passes decodes to the same program.
#[test]
fn every_flipped_bit_of_a_compressed_program_is_refused_or_decodes_alike() {
    let release = Release::new(["", "t", ""], vec![7; 5000], Compression::Zstd { level: 3 });
    let mut bytes = release.bytes.clone();
    assert!(release.manifest.sections.program < 100);
    let table_at = bytes.len() - 16;
    let mut accepted = 0;
    for bit in 8 * (bytes.len() - release.sections().len())..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        if check(&bytes).is_ok() {
            assert!(bit / 8 < table_at, "bit {bit} is in the table");
            accepted += 1;
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(accepted < 8, "{accepted}");
}

#[test]
fn every_other_length_is_refused() {
    let bytes = small().bytes;
    for length in 0..bytes.len() {
        let error = check(&bytes[..length]).err();
        assert!(matches!(error, Some(ReleaseError::Truncated { .. })), "{length}: {error:?}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(check(&longer).err(), Some(ReleaseError::Longer { .. })));
}

#[test]
fn what_is_not_known_is_named() {
    let with = |at: usize, value: u8| {
        let mut altered = small().bytes;
        altered[at] = value;
        read_prefix(&altered).err().map(|error| error.slug())
    };
    assert_eq!(with(0, b'T'), Some(Slug::InvalidRelease));
    assert_eq!(with(8, 2), Some(Slug::FormatTooNew));
    assert_eq!(with(10, 1), Some(Slug::InvalidRelease));
    assert_eq!(with(12, 1), Some(Slug::InvalidRelease));
    assert_eq!(with(16, b' '), Some(Slug::InvalidManifest));
}

/// The release with a program section made by hand, the digests being those of `program`.
fn with_section(section: &[u8], program: &[u8]) -> Vec<u8> {
    let mut manifest = Release::new(["", "t", ""], program.to_vec(), Compression::Plain).manifest;
    manifest.sections.program = section.len() as u64;
    [&encode_prefix(&manifest).unwrap(), b"t".as_slice(), section].concat()
}

fn section(blocks: &[u8], table: &[u32], size: u64) -> Vec<u8> {
    let mut section = blocks.to_vec();
    section.extend(table.iter().flat_map(|entry| entry.to_be_bytes()));
    section.extend(size.to_be_bytes());
    section.extend((table.len() as u32).to_be_bytes());
    section
}

#[test]
fn a_frame_that_expands_beyond_its_block_is_refused() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    for length in [BLOCK, BLOCK - 1, 20_000] {
        let claimed = vec![0; length];
        let section = section(&bomb, &[bomb.len() as u32], length as u64);
        let error = check(&with_section(&section, &claimed)).err();
        assert!(matches!(error, Some(ReleaseError::Program(InvalidSection::Block))), "{length}");
    }
}

#[test]
fn a_frame_with_something_after_it_is_refused() {
    let program = vec![7; 5000];
    let frame = zstd::bulk::compress(&program, 3).unwrap();
    let good = section(&frame, &[frame.len() as u32], 5000);
    assert!(check(&with_section(&good, &program)).is_ok());
    // A skippable frame (RFC 8878, 3.1.2) decodes to nothing.
    for after in [b"\0".as_slice(), b"\x50\x2a\x4d\x18\x01\0\0\0x"] {
        let longer = [frame.as_slice(), after].concat();
        let section = section(&longer, &[longer.len() as u32], 5000);
        let error = check(&with_section(&section, &program)).err();
        assert!(matches!(error, Some(ReleaseError::Program(InvalidSection::Block))));
    }
}

#[test]
fn a_table_that_lies_is_refused() {
    const PLAIN: u32 = 1 << 31;
    let program = program(20);
    let good = section(&program, &[PLAIN | 20], 20);
    assert!(check(&with_section(&good, &program)).is_ok());
    for (blocks, table, size) in [
        (20, vec![PLAIN | 19], 20),
        (20, vec![PLAIN | 21], 20),
        (20, vec![20], 20),
        (20, vec![0], 20),
        (20, vec![PLAIN | 20], 21),
        (20, vec![PLAIN | 20, PLAIN], 20),
        (20, vec![], 20),
        (19, vec![PLAIN | 20], 20),
        (20, vec![PLAIN | 20], u64::MAX),
    ] {
        let section = section(&program[..blocks], &table, size);
        let error = check(&with_section(&section, &program)).err();
        let found = matches!(error, Some(ReleaseError::Program(InvalidSection::Table)));
        assert!(found, "{blocks} {table:?} {size}: {error:?}");
    }
}

#[test]
fn digests_and_texts_are_checked() {
    let altered = |alter: fn(&mut Manifest)| {
        let mut release = small();
        alter(&mut release.manifest);
        let bytes = [&encode_prefix(&release.manifest).unwrap(), release.sections()].concat();
        check(&bytes).err()
    };
    let digest = |error| match error {
        Some(ReleaseError::Digest(name)) => Some(name),
        _ => None,
    };
    let name = digest(altered(|manifest| manifest.documentation_digest = manifest.terms_digest));
    assert_eq!(name, Some(SectionName::Documentation));
    let name = digest(altered(|manifest| manifest.terms_digest = manifest.program_digest));
    assert_eq!(name, Some(SectionName::Terms));
    let name = digest(altered(|manifest| manifest.relicensing_digest = manifest.terms_digest));
    assert_eq!(name, Some(SectionName::Relicensing));
    let name = digest(altered(|manifest| manifest.program_digest = manifest.terms_digest));
    assert_eq!(name, Some(SectionName::Program));
    let size = altered(|manifest| manifest.program_size += 1);
    assert!(matches!(size, Some(ReleaseError::Program(InvalidSection::Size))));
}

#[test]
fn a_text_that_is_not_utf8_is_refused() {
    let mut release = small();
    let sections = [b"\xff", &release.sections()[1..]].concat();
    let digest = trybuy_formats::primitives::sha256(b"\xff");
    release.manifest.documentation_digest = trybuy_formats::ids::Digest::from_bytes(digest);
    let bytes = [encode_prefix(&release.manifest).unwrap(), sections].concat();
    let error = check(&bytes).err();
    assert!(matches!(error, Some(ReleaseError::NotText(SectionName::Documentation))));
}

#[test]
fn a_manifest_out_of_its_ranges_is_not_written() {
    let refused = |alter: fn(&mut Manifest)| {
        let mut manifest = small().manifest;
        alter(&mut manifest);
        encode_prefix(&manifest).err()
    };
    for (error, alter) in [
        (InvalidManifest::Format, (|m| m.format = 2) as fn(&mut Manifest)),
        (InvalidManifest::Summary, |m| m.summary = "a\nb".to_owned()),
        (InvalidManifest::Homepage, |m| m.homepage = Some("file:///etc".to_owned())),
        (InvalidManifest::Categories, |m| m.categories.push(String::new())),
        (InvalidManifest::ServerPublicKey, |m| m.server_public_key.push(0)),
        (InvalidManifest::Sections, |m| m.sections.terms = 0),
        (InvalidManifest::Sections, |m| m.sections.documentation = u64::MAX),
        (InvalidManifest::ProgramSize, |m| m.program_size = 0),
    ] {
        assert_eq!(refused(alter), Some(error));
    }
}

#[test]
fn compressed_blocks_are_chosen_where_they_are_shorter() {
    for (bytes, stored) in [
        (vec![0; BLOCK], 0..1000),
        (program(1 << 18), (1 << 18)..(1 << 18) + 100),
        ([vec![0; BLOCK], program(1 << 18)].concat(), (1 << 18)..(1 << 18) + 1000),
        ([program(1 << 18), vec![0; BLOCK]].concat(), (1 << 18)..(1 << 18) + 1000),
    ] {
        let release = Release::new(["", "t", ""], bytes, Compression::Zstd { level: 3 });
        let length = release.manifest.sections.program;
        assert!(stored.contains(&length), "{length}");
        assert!(check(&release.bytes).is_ok());
    }
}

#[test]
fn an_empty_program_is_not_written() {
    let mut writer = ProgramSectionWriter::new(Vec::new(), Compression::Plain).unwrap();
    writer.write_all(&[]).unwrap();
    let error = writer.finish().err().map(|error| error.kind());
    assert_eq!(error, Some(std::io::ErrorKind::InvalidInput));
}
