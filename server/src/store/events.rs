//! What happened that webhooks are to be told.
//!
//! Nothing is recorded when it happens, so that granting a trial costs no more. Instead everything since
//! each webhook's `seen_from` is looked for again and again, and each event becomes one delivery: the
//! unique key of the table lets each in once. `seen_from` stays [`OVERLAP`] behind the clock: what was
//! dated before and is committed later is not missed, as long as that takes less time.

use sqlx::AnyConnection;
use trybuy_formats::api::{EventFacts, EventKind};
use trybuy_formats::ids::{DeliveryId, WebhookId};
use trybuy_formats::instant::{Instant, Span};

use super::columns::Columns;
use super::transaction::{Finish, Isolation, Operation};
use super::{Store, StoreError};

/// Longer than a request, the [deadline](super::DEADLINE) of its commit and the difference between the
/// clocks of several servers take together.
const OVERLAP: Span = Span::seconds(120);
/// How far `seen_from` falls behind before it is written again.
const LAG: Span = Span::seconds(60);
/// The most events of one kind that are taken up at once.
const BATCH: usize = 500;

/// Where the events of a kind come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventSource {
    kind: EventKind,
    statement: &'static str,
}

/// A statement that finds what happened. On SQLite, CROSS JOIN keeps the order of the tables: each begins
/// with the range of an index.
macro_rules! happened {
    ($subject:literal, $when:literal, $from:literal, $which:literal) => {
        concat!(
            "SELECT webhooks.id AS webhook_id, ",
            $subject,
            " AS subject, ",
            $when,
            " AS occurred_at FROM ",
            $from,
            " WHERE ",
            $when,
            " >= $1 AND ",
            $when,
            " <= $2 AND ",
            $which,
            " AND applications.vendor_id = webhooks.vendor_id AND webhooks.disabled_at IS NULL \
                AND webhooks.events LIKE $3 AND ",
            $when,
            " >= webhooks.seen_from AND NOT EXISTS (SELECT 1 FROM deliveries \
                WHERE deliveries.webhook_id = webhooks.id AND deliveries.event = $4 \
                AND deliveries.subject = ",
            $subject,
            " AND deliveries.occurred_at = ",
            $when,
            ") ORDER BY ",
            $when,
            ", ",
            $subject,
            " LIMIT $5"
        )
    };
}

impl EventSource {
    /// All there are. What does not count as a trial of its own, such as the same one on another
    /// Builder, is told once; so is a license that a vendor gives to somebody with several Builders. A trial
    /// that was bought has not expired.
    pub const ALL: [Self; 4] = [
        Self {
            kind: EventKind::TrialRequested,
            statement: happened!(
                "trials.id",
                "trials.requested_at",
                "webhooks CROSS JOIN applications CROSS JOIN trials",
                "trials.application = applications.id AND trials.counted = 1"
            ),
        },
        Self {
            kind: EventKind::TrialExpired,
            statement: happened!(
                "trials.id",
                "trials.ends_at",
                "trials CROSS JOIN applications CROSS JOIN webhooks",
                "applications.id = trials.application \
                AND (trials.counted = 1 OR trials.purchased_at IS NOT NULL) \
                AND NOT EXISTS (SELECT 1 FROM trials AS bought \
                    WHERE bought.application = trials.application \
                    AND bought.licensee_id = trials.licensee_id \
                    AND bought.purchased_at IS NOT NULL AND bought.id <> trials.id \
                    AND (bought.ends_at IS NULL OR bought.ends_at > trials.ends_at \
                        OR (bought.ends_at = trials.ends_at AND bought.id < trials.id)))"
            ),
        },
        Self {
            kind: EventKind::LicensePurchased,
            statement: happened!(
                "trials.id",
                "trials.purchased_at",
                "trials CROSS JOIN applications CROSS JOIN webhooks",
                "applications.id = trials.application \
                AND NOT EXISTS (SELECT 1 FROM trials AS earlier \
                    WHERE earlier.application = trials.application \
                    AND earlier.licensee_id = trials.licensee_id \
                    AND COALESCE(earlier.purchase_key, '') = COALESCE(trials.purchase_key, '') \
                    AND (earlier.purchased_at, earlier.id) < (trials.purchased_at, trials.id))"
            ),
        },
        Self {
            kind: EventKind::TrialLimitReached,
            statement: happened!(
                "refusals.id",
                "refusals.refused_at",
                "webhooks CROSS JOIN applications CROSS JOIN refusals",
                "refusals.application = applications.id"
            ),
        },
    ];
}

const SEEN_FROM: &str =
    "SELECT MIN(seen_from) AS seen_from FROM webhooks WHERE disabled_at IS NULL";
const ADVANCE: &str = "UPDATE webhooks SET seen_from = $1 WHERE seen_from < $1";
/// A webhook that has gone meanwhile gets nothing.
const INSERT: &str = "INSERT INTO deliveries \
    (id, webhook_id, event, subject, occurred_at, created_at, due_at) \
    SELECT $1, id, $3, $4, $5, $6, $6 FROM webhooks WHERE id = $2 AND disabled_at IS NULL \
    ON CONFLICT (webhook_id, event, subject, occurred_at) DO NOTHING";
const OF_TRIAL: &str = "SELECT trials.id AS trial_id, trials.application, trials.licensee_id, \
    builders.name, builders.email, trials.platform, releases.version, trials.kind, \
    trials.requested_at, trials.ends_at, trials.purchased_at FROM trials \
    JOIN builders ON builders.license_id = trials.license_id \
    JOIN releases ON releases.id = trials.release_id WHERE trials.id = $1";
const OF_REFUSAL: &str = "SELECT refusals.application, refusals.licensee_id, builders.name, \
    builders.email, builders.platform, refusals.times FROM refusals \
    JOIN builders ON builders.license_id = refusals.license_id WHERE refusals.id = $1";

/// One event for one webhook.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Happened {
    pub(super) id: DeliveryId,
    pub(super) webhook: WebhookId,
    pub(super) event: EventKind,
    pub(super) subject: String,
    pub(super) occurred_at: Instant,
}

impl Store {
    /// Makes deliveries of what happened; what there is no room for is taken up by the next call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn collect_events(&self, now: Instant) -> Result<(), StoreError> {
        let row = self.fetch_optional(sqlx::query(SEEN_FROM)).await?;
        let since = row.map(|row| Columns(&row).optional_instant("seen_from")).transpose()?;
        let Some(since) = since.flatten() else { return Ok(()) };
        let mut found = Vec::new();
        let mut more = false;
        for source in EventSource::ALL {
            let before = found.len();
            self.look_for(source, since, now, &mut found).await?;
            more |= found.len() - before == BATCH;
        }
        if !found.is_empty() {
            found.sort_by_key(|event| event.occurred_at);
            // The ids ascend with the time, so that they are sent in that order.
            found.iter_mut().for_each(|event| event.id = DeliveryId::new());
            self.write(&Collected { found, now }).await?;
        }
        let seen_from = now.minus(OVERLAP);
        if !more && since < seen_from.minus(LAG) {
            self.execute(sqlx::query(ADVANCE).bind(seen_from.unix())).await?;
        }
        Ok(())
    }

    async fn look_for(
        &self,
        source: EventSource,
        since: Instant,
        now: Instant,
        found: &mut Vec<Happened>,
    ) -> Result<(), StoreError> {
        let kind = source.kind;
        let query = sqlx::query(source.statement)
            .bind(since.unix())
            .bind(now.unix())
            .bind(format!("%\"{kind}\"%"))
            .bind(kind.as_str())
            .bind(BATCH as i64);
        for row in self.fetch_all(query).await? {
            let columns = Columns(&row);
            found.push(Happened {
                id: DeliveryId::new(),
                webhook: columns.text("webhook_id")?,
                event: kind,
                subject: columns.text("subject")?,
                occurred_at: columns.instant("occurred_at")?,
            });
        }
        Ok(())
    }

    /// What an event is about; none if it is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn event_facts(
        &self,
        event: EventKind,
        subject: &str,
    ) -> Result<Option<EventFacts>, StoreError> {
        let refused = event == EventKind::TrialLimitReached;
        let statement = if refused { OF_REFUSAL } else { OF_TRIAL };
        let row = self.fetch_optional(sqlx::query(statement).bind(subject.to_owned())).await?;
        row.map(|row| facts(Columns(&row), refused)).transpose()
    }
}

fn facts(columns: Columns<'_>, refused: bool) -> Result<EventFacts, StoreError> {
    let mut facts = EventFacts {
        application: columns.text("application")?,
        licensee_id: columns.text("licensee_id")?,
        name: columns.text("name")?,
        email: columns.text("email")?,
        platform: columns.text("platform")?,
        trial_id: None,
        version: None,
        kind: None,
        requested_at: None,
        ends_at: None,
        purchased_at: None,
        times: None,
    };
    if refused {
        facts.times = Some(columns.number("times")?);
    } else {
        facts.trial_id = Some(columns.text("trial_id")?);
        facts.version = Some(columns.text("version")?);
        facts.kind = Some(columns.word("kind")?);
        facts.requested_at = Some(columns.instant("requested_at")?);
        facts.ends_at = columns.optional_instant("ends_at")?;
        facts.purchased_at = columns.optional_instant("purchased_at")?;
    }
    Ok(facts)
}

struct Collected {
    found: Vec<Happened>,
    now: Instant,
}

impl Operation for Collected {
    type Answer = ();

    /// Each row is let in or not by its unique key.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        for event in &self.found {
            event.insert(connection, self.now).await?;
        }
        Ok(Finish::Commit(()))
    }
}

impl Happened {
    /// Makes a delivery of it, due at once; nothing if there is one.
    pub(super) async fn insert(
        &self,
        connection: &mut AnyConnection,
        now: Instant,
    ) -> Result<(), StoreError> {
        sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(self.webhook.to_string())
            .bind(self.event.as_str())
            .bind(self.subject.as_str())
            .bind(self.occurred_at.unix())
            .bind(now.unix())
            .execute(connection)
            .await?;
        Ok(())
    }
}
