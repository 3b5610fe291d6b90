//! The text of a manifest, and failures that name a place in it.

use std::fs;
use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};

use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use crate::vendor_cli::failure::Failure;

/// A manifest as it was read.
pub(super) struct Source {
    /// Its path, as it was given.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
}

impl Source {
    /// Reads a manifest of at most [`limits::MANIFEST`] bytes.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_capped_text(path, limits::MANIFEST as u64).map_err(|problem| {
            let slug = match problem {
                TextProblem::Unreadable(_) => Slug::LocalFile,
                _ => Slug::InvalidManifest,
            };
            let failure = Failure::new(slug, format!("{} {problem}", path.display()));
            failure.with_help("give the path of the manifest, usually `trybuy.toml`")
        })?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// A failure at a place of the manifest: `trybuy.toml, line 3, column 8: …`.
    pub(super) fn failure(&self, span: Range<usize>, what: impl AsRef<str>) -> Failure {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
        let place = format!("{}, line {line}, column {column}", self.path.display());
        Failure::new(Slug::InvalidManifest, format!("{place}: {}", what.as_ref()))
            .with_help("correct the manifest; the publishing guide explains every key of it")
    }

    /// A failure of the TOML reader.
    pub(super) fn toml_failure(&self, error: &toml::de::Error) -> Failure {
        self.failure(error.span().unwrap_or(0..0), error.message())
    }

    /// The path that a path in the manifest means: relative to the manifest's folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// Why a text file is not what it has to be; reads on after the file's path.
#[derive(Debug, thiserror::Error)]
pub(super) enum TextProblem {
    /// The system did not let it be read.
    #[error("cannot be read: {0}")]
    Unreadable(std::io::Error),
    /// A folder, a device or the like.
    #[error("is not a regular file")]
    NotRegular,
    /// Longer than its cap.
    #[error("is longer than {0} bytes")]
    TooLong(u64),
    /// Not UTF-8.
    #[error("is not UTF-8 text (the first other byte is at offset {0})")]
    NotUtf8(usize),
}

/// Reads a text file of at most `cap` bytes.
pub(super) fn read_capped_text(path: &Path, cap: u64) -> Result<String, TextProblem> {
    // Looked at before it is opened: opening a named pipe would wait for its other end.
    if !fs::metadata(path).map_err(TextProblem::Unreadable)?.is_file() {
        return Err(TextProblem::NotRegular);
    }
    let file = fs::File::open(path).map_err(TextProblem::Unreadable)?;
    let mut bytes = Vec::new();
    file.take(cap + 1).read_to_end(&mut bytes).map_err(TextProblem::Unreadable)?;
    if bytes.len() as u64 > cap {
        return Err(TextProblem::TooLong(cap));
    }
    String::from_utf8(bytes).map_err(|e| TextProblem::NotUtf8(e.utf8_error().valid_up_to()))
}
