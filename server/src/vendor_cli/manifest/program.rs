//! The tables `[[program]]`: which file is published for which platform.

use std::fs::{self, File};
use std::path::Path;

use object::read::ReadCache;
use toml::Spanned;
use trybuy_formats::ids::Platform;
use trybuy_formats::limits;

use super::native::{self, Fit};
use super::raw::RawProgram;
use super::source::Source;
use super::values::{choice, parsed};
use super::{ProgramCompression, ProgramEntry, unreadable};
use crate::vendor_cli::choices::Choices;
use crate::vendor_cli::failure::Failure;

/// What a program is; more kinds will come.
const KINDS: Choices<()> = &[("native", ())];
const COMPRESSION: Choices<ProgramCompression> =
    &[("zstd", ProgramCompression::Zstd), ("none", ProgramCompression::None)];
/// Programs of one manifest.
const MOST: usize = 32;

/// The programs, and warnings about them.
pub(super) fn programs(
    source: &Source,
    raw: &Spanned<Vec<RawProgram>>,
) -> Result<(Vec<ProgramEntry>, Vec<String>), Failure> {
    let count = raw.get_ref().len();
    if !(1..=MOST).contains(&count) {
        let what = format!("an application has 1 to {MOST} programs, not {count}");
        return Err(source.failure(raw.span(), what).with_help("describe each in a [[program]]"));
    }
    let mut entries: Vec<ProgramEntry> = Vec::new();
    let mut warnings = Vec::new();
    for raw in raw.get_ref() {
        let entry = program(source, raw, &mut warnings)?;
        if entries.iter().any(|other| other.platform == entry.platform) {
            let what = format!("there is another program for {}", entry.platform);
            let failure = source.failure(raw.platform.span(), what);
            return Err(failure.with_help("an application has one program a platform"));
        }
        entries.push(entry);
    }
    Ok((entries, warnings))
}

fn program(
    source: &Source,
    raw: &RawProgram,
    warnings: &mut Vec<String>,
) -> Result<ProgramEntry, Failure> {
    let platform: Platform = parsed(source, &raw.platform)?;
    choice(source, KINDS, &raw.kind)?;
    let compression = match &raw.compression {
        Some(word) => choice(source, COMPRESSION, word)?,
        None => ProgramCompression::Zstd,
    };
    let path = source.resolve(raw.path.get_ref());
    let (size, fit) =
        look_at(&path, &platform).map_err(|problem| problem.failure(source, &raw.path, &path))?;
    match fit {
        Fit::Right => {}
        Fit::Unknown(why) => warnings.push(format!("{}: {why}", path.display())),
        Fit::Wrong { what, help } => {
            let what = format!("{} {what}", path.display());
            return Err(source.failure(raw.path.span(), what).with_help(help));
        }
    }
    Ok(ProgramEntry { platform, path, size, compression })
}

/// Why a file is no program.
enum ProgramProblem {
    Unreadable(std::io::Error),
    NotRegular,
    Empty,
    TooLong,
}

impl ProgramProblem {
    fn failure(self, source: &Source, path: &Spanned<String>, resolved: &Path) -> Failure {
        let what = match self {
            Self::Unreadable(error) => return unreadable(source, path, resolved, &error),
            Self::NotRegular => "is not a regular file".to_owned(),
            Self::Empty => "is empty".to_owned(),
            Self::TooLong => format!("is longer than {} GiB", limits::PROGRAM >> 30),
        };
        source.failure(path.span(), format!("{} {what}", resolved.display()))
    }
}

/// The length of a program, and whether it is one for the platform.
fn look_at(path: &Path, platform: &Platform) -> Result<(u64, Fit), ProgramProblem> {
    let metadata = fs::metadata(path).map_err(ProgramProblem::Unreadable)?;
    match metadata.len() {
        _ if !metadata.is_file() => return Err(ProgramProblem::NotRegular),
        0 => return Err(ProgramProblem::Empty),
        length if length > limits::PROGRAM => return Err(ProgramProblem::TooLong),
        _ => {}
    }
    let file = File::open(path).map_err(ProgramProblem::Unreadable)?;
    Ok((metadata.len(), native::fit(&ReadCache::new(file), platform)))
}
