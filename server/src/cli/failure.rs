//! Failures as the operator sees them.

use std::error::Error;
use std::process::ExitCode;
use std::{fmt, io, iter};

use trybuy_formats::slug::Slug;
use trybuy_formats::terminal_text::lines;

use crate::clearinghouse::identity::IdentityError;
use crate::config::ConfigError;
use crate::data_dir;
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
        let causes = iter::successors(refusal.source(), |&error| error.source());
        let what = causes.fold(refusal.to_string(), |what, cause| match cause.to_string() {
            // A transparent error says what its cause says.
            cause if what.ends_with(&cause) => what,
            cause => format!("{what}: {cause}"),
        });
        match refusal.source().and_then(full_disk) {
            Some((slug, help)) => Self { slug, what, help: Some(help) },
            None => Self { slug: refusal.slug(), what, help: refusal.help() },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {}

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

/// The name of a failure, and what to do, where a disk without room is behind it: whatever could not be written.
fn full_disk(error: &(dyn Error + 'static)) -> Option<(Slug, String)> {
    let is_full = |error: &io::Error| data_dir::slug_of(error) == Slug::DiskFull;
    iter::successors(Some(error), |&error| error.source())
        .any(|error| error.downcast_ref().is_some_and(is_full))
        .then(|| (Slug::DiskFull, "make room on the disk, and try again".to_owned()))
}

fn named(error: &anyhow::Error) -> (Slug, Option<String>) {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return (failure.slug, failure.help.clone());
    }
    if let Some((slug, help)) = full_disk(error.as_ref()) {
        return (slug, Some(help));
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
    use std::path::PathBuf;

    use super::*;
    use crate::license_server::mark::MarkError;

    #[test]
    fn a_disk_without_room_is_named_wherever_it_was_found_out() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let file = |source| MarkError::Unreadable { path: PathBuf::from("mark"), source };
        let other = || io::Error::from(io::ErrorKind::PermissionDenied);
        for (error, expected) in [
            (anyhow::Error::new(full()).context("an image"), Slug::DiskFull),
            (anyhow::Error::new(file(full())), Slug::DiskFull),
            (Failure::of(&file(full())).into(), Slug::DiskFull),
            (anyhow::Error::new(other()), Slug::ServerError),
            (Failure::of(&file(other())).into(), Slug::LocalFile),
        ] {
            let (slug, help) = named(&error);
            assert_eq!(slug, expected, "{error:#}");
            let is_told = help.is_some_and(|help| help.contains("make room"));
            assert_eq!(is_told, slug == Slug::DiskFull, "{error:#}");
        }
    }

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
