//! `trybuy-vendor class`.

use std::fmt::Arguments;
use std::io::Write;

use trybuy_formats::ids::Label;

use super::arguments::ClassAction;
use super::client::Client;
use super::failure::Failure;
use super::json;

/// The rank of a class that is made without one.
const USUAL_RANK: u32 = 100;

/// Does what the command line says.
pub(super) fn class(
    client: &Client,
    action: &ClassAction,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match action {
        ClassAction::List { json } => list(client, *json, out),
        ClassAction::Create { name, rank } => create(client, name, *rank, out),
        ClassAction::Remove { name } => {
            client.remove_class(name)?;
            say(out, format_args!("class `{name}` is removed"))
        }
        ClassAction::Add { name, members } => members.iter().try_for_each(|member| {
            client.add_member(name, member)?;
            say(out, format_args!("{member} is a member of class `{name}`"))
        }),
        ClassAction::Drop { name, members } => members.iter().try_for_each(|member| {
            client.remove_member(name, member)?;
            say(out, format_args!("{member} is no member of class `{name}` any more"))
        }),
    }
}

/// Makes a class. One that is there keeps its rank where none is named.
fn create(
    client: &Client,
    name: &Label,
    rank: Option<u32>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let rank = match rank {
        Some(rank) => rank,
        None => {
            let there = client.classes()?.classes.into_iter().find(|class| class.name == *name);
            there.map_or(USUAL_RANK, |class| class.rank)
        }
    };
    client.set_class(name, rank)?;
    say(out, format_args!("class `{name}` has rank {rank}"))
}

fn say(out: &mut dyn Write, line: Arguments<'_>) -> Result<(), Failure> {
    writeln!(out, "{line}").map_err(Failure::output)
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
