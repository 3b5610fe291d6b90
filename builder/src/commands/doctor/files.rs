//! Checks of the Builder's files.

use std::io::Write as _;

use trybuy_formats::control::LicenseKind;
use trybuy_formats::expiry::Refusal;
use trybuy_formats::limits;

use super::licenses;
use super::report::{Finding, Status};
use crate::clock::{ClockFile, Reading};
use crate::commands::Context;
use crate::data_dir::{self, is_open_to_others};
use crate::keys;
use crate::library::{self, Viewer};
use crate::license::LicensedBuilder;
use crate::messages::{self, notices, words};

/// Room on the disk below which there is a warning, in bytes.
const LITTLE_ROOM: u64 = 256 << 20;

/// Permissions and keys.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    let mut findings = vec![permissions(context), writing(context)];
    findings.extend(keys(context));
    findings.extend(misplaced(context));
    findings
}

/// Whether each file is one.
fn misplaced(context: &Context) -> Option<Finding> {
    let path = data_dir::misplaced(&context.data)?;
    Some(Finding::problem("files", &messages::not_a_file(&path)))
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

/// Whether a file can be written, as every launch does.
fn writing(context: &Context) -> Finding {
    const CHECK: &str = "writing";
    let root = context.data.root();
    let written = tempfile::tempfile_in(root).and_then(|mut file| {
        // As much as a sealed state may have; a full disk lets an empty file be made.
        file.write_all(&vec![0; limits::SEALED_STATE])?;
        file.sync_all()
    });
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Finding::problem(CHECK, &messages::local_file("write into", root, error))
        }
        _ => Finding::ok(CHECK, notices::FILES_WRITABLE),
    }
}

fn keys(context: &Context) -> Option<Finding> {
    const CHECK: &str = "keys";
    let data = &context.data;
    let loaded = keys::load_decryption_key(data)
        .map(|_| ())
        .and_then(|()| keys::load_request_key(data).map(|_| ()));
    let finding = match loaded {
        Ok(()) => Finding::ok(CHECK, notices::KEYS_USABLE),
        Err(_) if !data.license_file().exists() && licenses::are_used(context) => {
            return keys_for_licenses(context);
        }
        Err(_) if !data.license_file().exists() => Finding::problem(CHECK, &messages::not_set_up()),
        Err(error) => Finding::problem(CHECK, &error),
    };
    Some(finding)
}

/// The key that licenses are encrypted to. One that is missing is made with the next request. Where
/// the client's key is what is wrong, that is a finding of its own.
fn keys_for_licenses(context: &Context) -> Option<Finding> {
    let [path, ..] = keys::files(&context.data);
    match keys::load_decryption_key(&context.data) {
        Err(error) if path.exists() => Some(Finding::problem("keys", &error)),
        _ => {
            let is_usable = keys::load_seat_key(&context.data).is_ok();
            is_usable.then(|| Finding::ok("keys", notices::KEYS_FOR_LICENSES))
        }
    }
}

/// The Builder license and its end, by the trusted time.
pub(super) fn license(context: &Context, builder: &LicensedBuilder) -> Finding {
    const CHECK: &str = "license";
    if let Err(error) = builder.signer(&context.data) {
        return Finding::problem(CHECK, &error);
    }
    let reading = Reading::take();
    // Without a trusted time nothing can be said of the end; the check of the clock says why.
    let weighed = ClockFile::of(&context.data, &builder.secret).look(&reading).ok();
    let end = builder.license.ends_at;
    match (end, weighed) {
        (Some(end), Some(weighed)) if weighed.time.instant() >= end => {
            let ended =
                messages::refusal("", LicenseKind::Trial, Refusal::BuilderLicenseExpired(end));
            let ended = match weighed.is_clock_wrong(&reading) {
                true => ended.with_help(notices::CLOCK_FIRST),
                false => ended,
            };
            Finding::problem(CHECK, &ended)
        }
        _ => Finding::ok(CHECK, notices::license_until(end)),
    }
}

/// How many applications there are, and which cannot be used as they are.
pub(super) fn library(context: &Context) -> Vec<Finding> {
    const CHECK: &str = "library";
    let data = &context.data;
    let ids = match library::applications(data) {
        Ok(ids) => ids,
        Err(error) => return vec![Finding::problem(CHECK, &error)],
    };
    let viewer = Viewer::new(data);
    let broken: Vec<Finding> = ids
        .iter()
        .filter_map(|id| viewer.defect(data, id))
        .map(|error| Finding::problem(CHECK, &error))
        .collect();
    if broken.is_empty() {
        vec![Finding::ok(CHECK, notices::applications_installed(ids.len()))]
    } else {
        broken
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
    let free = match data_dir::free_bytes(directory) {
        Ok(free) => free,
        Err(error) => {
            return Finding::problem(CHECK, &messages::local_file("examine", directory, error));
        }
    };
    let message = notices::room_left(&words::size(free));
    if free < LITTLE_ROOM {
        Finding::new(CHECK, Status::Warning, message, notices::FREE_SOME_SPACE)
    } else {
        Finding::ok(CHECK, message)
    }
}
