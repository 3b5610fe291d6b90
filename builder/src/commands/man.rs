//! `trybuy man`: the manual pages.

use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::error::Error;
use crate::messages;

pub(super) fn man(directory: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(|error| messages::local_file("write the manual pages into", directory, error))
}
