//! What stands before the sections of a release.

use std::fmt;
use std::io;

use super::manifest::{InvalidManifest, Manifest};
use super::program_section::InvalidSection;
use crate::canonical_json::{self, NotCanonical};
use crate::limits;
use crate::read_at::ReadAt;
use crate::slug::Slug;

const MAGIC: [u8; 8] = *b"trybuy-s";
const VERSION: u8 = 1;
/// Magic, version, zeros and the length of the manifest.
const FIXED: usize = 16;

/// Why bytes are not a release in the server format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// It could not be read.
    #[error("the release could not be read")]
    Io(#[source] io::Error),
    /// The magic is another.
    #[error("not a release in the server format")]
    Magic,
    /// A version this code does not know.
    #[error("version {0} of the server format is not known to this release")]
    TooNew(u32),
    /// Reserved bytes or lengths before the manifest are wrong.
    #[error("the beginning of the release is damaged")]
    Damaged,
    /// There are fewer bytes than the manifest says.
    #[error("the release is cut short: {actual} of {expected} bytes")]
    Truncated {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// There are more bytes than the manifest says.
    #[error("the release has {actual} bytes where there should be {expected}")]
    Longer {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// The manifest is no JSON, has unknown members or is not in its canonical encoding.
    #[error("the manifest is not one that a publisher would write")]
    Manifest,
    /// A value of the manifest is out of its range.
    #[error(transparent)]
    Value(#[from] InvalidManifest),
    /// A section does not have the digest the manifest says.
    #[error("the digest of the {0} is not that of the manifest")]
    Digest(SectionName),
    /// A section that has to be text is not.
    #[error("the {0} is not UTF-8 text")]
    NotText(SectionName),
    /// The program section is not as `SF-4` to `SF-7` say.
    #[error(transparent)]
    Program(#[from] InvalidSection),
}

/// A section, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SectionName {
    /// Documentation 188.
    Documentation,
    /// Licensing terms 189.
    Terms,
    /// Relicensing terms 189.
    Relicensing,
    /// Program 181.
    Program,
}

impl fmt::Display for SectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Documentation => "documentation",
            Self::Terms => "licensing terms",
            Self::Relicensing => "relicensing terms",
            Self::Program => "program",
        })
    }
}

impl ReleaseError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Io(_) => Slug::LocalFile,
            Self::TooNew(_) => Slug::FormatTooNew,
            Self::Value(_) | Self::Manifest => Slug::InvalidManifest,
            _ => Slug::InvalidRelease,
        }
    }
}

/// Everything that stands before the sections of a release.
///
/// # Errors
/// When a reader would refuse the manifest.
pub fn encode_prefix(manifest: &Manifest) -> Result<Vec<u8>, InvalidManifest> {
    manifest.validate()?;
    let json = serde_json::to_vec(manifest).map_err(|_| InvalidManifest::Format)?;
    let length = u32::try_from(json.len())
        .ok()
        .filter(|_| json.len() <= limits::MANIFEST)
        .ok_or(InvalidManifest::Length)?;
    let mut prefix = Vec::with_capacity(FIXED + json.len());
    prefix.extend(MAGIC);
    prefix.extend([VERSION, 0, 0, 0]);
    prefix.extend(length.to_be_bytes());
    prefix.extend(json);
    Ok(prefix)
}

/// Reads and checks the manifest of a release, and that the release is as long as it says.
/// Answers also where the sections begin.
///
/// The sections are not looked at: [`check`](super::check()) does that.
///
/// # Errors
/// Why it is not the beginning of a release.
pub fn read_prefix<R: ReadAt + ?Sized>(source: &R) -> Result<(Manifest, u64), ReleaseError> {
    let length = source.length();
    let mut fixed = [0; FIXED];
    read(source, 0, &mut fixed)?;
    let manifest_length = parse_fixed(&fixed)?;
    let sections_at = (FIXED + manifest_length) as u64;
    if sections_at > length {
        return Err(ReleaseError::Truncated { expected: sections_at, actual: length });
    }
    let mut json = vec![0; manifest_length];
    read(source, FIXED as u64, &mut json)?;
    let manifest: Manifest = canonical_json::parse(&json).map_err(|error| match error {
        NotCanonical::TooNew(version) => ReleaseError::TooNew(version),
        NotCanonical::Malformed => ReleaseError::Manifest,
    })?;
    manifest.validate()?;
    check_length(sections_at.saturating_add(manifest.sections.total()), length)?;
    Ok((manifest, sections_at))
}

/// The length of the manifest.
fn parse_fixed(fixed: &[u8; FIXED]) -> Result<usize, ReleaseError> {
    let [magic @ .., version, z0, z1, z2, l0, l1, l2, l3] = *fixed;
    if magic != MAGIC {
        return Err(ReleaseError::Magic);
    }
    if version != VERSION {
        return Err(ReleaseError::TooNew(version.into()));
    }
    let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if [z0, z1, z2] != [0; 3] || length > limits::MANIFEST {
        return Err(ReleaseError::Damaged);
    }
    Ok(length)
}

fn check_length(expected: u64, actual: u64) -> Result<(), ReleaseError> {
    match actual.cmp(&expected) {
        std::cmp::Ordering::Less => Err(ReleaseError::Truncated { expected, actual }),
        std::cmp::Ordering::Greater => Err(ReleaseError::Longer { expected, actual }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Reads bytes; that they are not there is the release's fault, not the reader's.
pub(super) fn read<R: ReadAt + ?Sized>(
    source: &R,
    offset: u64,
    out: &mut [u8],
) -> Result<(), ReleaseError> {
    let actual = source.length();
    let expected = offset.saturating_add(out.len() as u64);
    if expected > actual {
        return Err(ReleaseError::Truncated { expected, actual });
    }
    source.read_exact_at(offset, out).map_err(ReleaseError::Io)
}
