//! Checks of the Builder's files.

use trybuy_formats::expiry::Refusal;
use trybuy_formats::instant::Instant;

use super::report::{Finding, Status};
use crate::commands::Context;
use crate::data_dir::is_open_to_others;
use crate::keys;
use crate::library::{self, Viewer};
use crate::license::LicensedBuilder;
use crate::messages::{self, notices, words};

/// Room on the disk below which there is a warning, in bytes.
const LITTLE_ROOM: u64 = 256 << 20;

/// Permissions and keys.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    vec![permissions(context), keys(context)]
}

fn permissions(context: &Context) -> Finding {
    const CHECK: &str = "permissions";
    let data = &context.data;
    let mut paths = vec![data.root().to_owned(), data.keys(), data.license_file()];
    paths.extend(keys::files(data));
    match paths.into_iter().find(|path| is_open_to_others(path)) {
        None => Finding::ok(CHECK, notices::FILES_PRIVATE),
        Some(path) => {
            let (message, advice) = notices::file_open_to_others(&path);
            Finding::new(CHECK, Status::Warning, message, advice)
        }
    }
}

fn keys(context: &Context) -> Finding {
    const CHECK: &str = "keys";
    let data = &context.data;
    let loaded = keys::load_decryption_key(data)
        .map(|_| ())
        .and_then(|()| keys::load_request_key(data).map(|_| ()));
    match loaded {
        Ok(()) => Finding::ok(CHECK, notices::KEYS_USABLE),
        Err(_) if !data.license_file().exists() => Finding::problem(CHECK, &messages::not_set_up()),
        Err(error) => Finding::problem(CHECK, &error),
    }
}

/// The Builder license and its end.
pub(super) fn license(builder: &LicensedBuilder, now: Instant) -> Finding {
    const CHECK: &str = "license";
    match builder.license.ends_at {
        Some(end) if now >= end => {
            Finding::problem(CHECK, &messages::refusal("", Refusal::BuilderLicenseExpired(end)))
        }
        end => Finding::ok(CHECK, notices::license_until(end)),
    }
}

/// How many applications there are, and which cannot be read.
pub(super) fn library(context: &Context) -> Finding {
    const CHECK: &str = "library";
    let ids = match library::applications(&context.data) {
        Ok(ids) => ids,
        Err(error) => return Finding::problem(CHECK, &error),
    };
    let viewer = Viewer::new(&context.data);
    let broken =
        ids.iter().map(|id| viewer.look(&context.data, id)).find(|listed| listed.release.is_none());
    match broken {
        None => Finding::ok(CHECK, notices::applications_installed(ids.len())),
        Some(listed) => {
            let (message, advice) = notices::unreadable_application(&listed.application);
            Finding::new(CHECK, Status::Problem, message, advice)
        }
    }
}

/// Room on the disk.
pub(super) fn room(context: &Context) -> Finding {
    const CHECK: &str = "disk";
    let mut directory = context.data.root();
    while !directory.exists() {
        let Some(above) = directory.parent() else { break };
        directory = above;
    }
    match rustix::fs::statvfs(directory) {
        Ok(room) => {
            let free = room.f_bavail.saturating_mul(room.f_frsize);
            let message = notices::room_left(&words::size(free));
            if free < LITTLE_ROOM {
                Finding::new(CHECK, Status::Warning, message, notices::FREE_SOME_SPACE)
            } else {
                Finding::ok(CHECK, message)
            }
        }
        Err(error) => {
            let error = messages::local_file("examine", directory, error.into());
            Finding::problem(CHECK, &error)
        }
    }
}
