//! `trybuy setup`: keys, registration, Builder license (steps 402-404, 412-416).
//!
//! Killed anywhere, it can be repeated: keys are made before they are registered, registering the
//! same keys again gives the same license, and the license file is written last.

mod email;
mod offline_email;
mod offline_setup;

use trybuy_formats::ids::{Email, Name};
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use super::{Context, contact, refresh};
use crate::cli::{Consent, OfflineArguments, SetupArguments};
use crate::client::Server;
use crate::client::address::{ServerAddress, Transport};
use crate::clock::{ClockFile, Reading};
use crate::data_dir::{self, DataDir, Lock};
use crate::error::Error;
use crate::keys;
use crate::license::{self, Applicant, LicensedBuilder, PinnedServer};
use crate::messages::{self, notices};
use crate::output::{self, prompt};

pub(super) fn setup(context: &Context, arguments: SetupArguments) -> Result<(), Error> {
    let data = &context.data;
    data_dir::make_directory(data.root())?;
    let _lock = Lock::setup(data)?;
    data_dir::remove_leftovers(data.root());
    data_dir::remove_leftovers(&data.keys());
    if arguments.renew {
        return match &arguments.offline {
            OfflineArguments { response: Some(file), .. } => {
                offline_setup::take_license(context, file)
            }
            OfflineArguments { request: Some(file), .. } => {
                offline_setup::ask_for_license(context, arguments.accept_terms, file)
            }
            _ => renew(context, &arguments),
        };
    }
    if arguments.verify {
        let code = arguments.code.as_deref();
        return match &arguments.offline {
            OfflineArguments { response: Some(file), .. } => offline_email::take(context, file),
            OfflineArguments { request: Some(file), .. } => offline_email::ask(context, code, file),
            _ => email::verify(context, code),
        };
    }
    if let Some(builder) = set_up_before(data)? {
        return change(data, builder.server, &arguments);
    }
    let before = PinnedServer::load(data)?;
    if let Some(file) = &arguments.offline.response {
        return offline_setup::finish(context, before, file);
    }
    if let Some(file) = arguments.offline.request.clone() {
        let place = address(context, &arguments, before.as_ref())?;
        return offline_setup::ask(context, before.as_ref(), place, arguments, &file);
    }
    let (address, transport) = address(context, &arguments, before.as_ref())?;
    contact::warn_if_plain(&address);
    let server = Server::connect(address, None)?;
    accept_terms(&server, arguments.accept_terms)?;
    let pinned = PinnedServer {
        address: server.address().clone(),
        transport,
        public_key: server.key().spki().to_vec(),
        report_first_run: report_first_run(&arguments, before.as_ref()),
    };
    let applicant = applicant(arguments.name, arguments.email)?;
    pin(data, before, &pinned)?;
    keys::ensure(data)?;
    let builder = register(data, pinned, &server, applicant)?;
    output::notice(&notices::set_up(&server.address().to_string(), builder.license.ends_at));
    email::after_setup(context, &server, &builder)
}

/// The Builder, if it was set up and its license is usable. One whose license was lost or damaged gets it
/// back by another setup, as the same keys get the same license.
fn set_up_before(data: &DataDir) -> Result<Option<LicensedBuilder>, Error> {
    match LicensedBuilder::load(data) {
        Ok(builder) => Ok(Some(builder)),
        Err(error) if matches!(error.slug(), Slug::NotSetUp | Slug::NoBuilderLicense) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All that another setup changes of a Builder that was set up is what it tells.
fn change(
    data: &DataDir,
    mut pinned: PinnedServer,
    arguments: &SetupArguments,
) -> Result<(), Error> {
    let SetupArguments { url, name, email, report_first_run, .. } = arguments;
    let (Some(choice), None, None, None) = (report_first_run, url, name, email) else {
        return Err(messages::already_set_up(&pinned.address.to_string()));
    };
    pinned.report_first_run = *choice == Consent::Yes;
    pinned.store(data)?;
    output::notice(notices::first_runs(pinned.report_first_run));
    Ok(())
}

fn report_first_run(arguments: &SetupArguments, before: Option<&PinnedServer>) -> bool {
    match arguments.report_first_run {
        Some(choice) => choice == Consent::Yes,
        None => before.is_some_and(|before| before.report_first_run),
    }
}

/// The address on the command line, or that of a setup that was killed.
fn address(
    context: &Context,
    arguments: &SetupArguments,
    before: Option<&PinnedServer>,
) -> Result<(ServerAddress, Transport), Error> {
    let asked =
        if arguments.insecure_http { Transport::DangerousPlain } else { Transport::Encrypted };
    match (arguments.url.as_ref().or(context.server.as_ref()), before) {
        (Some(text), _) => Ok((ServerAddress::parse(text, asked)?, asked)),
        (None, Some(before)) => Ok((before.address.clone(), before.transport)),
        (None, None) => Err(messages::address_missing()),
    }
}

/// Shows the Builder's terms and asks for their acceptance (step 414).
fn accept_terms(server: &Server, accepted: bool) -> Result<(), Error> {
    let info = server.info();
    output::notice(&notices::terms(&format!("trybuy at {}", info.name), &info.builder_terms));
    if accepted {
        return Ok(());
    }
    if !prompt::is_possible() {
        return Err(messages::terms_need_a_flag());
    }
    if prompt::confirm(notices::ASK_TERMS) { Ok(()) } else { Err(messages::terms_declined()) }
}

fn applicant(name: Option<Name>, email: Option<Email>) -> Result<Applicant, Error> {
    let name = match name {
        Some(name) => name,
        None => ask(notices::ASK_HOLDER, "--name")?,
    };
    let email = match email {
        Some(email) => email,
        None => ask(notices::ASK_EMAIL, "--email")?,
    };
    Ok(Applicant { name, email })
}

fn ask<T: std::str::FromStr<Err: std::fmt::Display>>(
    question: &str,
    flag: &str,
) -> Result<T, Error> {
    let missing = || messages::flag_missing(flag);
    if !prompt::is_possible() {
        return Err(missing());
    }
    let answer = prompt::ask(question).ok_or_else(missing)?;
    answer.parse().map_err(|error: T::Err| messages::answer_refused(&error.to_string()))
}

/// Remembers the server's key. Keys of a setup with another server, which never got a license, are
/// made anew: they are one server's (`RQ-7`).
fn pin(data: &DataDir, before: Option<PinnedServer>, pinned: &PinnedServer) -> Result<(), Error> {
    if before.is_some_and(|before| before.public_key != pinned.public_key) {
        if data.library().exists() {
            let before = PinnedServer::load(data)?.map_or(pinned.key_id(), |old| old.key_id());
            let url = pinned.address.to_string();
            return Err(messages::server_key_changed(&url, before, pinned.key_id()));
        }
        keys::discard_unlicensed(data)?;
    }
    pinned.store(data)
}

/// Registers, and begins to remember the time: the license file is what makes the setup complete.
fn register(
    data: &DataDir,
    pinned: PinnedServer,
    server: &Server,
    applicant: Applicant,
) -> Result<LicensedBuilder, Error> {
    let (builder, document) = license::register(data, pinned, server, applicant)?;
    complete(data, builder, &document, server.info().time)
}

fn complete(
    data: &DataDir,
    builder: LicensedBuilder,
    document: &str,
    time: Instant,
) -> Result<LicensedBuilder, Error> {
    let memory = ClockFile::of(data, &builder.secret);
    // Only a Builder that never ran anything may begin to remember; `trybuy doctor` brings back what
    // was lost.
    if memory.load().is_err() && !data.library().exists() {
        memory.begin(time, &Reading::take())?;
    }
    data_dir::replace(&data.license_file(), document.as_bytes())?;
    Ok(builder)
}

fn renew(context: &Context, arguments: &SetupArguments) -> Result<(), Error> {
    let builder = LicensedBuilder::load(&context.data)?;
    let server = builder.connect(context.server.as_deref())?;
    contact::warn_if_plain(server.address());
    if builder.license.terms_digest != server.info().builder_terms_digest {
        accept_terms(&server, arguments.accept_terms)?;
    }
    let renewed = builder.renew(&context.data, &server)?;
    output::notice(&notices::license_renewed(renewed.license.ends_at));
    refresh::in_passing(context, &renewed, &server, &renewed.signer(&context.data)?);
    Ok(())
}
