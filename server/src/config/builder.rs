//! `[builder]`: what Builders are licensed under (T&B steps 412 and 414).

use std::path::PathBuf;

use serde::Deserialize;
use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_formats::primitives::sha256;

use super::{ConfigError, read_text, span_text};
use crate::data_dir::DataDir;

/// What Builders are licensed under.
#[derive(Clone, Debug)]
pub struct BuilderConfig {
    /// The licensing terms of the Builder, Markdown.
    pub terms: String,
    /// Their SHA-256.
    pub terms_digest: Digest,
    /// How long a trial Builder license lasts; it can be renewed.
    pub license_duration: Span,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    terms: PathBuf,
    #[serde(deserialize_with = "span_text::span")]
    license_duration: Span,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            terms: PathBuf::from("builder-terms.md"),
            license_duration: Span::seconds(90 * 86_400),
        }
    }
}

impl Section {
    pub(super) fn resolve(self, data_dir: &DataDir) -> Result<BuilderConfig, ConfigError> {
        if self.license_duration == Span::default() {
            return Err(ConfigError::invalid("builder.license_duration", "is at least 1s"));
        }
        let path = data_dir.path().join(self.terms);
        let terms = read_text(&path, limits::TERMS)
            .map_err(|source| ConfigError::Unreadable { path, source })?;
        if terms.trim().is_empty() {
            return Err(ConfigError::invalid("builder.terms", "names a file without any terms"));
        }
        let terms_digest = Digest::from_bytes(sha256(terms.as_bytes()));
        Ok(BuilderConfig { terms, terms_digest, license_duration: self.license_duration })
    }
}
