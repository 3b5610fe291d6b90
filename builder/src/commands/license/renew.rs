//! `trybuy license renew`: asks for licenses again, or for newer ones where their gateways need them.

use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::slug::Slug;

use super::{Context, tell};
use crate::cli::RenewLicenseArguments;
use crate::error::Error;
use crate::licensing::cache::Cache;
use crate::licensing::requestor::{Obtained, Requestor, Trust};
use crate::licensing::seat_license::ClientLicense;
use crate::messages::{self, notices};
use crate::output;

pub(super) fn renew(context: &Context, arguments: &RenewLicenseArguments) -> Result<(), Error> {
    let cache = Cache::open(&context.data);
    let licenses = match &arguments.license {
        Some(name) => vec![cache.find(name)?],
        None => cache.entries().into_iter().filter_map(|entry| entry.license.ok()).collect(),
    };
    if licenses.is_empty() {
        output::notice(notices::NO_LICENSES);
    }
    let mut first_failure = None;
    let mut renewed: Vec<SeatLicenseId> = Vec::new();
    for license in licenses {
        // What was issued for another license may be this one, or have taken its place.
        if renewed.contains(&license.fields().license_id) {
            continue;
        }
        match renew_one(context, &license) {
            Ok(obtained) => {
                let id = obtained.license.fields().license_id;
                if !renewed.contains(&id) {
                    tell(&obtained);
                    renewed.push(id);
                }
            }
            Err(error) if first_failure.is_none() => first_failure = Some(error),
            // Each is told of; the first one is the command's.
            Err(error) => output::report(&error),
        }
    }
    first_failure.map_or(Ok(()), Err)
}

fn renew_one(context: &Context, license: &ClientLicense) -> Result<Obtained, Error> {
    Requestor::contact(&context.data, license.gateway().clone(), Trust::default())
        .and_then(|mut requestor| requestor.renew(license))
        .map_err(|error| match error.slug() {
            Slug::ServerUnreachable => messages::renewal_unreachable(error),
            _ => error,
        })
}
