//! The check of a whole release, before a server accepts it.

use std::ops::Range;

use super::manifest::Manifest;
use super::prefix::{ReleaseError, SectionName, read, read_prefix};
use super::program_section::{BlockTable, InvalidSection, program_digest};
use crate::ids::Digest;
use crate::primitives::sha256;
use crate::read_at::ReadAt;

/// Checks all of a release: the manifest, every digest, that texts are text, and that every block
/// decodes to its length (`SF-1` to `SF-7`). Takes memory for one text and two blocks.
///
/// No digest covers the manifest itself: it is what the vendor says. An altered one is accepted if
/// it is another valid manifest of the same sections. The digest of the program is that of the
/// decoded one: a frame that is written in another way but decodes to the same bytes is accepted.
///
/// # Errors
/// The first thing that is wrong.
pub fn check<R: ReadAt + ?Sized>(source: &R) -> Result<Manifest, ReleaseError> {
    let (manifest, sections_at) = read_prefix(source)?;
    let sections = manifest.sections;
    for (name, range, digest) in [
        (SectionName::Documentation, sections.documentation_range(), manifest.documentation_digest),
        (SectionName::Terms, sections.terms_range(), manifest.terms_digest),
        (SectionName::Relicensing, sections.relicensing_range(), manifest.relicensing_digest),
    ] {
        check_text(source, name, sections_at, &range, digest)?;
    }
    check_program(source, &manifest, sections_at + sections.program_range().start)?;
    Ok(manifest)
}

fn check_text<R: ReadAt + ?Sized>(
    source: &R,
    name: SectionName,
    sections_at: u64,
    range: &Range<u64>,
    digest: Digest,
) -> Result<(), ReleaseError> {
    // Not above 4 MiB, which the manifest's validation has checked.
    let length = usize::try_from(range.end - range.start).map_err(|_| ReleaseError::Damaged)?;
    let mut text = vec![0; length];
    read(source, sections_at + range.start, &mut text)?;
    if sha256(&text) != *digest.as_bytes() {
        return Err(ReleaseError::Digest(name));
    }
    std::str::from_utf8(&text).map(drop).map_err(|_| ReleaseError::NotText(name))
}

fn check_program<R: ReadAt + ?Sized>(
    source: &R,
    manifest: &Manifest,
    section_at: u64,
) -> Result<(), ReleaseError> {
    let read = |at: u64, out: &mut [u8]| read(source, section_at + at, out);
    let table = BlockTable::read(manifest.sections.program, read)?;
    if table.size() != manifest.program_size {
        return Err(InvalidSection::Size.into());
    }
    let digest = program_digest(&table, read, |_| {})?;
    if digest != *manifest.program_digest.as_bytes() {
        return Err(ReleaseError::Digest(SectionName::Program));
    }
    Ok(())
}
