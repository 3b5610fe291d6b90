//! The server's answer to a request file, and what was brought with it.

use std::path::{Path, PathBuf};

use trybuy_formats::api::TrialAnswer;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::offline::{OfflineOutcome, Part};

use super::{Place, Way, fetch, new_head};
use crate::client::HEAD_CAP;
use crate::clock::{ClockFile, Reading};
use crate::commands::Context;
use crate::commands::offline::{self, Pending, PendingFile};
use crate::data_dir;
use crate::error::Error;
use crate::messages::{self, notices};
use crate::output;

/// Takes a trial or license out of a response file, for `try`, `renew` and `buy` alike.
pub(in crate::commands) fn install(
    context: &Context,
    way: Way,
    id: &ApplicationId,
    file: &Path,
) -> Result<(), Error> {
    let place = Place::open(context, way, id)?;
    let remembered = PendingFile::of(&context.data, &place.builder, id.as_str());
    let pending = remembered.load()?;
    let response =
        offline::open(&offline::read(file)?, &place.builder.server_key, pending.request, file)?;
    // It may be old, so it is no word on what this computer's clock says.
    ClockFile::of(&context.data, &place.builder.secret).observe(response.time, &Reading::take())?;
    let command = way.command(id);
    if let Some((error, pending)) = offline::refusal(&response, &pending, &command) {
        remembered.store(&pending)?;
        return Err(error);
    }
    let OfflineOutcome::Trial { answer, part } = response.outcome else {
        return Err(messages::other_request(file));
    };
    if answer.trial.application != *id {
        return Err(messages::other_request(file));
    }
    place.install(*answer, |answer, _| {
        take(&place, &answer, part, &beside(file)).map_err(messages::carried_file_refused)
    })?;
    remembered.store(&Pending::default())
}

/// What belongs to a response stands beside it.
pub(in crate::commands) fn beside(response: &Path) -> PathBuf {
    let mut name = response.as_os_str().to_owned();
    name.push(".file");
    name.into()
}

fn take(place: &Place<'_>, answer: &TrialAnswer, part: Part, path: &Path) -> Result<(), Error> {
    if part == Part::File {
        return fetch::carry(place, answer, path);
    }
    let data = &place.context.data;
    let head = data_dir::read(path, HEAD_CAP)?.ok_or_else(|| messages::carried_missing(path))?;
    let installed = new_head::installed(data, &place.builder, place.id)?;
    let put = match installed {
        Some(installed) => new_head::put(data, &place.builder, &installed, head, answer)?,
        None => None,
    };
    let bytes = put.ok_or_else(|| messages::head_without_file(place.id))?;
    output::notice(&notices::new_head(bytes));
    Ok(())
}
