//! The applications of the library, and what is asked for that it has not.

use trybuy_formats::ids::{ApplicationId, Name, Platform};
use trybuy_formats::slug::Slug;

use super::{usage, words};
use crate::error::Error;

/// Removing needs a yes.
pub(crate) fn remove_needs_a_flag(name: &str) -> Error {
    usage(
        format!(
            "removing {} was not confirmed, and there is no terminal to ask on",
            words::quoted(name)
        ),
        "run it again with --yes",
    )
}

/// There is no such application in the library.
pub(crate) fn not_installed(app: &str) -> Error {
    Error::new(
        Slug::NotInstalled,
        format!("{} is not installed", words::quoted(app)),
        "see what is with `trybuy list`, find it with `trybuy search`, get it with `trybuy try`",
    )
}

/// The application is not offered for this machine.
pub(crate) fn platform_unsupported(
    app: &ApplicationId,
    own: &Platform,
    others: &[String],
) -> Error {
    Error::new(
        Slug::PlatformUnsupported,
        format!("{app} is not offered for {own}"),
        if others.is_empty() {
            "ask its vendor for a release".to_owned()
        } else {
            format!("it is offered for {}", others.join(", "))
        },
    )
}

/// A release was asked for that does not exist.
pub(crate) fn no_such_release(app: &ApplicationId, version: &str) -> Error {
    Error::new(
        Slug::NotFound,
        format!("{app} has no release {version} for this platform"),
        format!("see its releases with `trybuy show {app}`"),
    )
}

/// A release was asked for, and the trial that has begun is one of another.
pub(crate) fn trial_of_another_release(app: &ApplicationId, version: &str) -> Error {
    Error::new(
        Slug::TrialLimitReached,
        format!("your trial of {app} has begun with release {version} and stays with it"),
        format!(
            "run `trybuy try {app}` for that release; where the vendor allows another trial, it can be of another one"
        ),
    )
}

/// What was bought has ended.
pub(crate) fn purchase_over(name: &Name, app: &ApplicationId) -> Error {
    Error::new(
        Slug::TrialExpired,
        format!("the license of {name} has ended"),
        format!("buy it for longer with another key: `trybuy buy {app} --key KEY`"),
    )
}

/// There is nothing to buy with.
pub(crate) fn key_missing(name: &Name, homepage: Option<&str>) -> Error {
    let place = homepage.map_or_else(|| "its vendor".to_owned(), words::quoted);
    Error::new(
        Slug::Usage,
        format!("{name} is bought with a purchase key, and none was given"),
        format!("get one at {place}, then add `--key KEY`"),
    )
}
