//! Checks of the licenses for services behind gateways, where this Builder has any.

use trybuy_formats::slug::Slug;

use super::report::{Finding, Status};
use crate::commands::Context;
use crate::error::Error;
use crate::keys;
use crate::licensing::cache::{Cache, Entry};
use crate::messages::notices;

const CHECK: &str = "seat-licenses";

/// Whether this Builder has ever asked for a license: then it has a key for them.
pub(super) fn are_used(context: &Context) -> bool {
    keys::has_seat_key(&context.data) || !Cache::open(&context.data).entries().is_empty()
}

/// This client's key, and each license that cannot be used.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    if !are_used(context) {
        return Vec::new();
    }
    let mut findings = vec![key(context)];
    let has_key = findings[0].status == Status::Ok;
    let entries = Cache::open(&context.data).entries();
    let unusable: Vec<Finding> =
        entries.iter().filter_map(|entry| unusable(entry, has_key)).collect();
    if unusable.is_empty() && has_key {
        findings.push(Finding::ok(CHECK, notices::licenses_usable(entries.len())));
    }
    findings.extend(unusable);
    findings
}

fn key(context: &Context) -> Finding {
    const CHECK: &str = "seat-key";
    match keys::load_seat_key(&context.data) {
        Ok(_) => Finding::ok(CHECK, notices::SEAT_KEY_USABLE),
        Err(error) => Finding::problem(CHECK, &error),
    }
}

/// What is wrong with a license. Without a key, that it is none of this client is no news.
fn unusable(entry: &Entry, has_key: bool) -> Option<Finding> {
    let license = match &entry.license {
        Ok(license) => license,
        Err(error) => return Some(damaged(entry, error)),
    };
    let reason = license.standing().err().filter(|reason| has_key || *reason != Slug::NoBuilderKey);
    let (message, advice) = notices::license_unusable(license, reason?);
    Some(Finding::new(CHECK, Status::Warning, message, advice))
}

fn damaged(entry: &Entry, error: &Error) -> Finding {
    let advice = notices::damaged_license(&entry.path, error.help());
    Finding::new(CHECK, Status::Warning, error.explain(), advice)
}
