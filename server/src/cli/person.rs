//! `trybuy-server person`: what is stored about somebody, and its deletion.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::Email;
use trybuy_formats::keys::email_key;
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::Subject;
use trybuy_formats::words::counted;

use super::arguments::Database;
use super::failure::Failure;
use super::{open, output};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::keys::ServerKeys;
use crate::store::{Builder, Person, PersonQuery, PersonRule, Store, TrialRecord};

/// The longest answer that is read, in bytes.
const ANSWER: u64 = 64;

/// Shows everything that is stored about a person.
pub(super) fn show(
    data_dir: &DataDir,
    database: Database,
    who: &Subject,
    as_json: bool,
) -> Result<()> {
    let person = with_person(data_dir, database, who, async |_, _, person| Ok(person))?;
    let lines = if as_json {
        serde_json::to_string_pretty(&person_as_json(&person))? + "\n"
    } else {
        person_as_lines(&person)
    };
    output::print(&lines)
}

/// Deletes a person, after a question where there is somebody to ask.
pub(super) fn delete(
    data_dir: &DataDir,
    database: Database,
    who: &Subject,
    yes: bool,
) -> Result<()> {
    let now = SystemClock.now();
    let cleared = with_person(data_dir, database, who, async |store, query, person| {
        if !yes {
            confirm(&query.mailbox, &person)?;
        }
        store.delete_person(query, now).await?;
        Ok(store.clear_log().await?)
    })?;
    eprintln!("deleted: names, addresses and codes; licensee ids and the count of trials stay");
    if !cleared {
        eprintln!(
            "note: a running server keeps the database's log for now; it is overwritten in time, or \
             by the same command again"
        );
    }
    Ok(())
}

/// Finds the person, who has to be there, and does something with what is found.
fn with_person<T>(
    data_dir: &DataDir,
    database: Database,
    who: &Subject,
    work: impl AsyncFnOnce(&Store, &PersonQuery, Person) -> Result<T>,
) -> Result<T> {
    let config = Config::load(data_dir, database.into())?;
    let keys = ServerKeys::load(data_dir)?;
    open::runtime()?.block_on(async {
        let store = open::store(&config.database).await?;
        let mailbox = mailbox(&store, who).await?;
        let query = PersonQuery { email_key: email_key(keys.master(), &mailbox), mailbox };
        let person = store.person(&query).await?.ok_or_else(|| nobody(who))?;
        let outcome = work(&store, &query, person).await;
        store.close().await;
        outcome
    })
}

async fn mailbox(store: &Store, who: &Subject) -> Result<Email> {
    match who {
        Subject::Email(mailbox) => Ok(mailbox.clone()),
        Subject::Licensee(id) => {
            let email = store.email_of(*id).await?.ok_or_else(|| nobody(who))?;
            Ok(email.mailbox())
        }
        Subject::Domain(_) => {
            let failure = Failure::new(Slug::Usage, format!("{who} is not one person"));
            Err(failure.help("name an e-mail address or a licensee id").into())
        }
    }
}

fn nobody(who: &Subject) -> Failure {
    Failure::new(Slug::NotFound, format!("nothing is stored about {who}"))
        .help("`trybuy-vendor requests` shows addresses and, with `--json`, licensee ids")
}

fn confirm(mailbox: &Email, person: &Person) -> Result<()> {
    if !io::stdin().is_terminal() {
        let failure = Failure::new(Slug::Usage, "there is no terminal to ask on");
        return Err(failure.help("add `--yes`").into());
    }
    eprint!(
        "Delete {mailbox}: {}, {}, {}? It cannot be undone. [y/N] ",
        counted(person.builders.len() as u64, "Builder", "Builders"),
        counted(person.trials.len() as u64, "trial", "trials"),
        counted(person.rules.len() as u64, "rule of vendors", "rules of vendors")
    );
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().take(ANSWER).read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Slug::Usage, "nothing was deleted").help("answer with y to delete").into())
}

fn person_as_json(person: &Person) -> Value {
    let Person { licensees, builders, trials, rules } = person;
    json!({
        "licensee_ids": licensees,
        "builders": builders.iter().map(builder_as_json).collect::<Vec<_>>(),
        "trials": trials.iter().map(trial_as_json).collect::<Vec<_>>(),
        "rules": rules.iter().map(rule_as_json).collect::<Vec<_>>(),
    })
}

fn builder_as_json(builder: &Builder) -> Value {
    let facts = &builder.facts;
    json!({
        "license_id": facts.license_id,
        "licensee_id": facts.licensee_id,
        "name": facts.name,
        "email": facts.email,
        "email_verified_at": builder.email_verified_at,
        "platform": facts.platform,
        "version": facts.version,
        "builder_key_id": facts.builder_key_id,
        "terms_digest": facts.terms_digest,
        "registered_at": facts.created_at,
        "renewed_at": builder.renewed_at,
        "ends_at": facts.ends_at,
        "revoked_at": builder.revoked_at,
    })
}

fn trial_as_json(record: &TrialRecord) -> Value {
    let trial = &record.trial;
    json!({
        "trial_id": trial.id,
        "application": trial.application,
        "version": record.version,
        "platform": trial.platform,
        "kind": trial.kind,
        "license_id": trial.license_id,
        "licensee_id": trial.licensee_id,
        "requested_at": trial.requested_at,
        "ends_at": trial.ends_at,
        "extended_to": trial.extended_to,
        "purchased_at": trial.purchase.map(|purchase| purchase.at),
        "purchase_key": trial.purchase.and_then(|purchase| purchase.key).map(|key| key.to_string()),
        "relicensing_digest": trial.purchase.and_then(|purchase| purchase.terms),
        "delivered_at": record.delivered_at,
        "first_run_on": record.first_run_on,
        "terms_digest": trial.terms_digest,
        "acceptance": trial.acceptance,
        "accepted_as": trial.accepted_as,
    })
}

fn rule_as_json(rule: &PersonRule) -> Value {
    let PersonRule { kind, subject, vendor, detail } = rule;
    json!({ "kind": kind, "subject": subject, "vendor": vendor, "detail": detail })
}

fn person_as_lines(person: &Person) -> String {
    let licensees = person.licensees.iter().map(|id| format!("licensee  {id}\n"));
    let builders = person.builders.iter().map(builder_as_line);
    let trials = person.trials.iter().map(trial_as_line);
    let rules = person.rules.iter().map(rule_as_line);
    licensees.chain(builders).chain(trials).chain(rules).collect()
}

fn builder_as_line(builder: &Builder) -> String {
    let facts = &builder.facts;
    let verified = if builder.email_verified_at.is_some() { ", verified" } else { "" };
    let state = builder.revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
    format!(
        "builder   {}  {}  {}  {state}  {} <{}>{verified}\n",
        facts.license_id, facts.created_at, facts.platform, facts.name, facts.email
    )
}

fn trial_as_line(record: &TrialRecord) -> String {
    let trial = &record.trial;
    let end = trial.ends_at.map_or_else(|| "never".to_owned(), |end| end.to_string());
    let accepted = trial.accepted_as.as_ref().map(|name| format!("  accepted as {name}"));
    format!(
        "trial     {}  {}  {end}  {} {}{}\n",
        trial.id,
        trial.requested_at,
        trial.application,
        record.version,
        accepted.unwrap_or_default()
    )
}

fn rule_as_line(rule: &PersonRule) -> String {
    let PersonRule { kind, subject, vendor, detail } = rule;
    let detail = detail.as_deref().unwrap_or_default();
    format!("{kind:9} {subject}  {vendor}  {detail}").trim_end().to_owned() + "\n"
}
