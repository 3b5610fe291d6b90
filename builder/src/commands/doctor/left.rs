//! What a clock that was ahead has left in the memory of trials (`XD-15`).

use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::Instant;

use crate::client::Server;
use crate::commands::Context;
use crate::decoder::Fetched;
use crate::error::Error;
use crate::library::{self, StateLock, Viewer};
use crate::license::LicensedBuilder;

/// Whether there is anything, by the server's time.
pub(super) fn any(context: &Context, server: &Server) -> bool {
    let (data, now) = (&context.data, server.info().time);
    let viewer = Viewer::new(data);
    let lies_ahead = |id: &ApplicationId| {
        let control = library::clear_copy(data, id).ok()?.untrusted;
        Some(viewer.used(data, id, &control)?.lies_ahead_of(now))
    };
    applications(context).iter().any(|id| lies_ahead(id).unwrap_or(false))
}

/// Takes it back, as the time that the server signed is `now`. What is wrong with a trial is found
/// by the check of the library.
pub(super) fn take_back(context: &Context, builder: &LicensedBuilder, now: Instant) {
    for id in applications(context) {
        let _ = take_back_of(context, builder, &id, now);
    }
}

fn take_back_of(
    context: &Context,
    builder: &LicensedBuilder,
    id: &ApplicationId,
    now: Instant,
) -> Result<(), Error> {
    // Its end decides, so it has to be the server's.
    let trial = Fetched::open(&context.data, id)?.verify(builder)?;
    let control = trial.control();
    let lock = StateLock::wait(&context.data, &builder.secret, id)?;
    let mut state = lock.load(control.trial_id)?;
    // An older file was put back: its end is not the one that counts (`TF-8`).
    if control.head_number < state.head_number || !state.lies_ahead_of(now) {
        return Ok(());
    }
    state.take_back(control, now);
    lock.store(control.trial_id, &state)
}

fn applications(context: &Context) -> Vec<ApplicationId> {
    library::applications(&context.data).unwrap_or_default()
}
