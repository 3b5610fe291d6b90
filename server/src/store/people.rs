//! Everything that is stored about one person, to be shown to them, or deleted.

use std::collections::BTreeSet;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Executor as _};
use trybuy_formats::ids::{Email, EmailKey, LicenseeId, Name};
use trybuy_formats::instant::Instant;

use super::columns::Columns;
use super::connections::{Engine, in_time};
use super::transaction::{Finish, Operation};
use super::{Builder, Store, StoreError, TrialRecord, licensees};

/// What stands where an e-mail address was deleted.
pub(super) const DELETED_EMAIL: &str = "deleted@invalid";
/// What stands where a name was deleted.
const DELETED_NAME: &str = "deleted";

/// By what a person is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonQuery {
    /// The address, as [`Email::mailbox`] spells it.
    pub mailbox: Email,
    /// Its key.
    pub email_key: EmailKey,
}

/// What is stored about one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The licensee ids: one, but for Builders from before each address had its own.
    pub licensees: Vec<LicenseeId>,
    /// The Builders.
    pub builders: Vec<Builder>,
    /// The trials, with what was accepted and how.
    pub trials: Vec<TrialRecord>,
    /// The rules of vendors that name the person.
    pub rules: Vec<PersonRule>,
}

/// A vendor's rule that names a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonRule {
    /// What it is: `block`, `class`, `policy`, `policy-change`, `allowance`, `gift`, `refusal` or
    /// `key`.
    pub kind: String,
    /// By what it names the person.
    pub subject: String,
    /// The vendor.
    pub vendor: Name,
    /// The class, the application with what was given, or the reason.
    pub detail: Option<String>,
}

/// A deletion of a person, and when.
struct Deletion<'a> {
    person: &'a PersonQuery,
    now: Instant,
}

/// Builders from before each address had a licensee are found by their address. What begins like it is
/// compared once more.
const BUILDERS: &str = "SELECT * FROM builders WHERE licensee_id = $1 \
    OR (email <> $2 AND substr(lower(email), 1, length($3)) = $3) ORDER BY created_at, license_id";
const EMAIL_OF: &str = "SELECT email FROM builders WHERE licensee_id = $1 AND email <> $2 \
    ORDER BY created_at DESC LIMIT 1";
const RULES: &str = "SELECT 'block' AS kind, subject, vendors.name AS vendor, reason AS detail \
        FROM blocks JOIN vendors ON vendors.id = blocks.vendor_id WHERE subject = $1 \
    UNION ALL SELECT 'class', subject, vendors.name, class \
        FROM class_members JOIN vendors ON vendors.id = class_members.vendor_id WHERE subject = $1 \
    UNION ALL SELECT 'policy', scope, vendors.name, application FROM policy_overrides \
        JOIN applications ON applications.id = policy_overrides.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE scope = $1 \
    UNION ALL SELECT 'policy-change', scope, vendors.name, application FROM policy_changes \
        JOIN applications ON applications.id = policy_changes.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE scope = $1 \
    UNION ALL SELECT 'allowance', licensee_id, vendors.name, \
            application || ' ' || CAST(trials AS TEXT) FROM allowances \
        JOIN applications ON applications.id = allowances.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE licensee_id = $1 \
    UNION ALL SELECT 'gift', licensee_id, vendors.name, application || ' ' || gift FROM gifts \
        JOIN applications ON applications.id = gifts.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE licensee_id = $1 \
    UNION ALL SELECT 'refusal', licensee_id, vendors.name, application FROM refusals \
        JOIN applications ON applications.id = refusals.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE licensee_id = $1 \
    UNION ALL SELECT 'key', licensee_id, vendors.name, application FROM purchase_keys \
        JOIN key_batches ON key_batches.id = purchase_keys.batch_id \
        JOIN applications ON applications.id = key_batches.application \
        JOIN vendors ON vendors.id = applications.vendor_id WHERE licensee_id = $1";

/// What a deletion does with each Builder ($1) of the person.
const DELETE_FROM_BUILDER: [&str; 2] = [
    "DELETE FROM acceptance_codes WHERE license_id = $1",
    "DELETE FROM email_codes WHERE license_id = $1",
];
const ANONYMISE_BUILDER: &str = "UPDATE builders SET name = $2, email = $3, \
    revoked_at = COALESCE(revoked_at, $4) WHERE license_id = $1";
const ANONYMISE_TRIALS: &str = "UPDATE trials SET accepted_as = $2 \
    WHERE license_id = $1 AND accepted_as IS NOT NULL";
/// What it does with rules that name the address ($1). Rules about the licensee id name nobody any more.
/// Another table that holds addresses belongs here.
const DELETE_RULES: [&str; 3] = [
    "DELETE FROM blocks WHERE subject = $1",
    "DELETE FROM class_members WHERE subject = $1",
    "DELETE FROM policy_overrides WHERE scope = $1",
];
/// The history of policies stays, without the address.
const ANONYMISE_CHANGES: &str = "UPDATE policy_changes SET scope = $2 WHERE scope = $1";
/// A vendor's words on a licensee may name the person.
const FORGET_REASONS: &str = "UPDATE blocks SET reason = NULL WHERE subject = $1";

impl Store {
    /// The address that a licensee gave last; none if there is no such licensee, or it was deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn email_of(&self, licensee: LicenseeId) -> Result<Option<Email>, StoreError> {
        let query = sqlx::query(EMAIL_OF).bind(licensee.to_string()).bind(DELETED_EMAIL);
        let row = self.fetch_optional(query).await?;
        row.map(|row| Columns(&row).text("email")).transpose()
    }

    /// Everything that is stored about a person; none if that is nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn person(&self, query: &PersonQuery) -> Result<Option<Person>, StoreError> {
        let found = in_time(async {
            let mut connection = self.readers.acquire().await?;
            query.find(&mut connection).await
        });
        let (licensees, builders) = found.await?;
        let mut trials = Vec::new();
        for builder in &builders {
            trials.extend(self.trials_of(builder.facts.license_id).await?);
        }
        let mut rules = self.rules_about(query.mailbox.as_str()).await?;
        for licensee in &licensees {
            rules.extend(self.rules_about(&licensee.to_string()).await?);
        }
        let person = Person { licensees: licensees.into_iter().collect(), builders, trials, rules };
        Ok((!person.licensees.is_empty() || !person.rules.is_empty()).then_some(person))
    }

    async fn rules_about(&self, subject: &str) -> Result<Vec<PersonRule>, StoreError> {
        let rows = self.fetch_all(sqlx::query(RULES).bind(subject)).await?;
        rows.iter().map(|row| PersonRule::from_columns(Columns(row))).collect()
    }

    /// Deletes a person: names and addresses, codes, and rules that name the address. Licensee ids, trials
    /// and dates stay, and the key of the address, so that nobody gains a trial by it.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was deleted then.
    pub async fn delete_person(
        &self,
        person: &PersonQuery,
        now: Instant,
    ) -> Result<(), StoreError> {
        self.write(&Deletion { person, now }).await
    }

    /// Has what was deleted leave the file as well: on SQLite, what was written before stands in the log
    /// beside it until that begins anew. Answers whether it did; a reader may be in the way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn clear_log(&self) -> Result<bool, StoreError> {
        match self.engine {
            Engine::Postgres => Ok(true),
            Engine::Sqlite => {
                let query = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
                let row: AnyRow =
                    in_time(async { Ok(query.fetch_one(&self.writer).await?) }).await?;
                Ok(Columns(&row).number::<i64>("busy")? == 0)
            }
        }
    }
}

impl PersonQuery {
    /// The licensee ids and the Builders of the person.
    async fn find(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<(BTreeSet<LicenseeId>, Vec<Builder>), StoreError> {
        let licensee = licensees::find(connection, &self.email_key).await?;
        let (name, _) = self.mailbox.as_str().rsplit_once('@').unwrap_or_default();
        let query = sqlx::query(BUILDERS)
            .bind(licensee.map(|licensee| licensee.to_string()))
            .bind(DELETED_EMAIL)
            .bind(name);
        let rows = connection.fetch_all(query).await?;
        let mut builders = Vec::new();
        for row in &rows {
            let builder = Builder::from_columns(Columns(row))?;
            let facts = &builder.facts;
            if Some(facts.licensee_id) == licensee || facts.email.mailbox() == self.mailbox {
                builders.push(builder);
            }
        }
        let own = builders.iter().map(|builder| builder.facts.licensee_id);
        Ok((own.chain(licensee).collect(), builders))
    }
}

impl Operation for Deletion<'_> {
    type Answer = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        let (licensees, builders) = self.person.find(connection).await?;
        for builder in &builders {
            self.anonymise(connection, builder).await?;
        }
        let mailbox = self.person.mailbox.as_str();
        for statement in DELETE_RULES {
            sqlx::query(statement).bind(mailbox).execute(&mut *connection).await?;
        }
        let changes = sqlx::query(ANONYMISE_CHANGES).bind(mailbox).bind(DELETED_EMAIL);
        changes.execute(&mut *connection).await?;
        for licensee in licensees {
            let query = sqlx::query(FORGET_REASONS).bind(licensee.to_string());
            query.execute(&mut *connection).await?;
        }
        Ok(Finish::Commit(()))
    }
}

impl Deletion<'_> {
    async fn anonymise(
        &self,
        connection: &mut AnyConnection,
        builder: &Builder,
    ) -> Result<(), StoreError> {
        let license = builder.facts.license_id.to_string();
        for statement in DELETE_FROM_BUILDER {
            sqlx::query(statement).bind(license.as_str()).execute(&mut *connection).await?;
        }
        sqlx::query(ANONYMISE_BUILDER)
            .bind(license.as_str())
            .bind(DELETED_NAME)
            .bind(DELETED_EMAIL)
            .bind(self.now.unix())
            .execute(&mut *connection)
            .await?;
        let trials = sqlx::query(ANONYMISE_TRIALS).bind(license).bind(DELETED_NAME);
        trials.execute(connection).await?;
        Ok(())
    }
}

impl PersonRule {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            kind: columns.text("kind")?,
            subject: columns.text("subject")?,
            vendor: columns.text("vendor")?,
            detail: columns.optional_text("detail")?,
        })
    }
}
