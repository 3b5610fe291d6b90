//! `trybuy-vendor profile`.

use std::io::Write;

use trybuy_formats::api::{InPlaceOf, SetProfile};
use trybuy_formats::ids::Label;

use super::arguments::{PolicyChanges, ProfileAction};
use super::client::Client;
use super::failure::Failure;
use super::manifest::ApplicationManifest;
use super::{json, policy};

/// Finds what no server is needed for to be refused.
pub(super) fn check(action: &ProfileAction) -> Result<(), Failure> {
    match action {
        ProfileAction::Set { changes, .. } => policy::named(changes),
        _ => Ok(()),
    }
}

/// Does what the command line says.
pub(super) fn profile(
    client: &Client,
    action: &ProfileAction,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match action {
        ProfileAction::List { json } => list(client, *json, out),
        ProfileAction::Set { name, changes } => set(client, name, changes, out),
        ProfileAction::Remove { name } => {
            client.remove_profile(name)?;
            writeln!(out, "profile `{name}` is removed").map_err(Failure::output)
        }
    }
}

fn list(client: &Client, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let answer = client.profiles()?;
    if as_json {
        return json::print(&answer.profiles, out);
    }
    if answer.profiles.is_empty() {
        return writeln!(out, "There are no profiles yet.").map_err(Failure::output);
    }
    let width = answer.profiles.iter().map(|profile| profile.name.as_str().len()).max();
    let width = width.unwrap_or_default();
    answer
        .profiles
        .iter()
        .try_for_each(|profile| {
            writeln!(out, "{:width$}  {}", profile.name, profile.policy.in_words())
        })
        .map_err(Failure::output)
}

/// Changes a profile; a new one is taken from a manifest.
fn set(
    client: &Client,
    name: &Label,
    changes: &PolicyChanges,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let profile = match &changes.from {
        Some(manifest) => {
            let policy = ApplicationManifest::load_policy(manifest)?;
            client.set_profile(name, &SetProfile { policy, in_place_of: None })
        }
        None => policy::again_after_others(|| {
            let before = policy::profile(client, name)?;
            let in_place_of = Some(InPlaceOf { policy: Some(before) });
            let policy = policy::changed(before, changes)?;
            client.set_profile(name, &SetProfile { policy, in_place_of })
        }),
    }?;
    writeln!(out, "{name}: {}", profile.policy.in_words()).map_err(Failure::output)
}
