//! What a vendor gives to one licensee by hand.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use trybuy_formats::api::Gift;
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{ApplicationId, LicenseId, LicenseeId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::{Columns, json, seconds};
use super::transaction::{Finish, Operation};
use super::trials::end_of_purchase;
use super::{Store, StoreError, TokenId};

/// Something to be given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewGift {
    /// Of which application.
    pub application: ApplicationId,
    /// To whom.
    pub licensee: LicenseeId,
    /// What.
    pub gift: Gift,
    /// When.
    pub given_at: Instant,
    /// With which token.
    pub given_by: TokenId,
}

/// What was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Given {
    /// It is theirs, until then; none for ever, or where it has no end.
    Done(Option<Instant>),
    /// The licensee has no trial of the application.
    NoTrial,
    /// It is a purchased license already, which has no end that could be put off.
    Endless,
}

/// The newest trial of each of the licensee's Builders.
struct Newest {
    id: TrialId,
    kind: LicenseKind,
    ends_at: Option<Instant>,
    policy: TrialPolicy,
}

const ALLOW: &str = "INSERT INTO allowances (application, licensee_id, trials) VALUES ($1, $2, $3) \
    ON CONFLICT (application, licensee_id) DO UPDATE SET trials = \
    CASE WHEN allowances.trials + excluded.trials > 1000 THEN 1000 \
    ELSE allowances.trials + excluded.trials END";
const TRIALS: &str = "SELECT id, license_id, kind, ends_at, policy FROM trials \
    WHERE application = $1 AND licensee_id = $2 ORDER BY id";
const EXTEND: &str = "UPDATE trials SET ends_at = $2, extended_to = $2, \
    head_due = head_due + 1 WHERE id = $1";
/// What was bought before stays bought then.
const LICENSE: &str = "UPDATE trials SET kind = 'purchase', ends_at = $2, policy = $3, \
    purchased_at = COALESCE(purchased_at, $4), head_due = head_due + 1 WHERE id = $1";
const RECORD: &str = "INSERT INTO gifts (id, application, licensee_id, gift, given_at, given_by) \
    VALUES ($1, $2, $3, $4, $5, $6)";

impl Store {
    /// Gives something, and records it, or does neither.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn give(&self, gift: &NewGift) -> Result<Given, StoreError> {
        self.write(gift).await
    }
}

impl Operation for NewGift {
    type Answer = Given;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<Given>, StoreError> {
        let trials = self.newest(connection).await?;
        if trials.is_empty() {
            return Ok(Finish::RollBack(Given::NoTrial));
        }
        // What has no end is never given one.
        let ending = trials.into_iter().filter_map(|trial| Some((trial.ends_at?, trial)));
        let ending: Vec<(Instant, Newest)> = ending.collect();
        if ending.is_empty() && !matches!(self.gift, Gift::Trials { .. }) {
            return Ok(Finish::RollBack(Given::Endless));
        }
        let mut last = None;
        match self.gift {
            Gift::Trials { number } => self.allow(connection, number).await?,
            Gift::Extension { by } => {
                for (end, trial) in &ending {
                    let until = (*end).max(self.given_at).plus(by);
                    last = last.max(Some(until));
                    let query = sqlx::query(EXTEND).bind(trial.id.to_string());
                    query.bind(until.unix()).execute(&mut *connection).await?;
                }
            }
            Gift::License { duration } => {
                for (end, trial) in &ending {
                    let before = Some((trial.kind, *end));
                    let until = duration.map(|span| end_of_purchase(before, self.given_at, span));
                    last = last.max(until);
                    let query = sqlx::query(LICENSE).bind(trial.id.to_string());
                    let query = query.bind(seconds(until)).bind(json(&trial.policy.of_license()));
                    query.bind(self.given_at.unix()).execute(&mut *connection).await?;
                }
            }
        }
        self.record(connection).await?;
        Ok(Finish::Commit(Given::Done(last)))
    }
}

impl NewGift {
    async fn newest(&self, connection: &mut AnyConnection) -> Result<Vec<Newest>, StoreError> {
        let rows = sqlx::query(TRIALS)
            .bind(self.application.as_str())
            .bind(self.licensee.to_string())
            .fetch_all(connection)
            .await?;
        let mut newest: BTreeMap<String, Newest> = BTreeMap::new();
        for row in &rows {
            let columns = Columns(row);
            let license: LicenseId = columns.text("license_id")?;
            let trial = Newest {
                id: columns.text("id")?,
                kind: columns.word("kind")?,
                ends_at: columns.optional_instant("ends_at")?,
                policy: columns.json("policy")?,
            };
            newest.insert(license.to_string(), trial);
        }
        Ok(newest.into_values().collect())
    }

    async fn allow(&self, connection: &mut AnyConnection, number: u32) -> Result<(), StoreError> {
        sqlx::query(ALLOW)
            .bind(self.application.as_str())
            .bind(self.licensee.to_string())
            .bind(i64::from(number))
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn record(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(RECORD)
            .bind(uuid::Uuid::now_v7().to_string())
            .bind(self.application.as_str())
            .bind(self.licensee.to_string())
            .bind(json(&self.gift))
            .bind(self.given_at.unix())
            .bind(self.given_by.to_string())
            .execute(connection)
            .await?;
        Ok(())
    }
}
