//! `trybuy remove`: removes an application. What is remembered of its trial stays.

use super::Context;
use crate::cli::RemoveArguments;
use crate::data_dir::{self, Lock};
use crate::error::Error;
use crate::library;
use crate::messages::{self, notices};
use crate::output::{self, prompt};

pub(super) fn remove(context: &Context, arguments: &RemoveArguments) -> Result<(), Error> {
    let (data, id) = (&context.data, &arguments.application);
    let file = library::file_of(data, id);
    let download = data.download(id);
    if !file.exists() && !download.exists() {
        return Err(messages::not_installed(id.as_str()));
    }
    let name = library::clear_copy(data, id)
        .map_or_else(|_| id.to_string(), |clear| clear.untrusted.name.to_string());
    if !arguments.yes && !confirm(&name)? {
        output::notice(notices::NOTHING_REMOVED);
        return Ok(());
    }
    let _lock = Lock::application(data, id)?;
    data_dir::remove(&file)?;
    data_dir::remove(&data.application(id).join("source.json"))?;
    if data.application(id).exists() {
        data_dir::remove_leftovers(&data.application(id));
        data_dir::sync_directory(&data.application(id))?;
    }
    data_dir::remove_folder(&download)?;
    output::notice(&notices::removed(&name));
    Ok(())
}

fn confirm(name: &str) -> Result<bool, Error> {
    if prompt::is_possible() {
        Ok(prompt::confirm(&notices::ask_remove(name)))
    } else {
        Err(messages::remove_needs_a_flag(name))
    }
}
