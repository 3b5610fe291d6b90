//! What a command fails with: a stable slug, what happened, and what to do.
//!
//! Modules return this one type; its texts are made in [`crate::messages`] only. Where a caller has to
//! tell failures apart, it asks for the slug, or the module has an enum of its own (for example
//! [`crate::client::download::DownloadError`]).

use trybuy_formats::slug::Slug;

/// A refusal or failure that ends a command.
#[derive(Debug, thiserror::Error)]
#[error("{happened}")]
pub struct Error {
    slug: Slug,
    happened: String,
    help: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure with its stable name, what happened (one sentence without a full stop) and what
    /// to do about it.
    pub(crate) fn new(slug: Slug, happened: impl Into<String>, help: impl Into<String>) -> Self {
        Self { slug, happened: happened.into(), help: help.into(), cause: None }
    }

    /// The same failure with what caused it.
    pub(crate) fn caused_by(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same failure with something else to do about it.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// The stable name.
    pub fn slug(&self) -> Slug {
        self.slug
    }

    /// What to do.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// What happened, with its chain of causes, for people.
    pub fn explain(&self) -> String {
        let mut text = self.happened.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            // Some libraries repeat their cause in their own text.
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    }
}
