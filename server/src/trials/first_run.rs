//! The day on which a trial was run for the first time, as its Builder reports it.

use trybuy_formats::ids::TrialId;
use trybuy_formats::instant::Instant;

use super::delivery::{DeliveryError, own};
use crate::app::App;
use crate::store::Builder;

/// Remembers the day, and answers the one that is on record: the first report counts.
///
/// # Errors
/// When the trial is not the Builder's.
pub(super) async fn report(
    app: &App,
    builder: &Builder,
    trial: TrialId,
    said: Instant,
) -> Result<Instant, DeliveryError> {
    let (record, _) = own(app, builder, trial).await?;
    let day = within(said, record.trial.requested_at, app.clock.now());
    app.store.report_first_run(trial, day).await?;
    let (record, _) = own(app, builder, trial).await?;
    Ok(record.first_run_on.unwrap_or(day))
}

/// Nothing was run before it was requested, and nothing was run tomorrow: a Builder whose clock was wrong is
/// not asked again.
fn within(said: Instant, requested_at: Instant, now: Instant) -> Instant {
    Instant::start_of_day(said.clamp(requested_at, now.max(requested_at)).day_number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_run_lies_between_the_request_and_today() {
        let at = |seconds| Instant::from_unix(seconds).expect("in range");
        const DAY: i64 = 86_400;
        for (said, expected) in
            [(0, 10), (10 * DAY, 10), (11 * DAY + 5, 11), (12 * DAY, 12), (99 * DAY, 12)]
        {
            let day = within(at(said), at(10 * DAY + 7), at(12 * DAY + 7));
            assert_eq!(day, at(expected * DAY), "{said}");
        }
        // The server's clock was set back since.
        assert_eq!(within(at(0), at(10 * DAY), at(5 * DAY)), at(10 * DAY));
    }
}
