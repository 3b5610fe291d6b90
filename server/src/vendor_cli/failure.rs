//! How a command fails: a stable slug, what happened, and what to do.

use std::fmt::Write as _;
use std::io;

use trybuy_formats::slug::Slug;
use trybuy_formats::terminal_text;

/// Why a command of `trybuy-vendor` stopped.
#[derive(PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It could not do what it was asked for.
    #[error("{what}")]
    Refused {
        /// The stable name.
        slug: Slug,
        /// What happened.
        what: String,
        /// What to do.
        help: Option<String>,
    },
    /// Whoever read the output has gone away, as `head` does: nothing is wrong.
    #[error("the output was closed")]
    OutputClosed,
}

impl Failure {
    /// A failure without advice.
    pub fn new(slug: Slug, what: impl Into<String>) -> Self {
        Self::Refused { slug, what: what.into(), help: None }
    }

    /// The failure with what to do about it.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Refused { slug, what, .. } => {
                Self::Refused { slug, what, help: Some(help.into()) }
            }
            Self::OutputClosed => self,
        }
    }

    /// A failure to write to standard output.
    pub fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::new(Slug::LocalFile, format!("the output cannot be written: {error}"))
    }

    /// The lines for standard error: `error[slug]: …` and `help: …`.
    pub fn report(&self) -> String {
        let Self::Refused { slug, what, help } = self else {
            return String::new();
        };
        let mut text = format!("error[{slug}]: {}\n", terminal_text::lines(what));
        if let Some(help) = help {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "help: {}", terminal_text::lines(help));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_slug_and_the_way_out() {
        let failure = Failure::new(Slug::NotFound, "there is no such application");
        assert_eq!(failure.report(), "error[not-found]: there is no such application\n");
        assert_eq!(
            failure.with_help("look at `releases`").report(),
            "error[not-found]: there is no such application\nhelp: look at `releases`\n"
        );
    }

    #[test]
    fn a_foreign_text_cannot_steer_the_terminal() {
        let failure = Failure::new(Slug::ServerError, "\u{1b}[2Jgone\r\nsecond\u{7}\u{202e}");
        assert_eq!(
            failure.report(),
            "error[server-error]: \u{fffd}[2Jgone\nsecond\u{fffd}\u{fffd}\n"
        );
    }

    #[test]
    fn a_closed_output_is_no_error() {
        let closed = Failure::output(io::ErrorKind::BrokenPipe.into());
        assert_eq!(closed, Failure::OutputClosed);
        assert_eq!(closed.report(), "");
    }
}
