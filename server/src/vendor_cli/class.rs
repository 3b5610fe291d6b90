//! `trybuy-vendor class`.

use std::io::Write;

use super::arguments::ClassAction;
use super::client::Client;
use super::failure::Failure;
use super::json;

/// Does what the command line says.
pub(super) fn class(
    client: &Client,
    action: &ClassAction,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match action {
        ClassAction::List { json } => list(client, *json, out),
        ClassAction::Create { name, rank } => client.set_class(name, *rank),
        ClassAction::Remove { name } => client.remove_class(name),
        ClassAction::Add { name, members } => {
            members.iter().try_for_each(|member| client.add_member(name, member))
        }
        ClassAction::Drop { name, members } => {
            members.iter().try_for_each(|member| client.remove_member(name, member))
        }
    }
}

fn list(client: &Client, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let answer = client.classes()?;
    if as_json {
        return json::print(&answer.classes, out);
    }
    let mut print = || {
        if answer.classes.is_empty() {
            writeln!(out, "There are no classes yet.")?;
        }
        for class in &answer.classes {
            writeln!(out, "{} (rank {})", class.name, class.rank)?;
            class.members.iter().try_for_each(|member| writeln!(out, "  {member}"))?;
        }
        Ok(())
    };
    print().map_err(Failure::output)
}
