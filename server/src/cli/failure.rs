//! Failures as the operator sees them.

use std::fmt;
use std::process::ExitCode;

use trybuy_formats::slug::Slug;
use trybuy_formats::terminal_text::lines;

use crate::clearinghouse::identity::IdentityError;
use crate::config::ConfigError;
use crate::keys::KeysError;
use crate::license_server::mark::LookBackFailed;
use crate::refusal::Refusal;
use crate::store::StoreError;

/// A failure with a stable name and a way out.
#[derive(Debug)]
pub(super) struct Failure {
    slug: Slug,
    what: String,
    help: Option<String>,
}

impl Failure {
    pub(super) fn new(slug: Slug, what: impl Into<String>) -> Self {
        Self { slug, what: what.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What a service refused, with its causes.
    pub(super) fn of(refusal: &impl Refusal) -> Self {
        let causes = std::iter::successors(refusal.source(), |error| error.source());
        let what = causes.fold(refusal.to_string(), |what, cause| match cause.to_string() {
            // A transparent error says what its cause says.
            cause if what.ends_with(&cause) => what,
            cause => format!("{what}: {cause}"),
        });
        Self { slug: refusal.slug(), what, help: refusal.help() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Failure {}

/// How every `error[usage]` ends, wherever it was found out.
pub(super) const USAGE: u8 = 2;

/// Prints what [`as_text`] says, and answers the exit code.
pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    let (slug, help) = named(error);
    eprint!("{}", as_text(slug, &format!("{error:#}"), help.as_deref()));
    if slug == Slug::Usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
}

/// `error[slug]: what happened: why` and `help: what to do`. Some of it a clearinghouse may have said.
fn as_text(slug: Slug, what: &str, help: Option<&str>) -> String {
    let help = help.map(|help| format!("help: {}\n", lines(help)));
    format!("error[{slug}]: {}\n{}", lines(what), help.unwrap_or_default())
}

fn named(error: &anyhow::Error) -> (Slug, Option<String>) {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return (failure.slug, failure.help.clone());
    }
    match error.downcast_ref::<ConfigError>() {
        Some(ConfigError::NotInitialised(path)) => {
            let help = format!("make it with `trybuy-server init --data-dir {}`", path.display());
            return (Slug::NotSetUp, Some(help));
        }
        Some(ConfigError::RoleNotInitialised { role, .. }) => {
            let help = format!("make it with `trybuy-server {role} init`");
            return (Slug::NotSetUp, Some(help));
        }
        Some(ConfigError::Unreadable { .. }) => {
            let help = "restore it from your copy, and let the server's user read it";
            return (Slug::LocalFile, Some(help.to_owned()));
        }
        Some(_) => {
            return (
                Slug::Usage,
                Some("correct it in the configuration file, or in the flag or variable".to_owned()),
            );
        }
        None => {}
    }
    if error.downcast_ref::<KeysError>().is_some() {
        let help = "restore it from your copy: with a new one every Builder has to be set up again";
        return (Slug::LocalFile, Some(help.to_owned()));
    }
    if let Some(error) = error.downcast_ref::<IdentityError>() {
        return (error.slug(), Refusal::help(error));
    }
    if let Some(LookBackFailed::Mark(error)) = error.downcast_ref() {
        return (error.slug(), Refusal::help(error));
    }
    match store_error(error) {
        Some(StoreError::NotMigrated) => (
            Slug::ServerError,
            Some("run `trybuy-server migrate`, with the `--role` whose database it is".to_owned()),
        ),
        Some(StoreError::RowMissing) => {
            let help = "restore the database from your backup; of a license server, `license-server audit \
                        verify` says what is wrong";
            (Slug::StateDamaged, Some(help.to_owned()))
        }
        Some(StoreError::Damaged(_)) => {
            (Slug::LocalFile, Some("restore it from your backup".to_owned()))
        }
        Some(StoreError::Full(_)) => (
            Slug::DiskFull,
            Some("make room on the disk of the database, and try again".to_owned()),
        ),
        Some(error) if error.is_temporary() => {
            (Slug::ServerError, Some("see whether the database runs, and try again".to_owned()))
        }
        _ => (Slug::ServerError, None),
    }
}

/// The store's error, which the mark beside it passes on as it is.
fn store_error(error: &anyhow::Error) -> Option<&StoreError> {
    match error.downcast_ref::<LookBackFailed>() {
        Some(LookBackFailed::Store(error)) => Some(error),
        _ => error.downcast_ref::<StoreError>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clearinghouse_says_cannot_steer_the_terminal() {
        let text =
            as_text(Slug::OrderRefused, "it says: \u{1b}[2Jno", Some("run \u{1b}[31mthis\r"));
        assert_eq!(
            text,
            "error[order-refused]: it says: \u{fffd}[2Jno\nhelp: run \u{fffd}[31mthis\u{fffd}\n"
        );
        assert_eq!(as_text(Slug::Usage, "a", None), "error[usage]: a\n");
    }
}
