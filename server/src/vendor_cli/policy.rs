//! `trybuy-vendor policy show` and `policy set`.

use std::io::Write;

use trybuy_formats::api::PolicyAnswer;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::policy::{Expiration, GraceFrom, Limits, TrialPolicy};
use trybuy_formats::slug::Slug;

use super::arguments::{LimitChange, PolicyChanges};
use super::choices::ExpirationKind;
use super::client::Client;
use super::failure::Failure;
use super::manifest::ApplicationManifest;
use super::{json, policy_words};

/// Prints the policy of an application.
pub(super) fn show(
    client: &Client,
    application: &ApplicationId,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = client.policy(application)?;
    if as_json {
        return json::print(&answer, out);
    }
    describe(&answer, out).map_err(Failure::output)
}

fn describe(answer: &PolicyAnswer, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", answer.application)?;
    for (label, value) in policy_words::rows(&answer.policy) {
        writeln!(out, "  {label:12}{value}")?;
    }
    writeln!(out, "  {:12}{}", "changed", answer.changed_at)
}

/// Changes the policy of an application and prints before and after.
pub(super) fn set(
    client: &Client,
    application: &ApplicationId,
    changes: &PolicyChanges,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // A manifest that is wrong is found before the server is asked.
    let manifest = changes.from.as_deref().map(ApplicationManifest::load_policy).transpose()?;
    let before = client.policy(application)?.policy;
    let wanted = match manifest {
        Some(policy) => policy,
        None => changed(before, changes)?,
    };
    if wanted == before {
        return writeln!(out, "{application} has this policy already: {}", before.in_words())
            .map_err(Failure::output);
    }
    let after = client.set_policy(application, wanted)?.policy;
    let mut print = || {
        writeln!(out, "{application}")?;
        for line in policy_words::changes(&before, &after) {
            writeln!(out, "  {line}")?;
        }
        writeln!(out, "Trials to come follow it; those that have begun keep theirs.")
    };
    print().map_err(Failure::output)
}

/// The policy with what was named changed.
fn changed(before: TrialPolicy, changes: &PolicyChanges) -> Result<TrialPolicy, Failure> {
    let policy = TrialPolicy {
        duration: changes.duration.unwrap_or(before.duration),
        expiration: expiration(before.expiration, changes)?,
        limits: limits(before.limits, changes),
        on_expiry: changes.on_expiry.unwrap_or(before.on_expiry),
        trials: changes.trials.unwrap_or(before.trials),
        between: change(before.between, changes.between),
        acceptance: changes.acceptance.unwrap_or(before.acceptance),
        layout: changes.layout.unwrap_or(before.layout),
    };
    policy.validate().map_err(|invalid| Failure::new(Slug::Usage, invalid.to_string()))?;
    Ok(policy)
}

fn expiration(before: Expiration, changes: &PolicyChanges) -> Result<Expiration, Failure> {
    let usage = |what: &str, help: &str| Err(Failure::new(Slug::Usage, what).with_help(help));
    let named = changes.grace.is_some() || changes.grace_from.is_some();
    let (from, grace) = match (changes.expiration, before) {
        (Some(ExpirationKind::Hard), _) if named => {
            let help = "leave out --grace and --grace-from, or use `--expiration soft`";
            return usage("a hard expiration has no grace", help);
        }
        (Some(ExpirationKind::Hard), _) => return Ok(Expiration::Hard {}),
        (None, Expiration::Hard {}) if named => {
            return usage("the expiration is hard and has no grace", "add `--expiration soft`");
        }
        (None, Expiration::Hard {}) => return Ok(Expiration::Hard {}),
        (Some(ExpirationKind::Soft), Expiration::Hard {}) => (None, None),
        (_, Expiration::Soft { from, grace }) => (Some(from), Some(grace)),
    };
    let Some(grace) = changes.grace.or(grace) else {
        return usage("a soft expiration needs a grace", "add for example `--grace 7d`");
    };
    let from = changes.grace_from.or(from).unwrap_or(GraceFrom::Expiration);
    Ok(Expiration::Soft { from, grace })
}

fn change<T>(before: Option<T>, change: Option<LimitChange<T>>) -> Option<T> {
    change.map_or(before, |LimitChange(limit)| limit)
}

fn limits(before: Limits, changes: &PolicyChanges) -> Limits {
    Limits {
        launches: change(before.launches, changes.max_launches),
        running: change(before.running, changes.max_running),
        days: change(before.days, changes.max_days),
    }
}

#[cfg(test)]
mod tests;
