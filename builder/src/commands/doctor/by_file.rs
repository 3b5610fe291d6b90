//! The question for the time by way of files: what is remembered is put right where no server can be
//! reached (`ST-4` to `ST-6`).

use std::path::Path;

use serde::{Deserialize, Serialize};
use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Instant;
use trybuy_formats::offline::{OfflineOutcome, OfflineResponse, OfflineStep};
use trybuy_formats::signed_time::TimeQuestion;

use super::clock_check::{CHECK, difference, put};
use super::report::{Finding, Status};
use crate::clock::{AGREEMENT, Answer, ClockFile, Reading, Uptime};
use crate::commands::Context;
use crate::commands::offline::{self, Pending, PendingFile};
use crate::data_dir::Lock;
use crate::error::Error;
use crate::license::LicensedBuilder;
use crate::messages::{self, notices};

const TIME: &str = "time";

/// A question that has not been answered. It is sealed apart from what is remembered of the time, which
/// may be what is lost.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    request: Digest,
    question: TimeQuestion,
    uptime: Uptime,
}

/// Asks for the time.
pub(super) fn ask(context: &Context, file: &Path) -> Result<(), Error> {
    let data = &context.data;
    let _lock = Lock::setup(data)?;
    let builder = LicensedBuilder::load(data)?;
    let server = builder.address(context.server.as_deref())?;
    let question = TimeQuestion::ask();
    let step = OfflineStep::Time { nonce: question.nonce().to_vec() };
    // No answer can be older than this look.
    let uptime = Reading::take().uptime;
    offline::write(server.to_string(), &builder.signer(data)?, step, file, |request| {
        PendingFile::of(data, &builder, TIME).store(&Asked { request, question, uptime })
    })
}

/// Puts what is remembered of the time right by the answer.
pub(super) fn check(context: &Context, builder: &LicensedBuilder, file: &Path) -> Finding {
    let reading = Reading::take();
    match take(context, builder, file, &reading) {
        Err(error) => Finding::problem(CHECK, &error),
        Ok(time) if difference(reading.wall, time) > AGREEMENT => {
            let (message, advice) = notices::clock_differs_by_file(reading.wall, time);
            Finding::new(CHECK, Status::Warning, message, advice)
        }
        Ok(time) => Finding::ok(CHECK, notices::clock_repaired(time)),
    }
}

fn take(
    context: &Context,
    builder: &LicensedBuilder,
    file: &Path,
    reading: &Reading,
) -> Result<Instant, Error> {
    let data = &context.data;
    let _lock = Lock::setup(data)?;
    let remembered = PendingFile::of(data, builder, TIME);
    let asked: Option<Asked> = remembered.find()?;
    let Asked { request, question, uptime } = asked.ok_or_else(|| messages::other_request(file))?;
    let response = offline::read(file)?;
    let response = offline::open(&response, &builder.server_key, Some(request), file)?;
    let time = signed_time(builder, question, &response, file)?;
    let memory = ClockFile::of(data, &builder.secret);
    let Some(passed) = reading.uptime.since(&uptime) else {
        // It is at least so late, which is for a memory that is there (`ST-6`).
        let _ = memory.observe(time, reading);
        remembered.forget()?;
        return Err(messages::time_answer_of_another_start(file));
    };
    let believed = memory.look(reading).ok().map(|weighed| weighed.time.instant());
    let counts = Answer { time, passed }.counts(believed);
    put(context, builder, counts, reading)?;
    // Only now that it is on the disk, its answer is needed no more.
    remembered.forget()?;
    Ok(counts)
}

fn signed_time(
    builder: &LicensedBuilder,
    question: TimeQuestion,
    response: &OfflineResponse,
    file: &Path,
) -> Result<Instant, Error> {
    if let Some((error, _)) = offline::refusal(response, &Pending::default(), "trybuy doctor") {
        return Err(error);
    }
    let OfflineOutcome::Time { signed_time } = &response.outcome else {
        return Err(messages::other_request(file));
    };
    question
        .answered(&builder.server_key, signed_time)
        .map_err(|error| messages::other_request(file).caused_by(error))
}
