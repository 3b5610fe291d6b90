//! The check of the clock, and the one way back for a memory of time that is wrong or lost.
//!
//! The server's signed word for the time is the `issued_at` of a Builder license that it has just
//! signed. It is taken only if it is not older than that of the license before it, and within a
//! day of the time that the server says: so an old license that somebody kept proves nothing.

use trybuy_formats::instant::{DAY, Instant, Span};

use super::report::{Finding, Status};
use crate::client::Server;
use crate::clock::{self, Clock, TOLERANCE};
use crate::commands::Context;
use crate::data_dir::Lock;
use crate::error::Error;
use crate::license::LicensedBuilder;
use crate::messages::{self, notices};

const CHECK: &str = "clock";

pub(super) fn check(
    context: &Context,
    builder: &LicensedBuilder,
    server: Option<&Server>,
) -> Finding {
    let now = clock::now();
    let remembered = Clock::load(&context.data, &builder.secret);
    let wrong = match &remembered {
        Ok(clock) => clock.trusted(now).err().map(Error::from),
        Err(_) => Some(messages::clock_state_damaged()),
    };
    let ran_ahead = |server: &Server| {
        let latest = remembered.as_ref().map(Clock::latest).ok();
        latest.is_some_and(|latest| latest > server.info().time.plus(TOLERANCE))
    };
    match (wrong, server) {
        (Some(error), None) => Finding::problem(CHECK, &error),
        (Some(_), Some(server)) => repair(context, server, now),
        (None, Some(server)) if ran_ahead(server) => repair(context, server, now),
        (None, Some(server)) => compare(now, server.info().time),
        (None, None) => Finding::ok(CHECK, notices::CLOCK_CONSISTENT),
    }
}

fn compare(own: Instant, server: Instant) -> Finding {
    if difference(own, server) <= TOLERANCE {
        return Finding::ok(CHECK, notices::CLOCK_AGREES);
    }
    let (message, advice) = notices::clock_differs(own, server);
    Finding::new(CHECK, Status::Warning, message, advice)
}

fn difference(a: Instant, b: Instant) -> Span {
    a.since(b).max(b.since(a))
}

/// Puts the server's signed time in place of what is remembered.
fn repair(context: &Context, server: &Server, now: Instant) -> Finding {
    match signed_time(context, server) {
        Err(error) => Finding::problem(CHECK, &error),
        // The memory is right now; the clock itself still is not.
        Ok(time) if difference(now, time) > TOLERANCE => {
            let (message, advice) = notices::clock_differs(now, time);
            Finding::new(CHECK, Status::Problem, message, advice)
        }
        Ok(time) => Finding::ok(CHECK, notices::clock_repaired(time)),
    }
}

fn signed_time(context: &Context, server: &Server) -> Result<Instant, Error> {
    let data = &context.data;
    let renewed = LicensedBuilder::load(data)?.renew(data, server)?;
    let signed = renewed.license.issued_at;
    if difference(signed, server.info().time) > DAY {
        return Err(messages::clock_unconfirmed());
    }
    let _lock = Lock::clock(data)?;
    Clock::repair(signed).store(data, &renewed.secret)?;
    Ok(signed)
}
