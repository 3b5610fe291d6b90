//! `trybuy-vendor policy`.

use std::io::Write;

use trybuy_formats::api::{
    FollowPolicies, InPlaceOf, PolicyAnswer, PolicyChange, PolicyEntry, SetPolicy,
};
use trybuy_formats::ids::{ApplicationId, Label, PolicyChangeId};
use trybuy_formats::policy::{Expiration, GraceFrom, Limits, TrialPolicy};
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::{Scope, Subject};
use trybuy_formats::terminal_text::one_line;
use trybuy_formats::words::counted;

use super::arguments::{LimitChange, PolicyAction, PolicyChanges};
use super::choices::ExpirationKind;
use super::client::Client;
use super::failure::Failure;
use super::manifest::ApplicationManifest;
use super::{json, policy_words};

/// Finds what no server is needed for to be refused.
pub(super) fn check(action: &PolicyAction) -> Result<(), Failure> {
    match action {
        PolicyAction::Set { changes, profile: None, .. } => named(changes),
        PolicyAction::Remove { target, .. } if target.scope() == Scope::Application => {
            let what = "the application's own policy can be changed, not removed";
            let help = "name whose is to be removed with `--class` or `--licensee`";
            Err(Failure::new(Slug::Usage, what).with_help(help))
        }
        _ => Ok(()),
    }
}

/// Something has to be named that is to change.
pub(super) fn named(changes: &PolicyChanges) -> Result<(), Failure> {
    if *changes != PolicyChanges::default() {
        return Ok(());
    }
    let help = "name it, for example `--duration 30d` or `--from trybuy.toml`";
    Err(Failure::new(Slug::Usage, "nothing was named that is to change").with_help(help))
}

/// Does what the command line says.
pub(super) fn policy(
    client: &Client,
    action: &PolicyAction,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match action {
        PolicyAction::Show { application, licensee, json } => {
            show(client, application, licensee.as_ref(), *json, out)
        }
        PolicyAction::Set { application, target, changes, profile, apply_to_existing } => {
            let new = Wanted { changes, profile: profile.as_ref() };
            set(client, application, &target.scope(), &new, *apply_to_existing, out)
        }
        PolicyAction::Remove { application, target, apply_to_existing } => {
            remove(client, application, &target.scope(), *apply_to_existing, out)
        }
        PolicyAction::History { application, json } => history(client, application, *json, out),
    }
}

/// Prints the policies of an application, or which one a licensee gets and why.
fn show(
    client: &Client,
    application: &ApplicationId,
    licensee: Option<&Subject>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = client.policies(application, licensee)?;
    if as_json {
        return json::print(&answer, out);
    }
    match licensee {
        Some(licensee) => explain(&answer, licensee, out),
        None => describe(&answer, out),
    }
    .map_err(Failure::output)
}

fn describe(answer: &PolicyAnswer, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", answer.application)?;
    for entry in &answer.policies {
        if entry.scope != Scope::Application {
            writeln!(out, "\nfor {}", whom(&entry.scope))?;
        }
        rows(entry, out)?;
    }
    Ok(())
}

/// "30 days, then 7 days of grace from the first warning: from class `education`".
fn explain(answer: &PolicyAnswer, licensee: &Subject, out: &mut dyn Write) -> std::io::Result<()> {
    let Some((first, others)) = answer.policies.split_first() else { return Ok(()) };
    writeln!(out, "{} for {licensee}", answer.application)?;
    writeln!(out, "{}: from {}", first.policy.in_words(), source(first))?;
    rows(first, out)?;
    if !others.is_empty() {
        writeln!(out, "\nafter it in the order of precedence, and not in force:")?;
    }
    for entry in others {
        writeln!(out, "  {}: from {}", entry.policy.in_words(), source(entry))?;
    }
    Ok(())
}

fn rows(entry: &PolicyEntry, out: &mut dyn Write) -> std::io::Result<()> {
    for (label, value) in policy_words::rows(&entry.policy) {
        writeln!(out, "  {label:12}{value}")?;
    }
    writeln!(out, "  {:12}{}", "changed", entry.changed_at)
}

fn whom(scope: &Scope) -> String {
    match scope {
        Scope::Application => "everybody".to_owned(),
        Scope::Class(class) => format!("class `{class}`"),
        Scope::Licensee(subject) => format!("licensee {subject}"),
    }
}

fn source(entry: &PolicyEntry) -> String {
    match (&entry.scope, &entry.member) {
        (Scope::Application, _) => "the application".to_owned(),
        (scope, Some(member)) => format!("{}, as {member}", whom(scope)),
        (scope, None) => whom(scope),
    }
}

/// What a policy is to be.
struct Wanted<'a> {
    changes: &'a PolicyChanges,
    profile: Option<&'a Label>,
}

impl Wanted<'_> {
    /// The policy, where all of it is named.
    fn whole(&self, client: &Client) -> Result<Option<TrialPolicy>, Failure> {
        match (self.profile, &self.changes.from) {
            (Some(name), _) => profile(client, name).map(Some),
            (None, Some(manifest)) => ApplicationManifest::load_policy(manifest).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// The policy of a profile.
pub(super) fn profile(client: &Client, name: &Label) -> Result<TrialPolicy, Failure> {
    let found = client.profiles()?.profiles.into_iter().find(|profile| profile.name == *name);
    found.map(|profile| profile.policy).ok_or_else(|| {
        Failure::new(Slug::NotFound, format!("there is no profile `{name}`")).with_help(
            "`trybuy-vendor profile list` shows all, and `profile set NAME --from MANIFEST` makes one",
        )
    })
}

/// How often a change is made, where each time somebody else makes another one meanwhile.
const ATTEMPTS: u32 = 10;

/// Makes a change, and once more from what there is then where somebody else changed the same meanwhile,
/// so that both changes are kept.
pub(super) fn again_after_others<T>(
    mut change: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    for _ in 1..ATTEMPTS {
        match change() {
            Err(Failure::Refused { slug: Slug::PolicyChanged, .. }) => {}
            outcome => return outcome,
        }
    }
    change()
}

/// Changes a policy and prints it with what it was before. A new one begins with what was in force without it.
fn set(
    client: &Client,
    application: &ApplicationId,
    scope: &Scope,
    wanted: &Wanted<'_>,
    apply_to_existing: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let whole = wanted.whole(client)?;
    let made = again_after_others(|| {
        let before = in_force(client, application, scope)?;
        let policy = match whole {
            Some(policy) => policy,
            None => changed(before.policy, wanted.changes)?,
        };
        let is_new = before.scope != *scope;
        if policy == before.policy && !is_new && !apply_to_existing {
            return Ok((before, policy, None));
        }
        let in_place_of = Some(InPlaceOf { policy: (!is_new).then_some(before.policy) });
        let change = SetPolicy { policy, profile: wanted.profile.cloned(), in_place_of };
        let answer = client.set_policy(application, scope, &change)?;
        Ok((before, policy, Some(answer)))
    })?;
    let (before, policy, Some(answer)) = made else {
        let words = made.1.in_words();
        return writeln!(out, "{application} has this policy for {} already: {words}", whom(scope))
            .map_err(Failure::output);
    };
    let is_new = before.scope != *scope;
    let mut print = || {
        writeln!(out, "{application} for {}", whom(scope))?;
        if is_new && whole.is_none() {
            writeln!(out, "  {:12}as the policy from {}", "begins", source(&before))?;
        }
        for line in policy_words::after(&before.policy, &policy) {
            writeln!(out, "  {line}")?;
        }
        Ok(())
    };
    print().map_err(Failure::output)?;
    conclude(client, application, answer.change.filter(|_| apply_to_existing), out)
}

/// The policy of a scope, or without one that in its place: for a licensee what is in force for them, for
/// a class the application's own.
fn in_force(
    client: &Client,
    application: &ApplicationId,
    scope: &Scope,
) -> Result<PolicyEntry, Failure> {
    let licensee = match scope {
        Scope::Licensee(subject) => Some(subject),
        Scope::Application | Scope::Class(_) => None,
    };
    let PolicyAnswer { policies, .. } = client.policies(application, licensee)?;
    let own = policies.iter().find(|entry| entry.scope == *scope);
    own.or(policies.first()).cloned().ok_or_else(|| {
        Failure::new(Slug::ServerError, "the server answers no policy of the application")
    })
}

/// Removes a policy.
fn remove(
    client: &Client,
    application: &ApplicationId,
    scope: &Scope,
    apply_to_existing: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = client.remove_policy(application, scope)?;
    writeln!(out, "{application} has no policy for {} any more", whom(scope))
        .map_err(Failure::output)?;
    conclude(client, application, answer.change.filter(|_| apply_to_existing), out)
}

/// Lets the trials that have begun follow a change, where that is wanted, and says what became of them.
fn conclude(
    client: &Client,
    application: &ApplicationId,
    follow: Option<PolicyChangeId>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Some(change) = follow else {
        return writeln!(out, "Trials to come follow it; those that have begun keep theirs.")
            .map_err(Failure::output);
    };
    let mut changed = 0_u64;
    let mut after = None;
    loop {
        let answer = client.follow_policies(application, FollowPolicies { change, after })?;
        changed = changed.saturating_add(answer.changed);
        match answer.next {
            // A server that names the same place again would be asked for ever.
            Some(next) if after < Some(next) => after = Some(next),
            _ => break,
        }
    }
    let trials = counted(changed, "trial", "trials");
    writeln!(
        out,
        "Trials to come follow it, and {trials} that had begun: their users get it when \
        they are next online."
    )
    .map_err(Failure::output)
}

/// Prints the changes of an application's policies.
fn history(
    client: &Client,
    application: &ApplicationId,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let changes = client.policy_history(application)?.changes;
    if as_json {
        return json::print(&changes, out);
    }
    if changes.is_empty() {
        return writeln!(out, "The policy of {application} is the one it was published with.")
            .map_err(Failure::output);
    }
    let older = |place: usize| changes.get(place + 1..).unwrap_or_default();
    let mut places = changes.iter().enumerate();
    places.try_for_each(|(place, change)| tell(change, older(place), out)).map_err(Failure::output)
}

/// One change, with what it changed of the policy that the same scope had before, where that is known.
fn tell(change: &PolicyChange, older: &[PolicyChange], out: &mut dyn Write) -> std::io::Result<()> {
    let PolicyChange { scope, policy, profile, applied_to, changed_at, changed_by } = change;
    let what = if policy.is_some() { "set" } else { "removed" };
    write!(out, "{changed_at}  {}: {what}", whom(scope))?;
    if let Some(profile) = profile {
        write!(out, " from profile `{profile}`")?;
    }
    if let Some(number) = applied_to {
        write!(out, ", applied to {number} existing")?;
    }
    writeln!(out, ", by {}", one_line(changed_by))?;
    let Some(policy) = policy else { return Ok(()) };
    let before = older.iter().find(|older| older.scope == *scope).and_then(|older| older.policy);
    let lines = match &before {
        Some(before) if before == policy => vec!["as before".to_owned()],
        Some(before) => policy_words::changes(before, policy),
        None => policy_words::after(policy, policy),
    };
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

/// The policy with what was named changed.
pub(super) fn changed(
    before: TrialPolicy,
    changes: &PolicyChanges,
) -> Result<TrialPolicy, Failure> {
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
