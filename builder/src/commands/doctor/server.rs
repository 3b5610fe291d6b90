//! The check of the server: reachable, and its key the pinned one.

use trybuy_formats::slug::Slug;

use super::report::{Finding, Status};
use crate::client::Server;
use crate::commands::Context;
use crate::license::LicensedBuilder;
use crate::messages::notices;

/// What was found, and the server if it answered as the one of setup.
pub(super) struct Contact {
    pub(super) finding: Finding,
    pub(super) server: Option<Server>,
}

pub(super) fn check(context: &Context, builder: &LicensedBuilder) -> Contact {
    const CHECK: &str = "server";
    match builder.connect(context.server.as_deref()) {
        Ok(server) => {
            let message = notices::server_answers(&server.address().to_string());
            Contact { finding: Finding::ok(CHECK, message), server: Some(server) }
        }
        // What is installed runs without the server.
        Err(error) if error.slug() == Slug::ServerUnreachable => Contact {
            finding: Finding::new(CHECK, Status::Warning, error.explain(), error.help()),
            server: None,
        },
        Err(error) => Contact { finding: Finding::problem(CHECK, &error), server: None },
    }
}
