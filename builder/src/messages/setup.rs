//! The setup: the Builder license and its keys.

use std::path::Path;

use trybuy_formats::slug::Slug;

use crate::error::Error;

/// There is no Builder license and no library.
pub(crate) fn not_set_up() -> Error {
    Error::new(
        Slug::NotSetUp,
        "this Builder has not been set up",
        "run `trybuy setup URL --name NAME --email EMAIL` with the address of a trybuy server",
    )
}

/// Setup was called again.
pub(crate) fn already_set_up(url: &str) -> Error {
    Error::new(
        Slug::AlreadySetUp,
        format!("this Builder has been set up with {url}"),
        "run `trybuy setup --renew` for a new Builder license; for another server, use another --data-dir",
    )
}

/// The license file or a key is missing or unusable, though there was a setup.
pub(crate) fn no_builder_license(what: &str) -> Error {
    Error::new(
        Slug::NoBuilderLicense,
        format!("there is no valid Builder license: {what}"),
        "run `trybuy setup` again with the address of your server: with the same keys it gets the same license back",
    )
}

/// The pinned key is not the one of the server that gave the license.
pub(crate) fn pinned_key_damaged(server_file: &Path) -> Error {
    Error::new(
        Slug::NoBuilderLicense,
        format!("{} does not hold the key that license.jws is signed with", server_file.display()),
        "restore it from a backup; without one, remove it, then run `trybuy setup` with the address of your server: with the same keys it gets the same license back",
    )
}

/// The private key is missing or unusable.
pub(crate) fn no_builder_key(path: &Path, what: &str) -> Error {
    Error::new(
        Slug::NoBuilderKey,
        format!("the Builder's key {} {what}", path.display()),
        "restore it from a backup; without one, remove the folder `keys` and license.jws beside it, then run `trybuy setup` again, `trybuy doctor`, and `trybuy try` for each application",
    )
}

/// Random keys could not be made.
pub(crate) fn key_generation() -> Error {
    Error::new(
        Slug::LocalFile,
        "the cryptographic library could not make or store keys",
        "try again; if it stays so, report it as a fault of the Builder",
    )
}
