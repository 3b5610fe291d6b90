//! The days on which trials were run for the first time: told where the holder of the Builder chose so.

use trybuy_formats::api::TrialSummary;

use super::Context;
use crate::client::{Server, Signer};
use crate::error::Error;
use crate::library;
use crate::license::LicensedBuilder;

/// Tells what the server does not know yet.
pub(super) fn report(
    context: &Context,
    builder: &LicensedBuilder,
    server: &Server,
    signer: &Signer,
    trials: &[TrialSummary],
) -> Result<(), Error> {
    if !builder.server.report_first_run {
        return Ok(());
    }
    for trial in trials.iter().filter(|trial| trial.first_run_on.is_none()) {
        let day = library::first_run(&context.data, &builder.secret, &trial.application, trial.id);
        if let Some(day) = day {
            server.report_first_run(trial.id, day, signer)?;
        }
    }
    Ok(())
}
