//! The check of the clock, and the one way back for a memory of time that is wrong or lost: the
//! server's word for it, signed for this question.

use trybuy_formats::instant::{Instant, Span};

use super::left;
use super::report::{Finding, Status};
use crate::client::Server;
use crate::clock::{AGREEMENT, ClockFile, ClockState, Reading, Weighed};
use crate::commands::Context;
use crate::error::Error;
use crate::license::LicensedBuilder;
use crate::messages::notices;

pub(super) const CHECK: &str = "clock";

pub(super) fn check(
    context: &Context,
    builder: &LicensedBuilder,
    server: Option<&Server>,
) -> Finding {
    let reading = Reading::take();
    let memory = ClockFile::of(&context.data, &builder.secret);
    let looked = memory.look(&reading);
    match (looked, server) {
        (Ok(weighed), Some(server)) if agrees(&weighed, server) && !left::any(context, server) => {
            compare(reading.wall, server.info().time)
        }
        (_, Some(server)) => repair(context, builder, server, &reading),
        (Ok(weighed), None) => explain(&weighed, reading.wall),
        (Err(error), None) => {
            Finding::problem(CHECK, &error.with_help(notices::CLOCK_NEEDS_SERVER))
        }
    }
}

/// Whether what is remembered of the time fits what the server says.
fn agrees(weighed: &Weighed, server: &Server) -> bool {
    let trusted = weighed.time.instant();
    weighed.clock != ClockState::Ahead && trusted <= server.info().time.plus(AGREEMENT)
}

fn compare(own: Instant, server: Instant) -> Finding {
    if difference(own, server) <= AGREEMENT {
        return Finding::ok(CHECK, notices::CLOCK_AGREES);
    }
    let (message, advice) = notices::clock_differs(own, server);
    Finding::new(CHECK, Status::Warning, message, advice)
}

/// What this computer alone can tell.
fn explain(weighed: &Weighed, own: Instant) -> Finding {
    let time = weighed.time.instant();
    let (message, advice) = match weighed.clock {
        ClockState::Ahead => notices::clock_ahead(own),
        ClockState::Behind if difference(own, time) > AGREEMENT => notices::clock_behind(own, time),
        ClockState::Behind | ClockState::Right => {
            return Finding::ok(CHECK, notices::CLOCK_CONSISTENT);
        }
    };
    Finding::new(CHECK, Status::Warning, message, advice)
}

pub(super) fn difference(a: Instant, b: Instant) -> Span {
    a.since(b).max(b.since(a))
}

/// Puts the server's signed time in place of what is remembered.
fn repair(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    reading: &Reading,
) -> Finding {
    match signed_time(context, builder, server, reading) {
        Err(error) => Finding::problem(CHECK, &error),
        // The memory is right now; the clock itself still is not.
        Ok(time) if difference(reading.wall, time) > AGREEMENT => {
            let (message, advice) = notices::clock_differs(reading.wall, time);
            Finding::new(CHECK, Status::Warning, message, advice)
        }
        Ok(time) => Finding::ok(CHECK, notices::clock_repaired(time)),
    }
}

fn signed_time(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    reading: &Reading,
) -> Result<Instant, Error> {
    let time = server.signed_time(&builder.signer(&context.data)?)?;
    put(context, builder, time, reading)?;
    Ok(time)
}

/// Puts a time that the server signed in place of what is remembered, also of the trials.
pub(super) fn put(
    context: &Context,
    builder: &LicensedBuilder,
    time: Instant,
    reading: &Reading,
) -> Result<(), Error> {
    ClockFile::of(&context.data, &builder.secret).replace(time, reading)?;
    left::take_back(context, builder, time);
    Ok(())
}
