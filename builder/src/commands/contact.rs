//! Contacts with the server that every command makes in the same way.

use trybuy_formats::instant::Instant;

use super::Context;
use crate::client::Server;
use crate::client::address::{ServerAddress, Transport};
use crate::clock::{self, ClockFile, Reading};
use crate::error::Error;
use crate::license::{LicensedBuilder, PinnedServer};
use crate::messages::{self, notices};
use crate::output;

/// Contacts the server as a Builder that was set up. A license that has ended or is about to is
/// renewed, if the terms are still those that were accepted.
pub(super) fn connect(
    context: &Context,
    builder: LicensedBuilder,
) -> Result<(LicensedBuilder, Server), Error> {
    let server = builder.connect(context.server.as_deref())?;
    warn_if_plain(server.address());
    let now = server.info().time;
    if !builder.ends_soon(now) {
        return Ok((builder, server));
    }
    renew(context, builder, &server, now).map(|builder| (builder, server))
}

/// Contacts the server to read its catalog, which needs no setup if an address is given.
pub(super) fn connect_to_read(context: &Context) -> Result<Server, Error> {
    let pinned = PinnedServer::load(&context.data)?;
    let transport = pinned.as_ref().map_or(Transport::Encrypted, |pinned| pinned.transport);
    let address = match (&context.server, &pinned) {
        (Some(text), _) => ServerAddress::parse(text, transport)?,
        (None, Some(pinned)) => pinned.address.clone(),
        (None, None) => return Err(messages::not_set_up()),
    };
    warn_if_plain(&address);
    Server::connect(address, pinned.map(|pinned| pinned.key_id()))
}

/// Says loudly that a connection is not encrypted.
pub(super) fn warn_if_plain(address: &ServerAddress) {
    if address.is_plain_to_others() {
        let (what, help) = notices::plain_transport(&address.to_string());
        output::warn(&what, help);
    }
}

fn renew(
    context: &Context,
    builder: LicensedBuilder,
    server: &Server,
    now: Instant,
) -> Result<LicensedBuilder, Error> {
    let end = builder.license.ends_at.unwrap_or(now);
    let result = if builder.license.terms_digest == server.info().builder_terms_digest {
        builder.renew(&context.data, server)
    } else {
        Err(messages::builder_terms_changed())
    };
    match result {
        Ok(renewed) => {
            output::notice(&notices::license_renewed(renewed.license.ends_at));
            Ok(renewed)
        }
        // It is still good for today.
        Err(error) if now < end => {
            output::warn(&notices::license_ends(end), error.help());
            LicensedBuilder::load(&context.data)
        }
        Err(error) => Err(error),
    }
}

/// Remembers the server's time, and says so when this computer's differs by more than a day.
pub(super) fn remember_time(
    context: &Context,
    builder: &LicensedBuilder,
    server_time: Instant,
) -> Result<(), Error> {
    let own = clock::now();
    if own.since(server_time).max(server_time.since(own)) > trybuy_formats::instant::DAY {
        let (what, help) = notices::clock_differs(own, server_time);
        output::warn(&what, help);
    }
    ClockFile::of(&context.data, &builder.secret).observe(server_time, &Reading::take())
}
