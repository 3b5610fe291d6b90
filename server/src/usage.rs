//! What both command lines say of a wrong one.

use std::ffi::OsString;

use clap::Command;
use trybuy_formats::slug::Slug;

/// The words of clap, as `error[usage]: what happened` and `help: what to do`.
pub(crate) fn refusal(error: &clap::Error, program: &Command, arguments: &[OsString]) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let help = format!("help: see `{} --help`", named(program, arguments));
    format!(
        "error[{}]: {}",
        Slug::Usage,
        text.replace("For more information, try '--help'.", &help)
    )
}

/// The command that the arguments name, as far as there is one: `trybuy-vendor policy set`.
fn named(program: &Command, arguments: &[OsString]) -> String {
    let (mut command, mut name) = (program, program.get_name().to_owned());
    for word in arguments.iter().skip(1) {
        if let Some(found) = command.find_subcommand(word) {
            name = format!("{name} {}", found.get_name());
            command = found;
        }
    }
    name
}
