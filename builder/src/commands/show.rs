//! `trybuy show`: everything about one application of the catalog.

use super::{Context, contact};
use crate::cli::ShowArguments;
use crate::error::Error;
use crate::messages::notices;
use crate::output;

pub(super) fn show(context: &Context, arguments: &ShowArguments) -> Result<(), Error> {
    let server = contact::connect_to_read(context)?;
    let details = server.application(&arguments.application)?;
    if arguments.json {
        output::print_json(&details)
    } else {
        output::print(&notices::application(&details))
    }
}
