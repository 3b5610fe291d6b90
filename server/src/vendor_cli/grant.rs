//! `trybuy-vendor grant`.

use std::io::Write;

use trybuy_formats::api::{Gift, GiveLicensee};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::subject::Subject;

use super::client::Client;
use super::failure::Failure;

/// Gives something to one licensee, and says what they have then.
pub(super) fn grant(
    client: &Client,
    application: &ApplicationId,
    licensee: &Subject,
    gift: Gift,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let request = GiveLicensee { licensee: licensee.clone(), gift };
    let answer = client.give(application, &request)?;
    let until = match answer.ends_at {
        Some(end) => format!("until {end}"),
        None => "without an end".to_owned(),
    };
    let what = match gift {
        Gift::Trials { number } => {
            format!("may have {number} more of the trials of {application}")
        }
        Gift::Extension { .. } => format!("may try {application} {until}"),
        Gift::License { .. } => format!("has the full license of {application} {until}"),
    };
    writeln!(out, "{licensee} {what}.").map_err(Failure::output)?;
    match gift {
        Gift::Trials { .. } => Ok(()),
        _ => writeln!(out, "Their Builder gets it when it is next online, or with `trybuy renew`.")
            .map_err(Failure::output),
    }
}
