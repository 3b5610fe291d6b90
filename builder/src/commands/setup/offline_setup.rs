//! Setup, and renewal of the Builder license, by way of files.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trybuy_formats::ids::Platform;
use trybuy_formats::offline::{OfflineOutcome, OfflineStep};

use super::{applicant, complete, pin};
use crate::cli::{AcceptanceArguments, SetupArguments};
use crate::client::Signer;
use crate::client::address::{ServerAddress, Transport};
use crate::clock::{ClockFile, Reading};
use crate::commands::Context;
use crate::commands::offline::{self, Pending, PendingFile};
use crate::error::Error;
use crate::license::{self, LicensedBuilder, PinnedServer};
use crate::messages::{self, notices};
use crate::{keys, output};

const SETUP: &str = "setup";
const LICENSE: &str = "license";

/// A setup that has been asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PendingSetup {
    address: ServerAddress,
    transport: Transport,
    pending: Pending,
}

/// Makes keys, and asks a server to register them.
pub(super) fn ask(
    context: &Context,
    before: Option<&PinnedServer>,
    (address, transport): (ServerAddress, Transport),
    arguments: SetupArguments,
    file: &Path,
) -> Result<(), Error> {
    let data = &context.data;
    let applicant = applicant(arguments.name, arguments.email)?;
    let asked: Option<PendingSetup> = offline::load_plain(data, SETUP)?;
    let earlier = asked.as_ref().map(|asked| &asked.address);
    let earlier = earlier.or(before.map(|before| &before.address));
    if earlier.is_some_and(|earlier| *earlier != address) && !data.library().exists() {
        keys::discard_unlicensed(data)?;
    }
    keys::ensure(data)?;
    let key = keys::load_decryption_key(data)?;
    let signer = Signer::unregistered(keys::load_request_key(data)?);
    let pending = asked.map(|asked| asked.pending).unwrap_or_default();
    let step = OfflineStep::Setup {
        decryption_key: key.encryption_key().spki().to_vec(),
        platform: Platform::current(),
        version: license::version(),
        name: applicant.name,
        email: applicant.email,
        acceptance: offline::acceptance(&accepting(arguments.accept_terms), pending.terms),
    };
    offline::write(address.to_string(), &signer, step, file, |digest| {
        let pending = Pending { request: Some(digest), ..pending };
        offline::store_plain(data, SETUP, &PendingSetup { address, transport, pending })
    })
}

/// Takes the license out of a response, and pins the key of the server it is from.
pub(super) fn finish(
    context: &Context,
    before: Option<PinnedServer>,
    file: &Path,
) -> Result<(), Error> {
    let data = &context.data;
    let response = offline::read(file)?;
    let asked: Option<PendingSetup> = offline::load_plain(data, SETUP)?;
    let PendingSetup { address, transport, pending } =
        asked.ok_or_else(|| messages::other_request(file))?;
    let server_key =
        response.server_key().map_err(|error| messages::response_unusable(file, error))?;
    let response = offline::open(&response, &server_key, pending.request, file)?;
    let command = format!("trybuy setup {address} --name NAME --email EMAIL");
    if let Some((error, pending)) = offline::refusal(&response, &pending, &command) {
        offline::store_plain(data, SETUP, &PendingSetup { address, transport, pending })?;
        return Err(error);
    }
    let OfflineOutcome::License { license } = response.outcome else {
        return Err(messages::other_request(file));
    };
    let public_key = server_key.spki().to_vec();
    let report_first_run = before.as_ref().is_some_and(|before| before.report_first_run);
    let pinned = PinnedServer { address, transport, public_key, report_first_run };
    let key = keys::load_decryption_key(data)?;
    let signer = Signer::unregistered(keys::load_request_key(data)?);
    let builder = license::verify_registered(pinned.clone(), key, &signer, &license)?;
    // The keys are those of this license now, so a server that was asked before them is forgotten.
    let before = before.filter(|_| data.library().exists());
    pin(data, before, &pinned)?;
    let builder = complete(data, builder, &license, response.time)?;
    offline::forget(data, SETUP)?;
    output::notice(&notices::server_pinned(pinned.key_id()));
    output::notice(&notices::set_up(&pinned.address.to_string(), builder.license.ends_at));
    Ok(())
}

/// Asks for another license, with a later end.
pub(super) fn ask_for_license(
    context: &Context,
    accepts_terms: bool,
    file: &Path,
) -> Result<(), Error> {
    let data = &context.data;
    let builder = LicensedBuilder::load(data)?;
    let remembered = PendingFile::of(data, &builder, LICENSE);
    let pending = remembered.load()?;
    // Without a word of the user, it is for the terms that were accepted before.
    let shown = if accepts_terms { pending.terms } else { Some(builder.license.terms_digest) };
    let acceptance = offline::acceptance(&accepting(true), shown);
    let step = OfflineStep::RenewLicense { acceptance };
    let address = builder.address(context.server.as_deref())?;
    offline::write(address.to_string(), &builder.signer(data)?, step, file, |digest| {
        remembered.store(&Pending { request: Some(digest), ..pending })
    })
}

/// Takes another license out of a response.
pub(super) fn take_license(context: &Context, file: &Path) -> Result<(), Error> {
    let data = &context.data;
    let builder = LicensedBuilder::load(data)?;
    let remembered = PendingFile::of(data, &builder, LICENSE);
    let pending = remembered.load()?;
    let response =
        offline::open(&offline::read(file)?, &builder.server_key, pending.request, file)?;
    ClockFile::of(data, &builder.secret).observe(response.time, &Reading::take())?;
    if let Some((error, pending)) = offline::refusal(&response, &pending, "trybuy setup --renew") {
        remembered.store(&pending)?;
        return Err(error);
    }
    let OfflineOutcome::License { license } = response.outcome else {
        return Err(messages::other_request(file));
    };
    let renewed = builder.take_license(data, &license)?;
    // Only now that it is on the disk, its answer is needed no more.
    PendingFile::of(data, &renewed, LICENSE).store(&Pending::default())?;
    output::notice(&notices::license_renewed(renewed.license.ends_at));
    Ok(())
}

fn accepting(accept_terms: bool) -> AcceptanceArguments {
    AcceptanceArguments { accept_terms, name: None, code: None }
}
