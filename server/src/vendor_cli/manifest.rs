//! The manifest of an application, `trybuy.toml`: read strictly, and checked together with every
//! file it names before anything else is done. Its reference is `docs/publishing.md`.

mod keys;
mod native;
mod program;
mod raw;
mod source;
mod trial;
mod values;

use std::fmt;
use std::path::{Path, PathBuf};

use toml::Spanned;
use trybuy_formats::ids::{ApplicationId, Name, Platform, Version};
use trybuy_formats::limits;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use super::failure::Failure;
use raw::{RawApplication, RawManifest};
use source::{Source, TextProblem, read_capped_text};

/// A manifest whose values and files have been checked.
pub struct ApplicationManifest {
    /// Its path, as it was given.
    pub path: PathBuf,
    /// The application.
    pub application: Application,
    /// Its programs, one a platform; at least one.
    pub programs: Vec<ProgramEntry>,
    /// The policy of its trials.
    pub policy: TrialPolicy,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<String>,
}

/// The table `[application]`.
pub struct Application {
    /// Application id 183.
    pub id: ApplicationId,
    /// Its name for people.
    pub name: Name,
    /// The version of this release.
    pub version: Version,
    /// One line about it, up to 200 characters.
    pub summary: String,
    /// Its page, http or https.
    pub homepage: Option<String>,
    /// Up to 8 words under which it is found.
    pub categories: Vec<String>,
    /// The oldest release of the Builder that may run it.
    pub minimum_builder: Option<Version>,
    /// Documentation 188.
    pub documentation: TextFile,
    /// Licensing terms 189.
    pub terms: TextFile,
    /// Relicensing terms 189.
    pub relicensing: Option<TextFile>,
}

/// A text that the manifest names.
pub struct TextFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
}

/// One `[[program]]`.
pub struct ProgramEntry {
    /// The machine it is made for.
    pub platform: Platform,
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// How it is stored.
    pub compression: ProgramCompression,
}

/// How a program is stored and sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProgramCompression {
    /// In zstd blocks, each plain where that is smaller.
    Zstd,
    /// In plain blocks: for a program that is packed already.
    None,
}

impl fmt::Display for ProgramCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zstd => "zstd",
            Self::None => "none",
        })
    }
}

impl ApplicationManifest {
    /// Reads a manifest and checks it with every file that it names.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and column and a way out.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let source = Source::read(path)?;
        let raw = parse(&source)?;
        let policy = trial::policy(&source, &raw.trial)?;
        let application = application(&source, &raw.application)?;
        let (programs, warnings) = program::programs(&source, &raw.program)?;
        Ok(Self { path: path.to_owned(), application, programs, policy, warnings })
    }

    /// Reads the policy of a manifest; the files that it names need not be there.
    ///
    /// # Errors
    /// The first thing that is wrong with the manifest itself.
    pub fn load_policy(path: &Path) -> Result<TrialPolicy, Failure> {
        let source = Source::read(path)?;
        trial::policy(&source, &parse(&source)?.trial)
    }
}

fn parse(source: &Source) -> Result<RawManifest, Failure> {
    keys::check(source)?;
    toml::from_str(&source.text).map_err(|error| source.toml_failure(&error))
}

fn application(source: &Source, raw: &RawApplication) -> Result<Application, Failure> {
    Ok(Application {
        id: values::parsed(source, &raw.id)?,
        name: values::parsed(source, &raw.name)?,
        version: values::parsed(source, &raw.version)?,
        summary: values::line(source, &raw.summary, "`summary`", 1..=200)?,
        homepage: optional(&raw.homepage, |text| values::web_address(source, text))?,
        categories: categories(source, &raw.categories)?,
        minimum_builder: optional(&raw.minimum_builder, |text| values::parsed(source, text))?,
        documentation: text_file(source, &raw.documentation, limits::DOCUMENTATION)?,
        terms: terms(source, &raw.terms)?,
        relicensing: optional(&raw.relicensing, |path| terms(source, path))?,
    })
}

fn optional<T>(
    text: &Option<Spanned<String>>,
    read: impl FnOnce(&Spanned<String>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    text.as_ref().map(read).transpose()
}

fn categories(source: &Source, raw: &[Spanned<String>]) -> Result<Vec<String>, Failure> {
    if let Some(ninth) = raw.get(8) {
        return Err(source.failure(ninth.span(), "an application has at most 8 categories"));
    }
    raw.iter().map(|text| values::line(source, text, "a category", 1..=40)).collect()
}

/// Licensing or relicensing terms: a text that says something.
fn terms(source: &Source, path: &Spanned<String>) -> Result<TextFile, Failure> {
    let terms = text_file(source, path, limits::TERMS)?;
    if terms.text.trim().is_empty() {
        let what = format!("`{}` is empty: {} says nothing", path.get_ref(), terms.path.display());
        let failure = source.failure(path.span(), what);
        return Err(failure.with_help("write the terms that a user accepts before a trial"));
    }
    Ok(terms)
}

fn text_file(source: &Source, path: &Spanned<String>, cap: u64) -> Result<TextFile, Failure> {
    let resolved = source.resolve(path.get_ref());
    match read_capped_text(&resolved, cap) {
        Ok(text) => Ok(TextFile { path: resolved, text }),
        Err(TextProblem::Unreadable(error)) => Err(unreadable(source, path, &resolved, &error)),
        Err(problem) => {
            let what = format!("{} {problem}", resolved.display());
            Err(source.failure(path.span(), what))
        }
    }
}

/// A file that the manifest names cannot be read: says which path was tried.
fn unreadable(
    source: &Source,
    path: &Spanned<String>,
    resolved: &Path,
    error: &std::io::Error,
) -> Failure {
    let shown = std::path::absolute(resolved).unwrap_or_else(|_| resolved.to_owned());
    if error.kind() == std::io::ErrorKind::NotFound {
        let what = format!("there is no file `{}` (looked at {})", path.get_ref(), shown.display());
        let help = "create it or correct the path; paths are relative to the manifest";
        return source.failure(path.span(), what).with_help(help);
    }
    let what = format!("`{}` cannot be read: {error} ({})", path.get_ref(), shown.display());
    source.failure(path.span(), what)
}

/// A failure that a file of the manifest gives later, when it is packaged.
pub(super) fn lost_file(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Slug::LocalFile, format!("{} cannot be read: {error}", path.display()))
}
