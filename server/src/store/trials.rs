//! Trials that were granted.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::{
    ApplicationId, Digest, LicenseId, LicenseeId, Name, Platform, ReleaseId, TrialId, Version,
};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::policy::{AcceptanceKind, TrialPolicy};

use super::columns::{Columns, number};
use super::{PurchaseKeyId, Store, StoreError};

/// The facts of a trial.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The trial.
    pub id: TrialId,
    /// Its application.
    pub application: ApplicationId,
    /// Licensee id 184.
    pub licensee_id: LicenseeId,
    /// The license of the Builder it was made for.
    pub license_id: LicenseId,
    /// Its release.
    pub release_id: ReleaseId,
    /// The platform of that release.
    pub platform: Platform,
    /// Trial or purchase.
    pub kind: LicenseKind,
    /// When it began.
    pub started_at: Instant,
    /// License termination date 185.
    pub ends_at: Option<Instant>,
    /// That end, where its vendor set it by hand.
    pub extended_to: Option<Instant>,
    /// When it was requested.
    pub requested_at: Instant,
    /// The policy it was granted under.
    pub policy: TrialPolicy,
    /// SHA-256 of the terms that were accepted.
    pub terms_digest: Digest,
    /// How they were accepted.
    pub acceptance: AcceptanceKind,
    /// The name that was typed, for `explicit`.
    pub accepted_as: Option<Name>,
    /// Whether it is one of the trials that the licensee may have. The same trial on another Builder
    /// is not, nor is a license that was bought without one.
    pub counted: bool,
    /// The trial whose file it goes on with, under another head; none for its own.
    pub file_trial: Option<TrialId>,
    /// Where the license was bought, when and how.
    pub purchase: Option<Purchase>,
}

/// How a license was bought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Purchase {
    /// When.
    pub at: Instant,
    /// With which key; none where the vendor gave it.
    pub key: Option<PurchaseKeyId>,
    /// SHA-256 of the relicensing terms that were accepted.
    pub terms: Option<Digest>,
}

/// A head (`TF`): the part of a transmission file that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Its number, from 1.
    pub number: u64,
    /// The strong entity tag of the file with this head.
    pub etag: String,
    /// When it was made.
    pub made_at: Instant,
    /// Its bytes, as the formats write them for the server's database.
    pub bytes: Vec<u8>,
}

/// A trial as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialRecord {
    /// Its facts.
    pub trial: Trial,
    /// The application's name now.
    pub application_name: Name,
    /// The version of its release.
    pub version: Version,
    /// The number of the newest head.
    pub head_number: u64,
    /// When that was made.
    pub head_made_at: Instant,
    /// The number of the head that is due: a higher one where the facts changed since.
    pub head_due: u64,
    /// When anything of its file was sent for the first time.
    pub delivered_at: Option<Instant>,
    /// The day on which it was run for the first time, as its Builder reported it: its beginning in UTC.
    pub first_run_on: Option<Instant>,
}

/// Trials as [`TrialRecord`] reads them, with more columns.
macro_rules! records {
    ($more:literal, $which:literal) => {
        concat!(
            "SELECT trials.id, trials.application, licensee_id, license_id, release_id, \
            trials.platform, trials.kind, started_at, ends_at, extended_to, requested_at, \
            trials.policy, trials.terms_digest, acceptance, accepted_as, delivered_at, \
            first_run_on, counted, file_trial, purchased_at, purchase_key, \
            trials.relicensing_digest, head_number, head_made_at, head_due, \
            applications.name AS application_name, releases.version",
            $more,
            " FROM trials JOIN applications ON applications.id = trials.application \
            JOIN releases ON releases.id = trials.release_id WHERE ",
            $which
        )
    };
}

const BY_ID: &str = records!(", head_etag, head", "trials.id = $1");
const OF_LICENSE: &str = records!("", "license_id = $1 ORDER BY trials.id DESC LIMIT 1000");
/// A license that was bought and has not ended ($3 now) is more than any trial.
const OF_APPLICATION: &str = records!(
    "",
    "license_id = $1 AND trials.application = $2 ORDER BY CASE WHEN trials.kind = 'purchase' \
        AND (ends_at IS NULL OR ends_at > $3) THEN 0 ELSE 1 END, trials.id DESC LIMIT 1000"
);

/// Only in the place of the head that it was made after.
const REPLACE_HEAD: &str = "UPDATE trials SET head_number = $3, head_etag = $4, head = $5, \
    head_made_at = $6 \
    WHERE id = $1 AND head_number = $2";
const DELIVERED: &str =
    "UPDATE trials SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL";
/// What was dated after $3 begins, or was bought, at $2, for as long as before.
const REDATE: &str = "UPDATE trials SET head_due = head_due + 1, head_made_at = $2, \
    ends_at = CASE WHEN COALESCE(purchased_at, started_at) > $3 \
        THEN ends_at - (COALESCE(purchased_at, started_at) - $2) ELSE ends_at END, \
    extended_to = CASE WHEN started_at > $3 THEN extended_to - (started_at - $2) \
        ELSE extended_to END, \
    started_at = CASE WHEN started_at > $3 THEN $2 ELSE started_at END, \
    requested_at = CASE WHEN requested_at > $3 THEN $2 ELSE requested_at END, \
    purchased_at = CASE WHEN purchased_at > $3 THEN $2 ELSE purchased_at END \
    WHERE id = $1 AND (head_made_at > $3 OR started_at > $3)";
/// The end stays, whatever becomes of the policy.
const END: &str = "UPDATE trials SET ends_at = $2, extended_to = $2, head_due = head_due + 1 \
    WHERE id = $1 AND kind = 'trial' AND ends_at > $2";
const FIRST_RUN: &str =
    "UPDATE trials SET first_run_on = $2 WHERE id = $1 AND first_run_on IS NULL";

impl Store {
    /// Mends the dates of a trial that [lies ahead](TrialRecord::lies_ahead_of), and makes another head due.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn redate_trial(&self, id: TrialId, now: Instant) -> Result<(), StoreError> {
        let query = sqlx::query(REDATE).bind(id.to_string()).bind(now.unix());
        self.execute(query.bind(now.plus(DAY).unix())).await.map(drop)
    }

    /// Remembers the day on which a trial was run for the first time; the first report counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn report_first_run(&self, id: TrialId, day: Instant) -> Result<(), StoreError> {
        let query = sqlx::query(FIRST_RUN).bind(id.to_string()).bind(day.unix());
        self.execute(query).await.map(drop)
    }

    /// Remembers that a trial's file is sent; the first time counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliver_trial(&self, id: TrialId, now: Instant) -> Result<(), StoreError> {
        let query = sqlx::query(DELIVERED).bind(id.to_string()).bind(now.unix());
        self.execute(query).await.map(drop)
    }

    /// Puts a newer head in the place of the one with that number. Answers whether that one was still
    /// the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn replace_head(
        &self,
        id: TrialId,
        before: u64,
        head: &Head,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(REPLACE_HEAD)
            .bind(id.to_string())
            .bind(number(before))
            .bind(number(head.number))
            .bind(head.etag.as_str())
            .bind(head.bytes.as_slice())
            .bind(head.made_at.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// A trial and its newest head.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trial(&self, id: TrialId) -> Result<Option<(TrialRecord, Head)>, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_ID).bind(id.to_string())).await?;
        row.map(|row| {
            let columns = Columns(&row);
            Ok((TrialRecord::from_columns(columns)?, Head::from_columns(columns)?))
        })
        .transpose()
    }

    /// The trials that were made for a Builder's license, the newest first, at most 1000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trials_of(&self, license: LicenseId) -> Result<Vec<TrialRecord>, StoreError> {
        self.records(sqlx::query(OF_LICENSE).bind(license.to_string())).await
    }

    /// Those of one application: a license that was bought and has not ended, then the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn trials_of_application(
        &self,
        license: LicenseId,
        application: &ApplicationId,
        now: Instant,
    ) -> Result<Vec<TrialRecord>, StoreError> {
        let query = sqlx::query(OF_APPLICATION).bind(license.to_string());
        self.records(query.bind(application.as_str()).bind(now.unix())).await
    }

    async fn records(
        &self,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<Vec<TrialRecord>, StoreError> {
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| TrialRecord::from_columns(Columns(row))).collect()
    }
}

/// Ends a trial that runs.
pub(super) async fn end(
    connection: &mut AnyConnection,
    id: TrialId,
    now: Instant,
) -> Result<(), StoreError> {
    let query = sqlx::query(END).bind(id.to_string()).bind(now.unix());
    query.execute(connection).await?;
    Ok(())
}

/// When a license ends that is bought, or given, for so long. One that was bought before is continued from
/// its end, and a trial is never made shorter by it.
pub fn end_of_purchase(
    before: Option<(LicenseKind, Instant)>,
    now: Instant,
    duration: Span,
) -> Instant {
    match before {
        Some((LicenseKind::Purchase, end)) => end.max(now).plus(duration),
        Some((LicenseKind::Trial, end)) => end.max(now.plus(duration)),
        None => now.plus(duration),
    }
}

impl TrialRecord {
    /// Whether a server made it whose clock was ahead, by more than Builders put up with (`XD-6`): they
    /// would refuse it until then.
    pub fn lies_ahead_of(&self, now: Instant) -> bool {
        self.head_made_at.max(self.trial.started_at) > now.plus(DAY)
    }

    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            trial: Trial::from_columns(columns)?,
            application_name: columns.text("application_name")?,
            version: columns.text("version")?,
            head_number: columns.number("head_number")?,
            head_made_at: columns.instant("head_made_at")?,
            head_due: columns.number("head_due")?,
            delivered_at: columns.optional_instant("delivered_at")?,
            first_run_on: columns.optional_instant("first_run_on")?,
        })
    }
}

impl Trial {
    /// The trial that the file's key is derived from: its own, or that of the first head.
    pub fn file_source(&self) -> TrialId {
        self.file_trial.unwrap_or(self.id)
    }

    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.text("id")?,
            application: columns.text("application")?,
            licensee_id: columns.text("licensee_id")?,
            license_id: columns.text("license_id")?,
            release_id: columns.text("release_id")?,
            platform: columns.text("platform")?,
            kind: columns.word("kind")?,
            started_at: columns.instant("started_at")?,
            ends_at: columns.optional_instant("ends_at")?,
            extended_to: columns.optional_instant("extended_to")?,
            requested_at: columns.instant("requested_at")?,
            policy: columns.json("policy")?,
            terms_digest: columns.text("terms_digest")?,
            acceptance: columns.word("acceptance")?,
            accepted_as: columns.optional_text("accepted_as")?,
            counted: columns.number::<u8>("counted")? == 1,
            file_trial: columns.optional_text("file_trial")?,
            purchase: Purchase::from_columns(columns)?,
        })
    }
}

impl Purchase {
    fn from_columns(columns: Columns<'_>) -> Result<Option<Self>, StoreError> {
        let Some(at) = columns.optional_instant("purchased_at")? else { return Ok(None) };
        let key = columns.optional_text("purchase_key")?;
        Ok(Some(Self { at, key, terms: columns.optional_text("relicensing_digest")? }))
    }
}

impl Head {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: columns.number("head_number")?,
            etag: columns.text("head_etag")?,
            made_at: columns.instant("head_made_at")?,
            bytes: columns.bytes("head")?,
        })
    }
}
