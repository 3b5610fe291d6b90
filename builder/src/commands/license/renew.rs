//! `trybuy license renew`: asks for licenses again, or for newer ones where their gateways need them.

use trybuy_formats::slug::Slug;

use super::{Context, tell};
use crate::cli::RenewLicenseArguments;
use crate::client::address::ServerAddress;
use crate::error::Error;
use crate::licensing::cache::Cache;
use crate::licensing::requestor::{Occasion, Requestor, Trust};
use crate::messages::{self, notices};
use crate::output;

pub(super) fn renew(context: &Context, arguments: &RenewLicenseArguments) -> Result<(), Error> {
    let gateways = match &arguments.license {
        Some(name) => vec![Cache::open(&context.data).find(name)?.gateway().clone()],
        None => gateways(context),
    };
    if gateways.is_empty() {
        output::notice(notices::NO_LICENSES);
    }
    let mut first_failure = None;
    for gateway in gateways {
        let renewed = Requestor::contact(&context.data, gateway, Trust::default())
            .and_then(|mut requestor| requestor.obtain(Occasion::Renewal))
            .map_err(|error| match error.slug() {
                Slug::ServerUnreachable => messages::renewal_unreachable(error),
                _ => error,
            });
        match renewed {
            Ok(obtained) => tell(&obtained),
            Err(error) if first_failure.is_none() => first_failure = Some(error),
            // Each is told of; the first one is the command's.
            Err(error) => output::report(&error),
        }
    }
    first_failure.map_or(Ok(()), Err)
}

/// The gateways of all licenses, each once; where a license is damaged, its gateway is not known.
fn gateways(context: &Context) -> Vec<ServerAddress> {
    let entries = Cache::open(&context.data).entries();
    let licenses = entries.into_iter().filter_map(|entry| entry.license.ok());
    let mut gateways: Vec<ServerAddress> = Vec::new();
    for license in licenses {
        if !gateways.contains(license.gateway()) {
            gateways.push(license.gateway().clone());
        }
    }
    gateways
}
