//! What an application offers to one Builder: everything a request for a trial is decided by, in one
//! look (T&B steps 306-310).

use trybuy_formats::ids::{ApplicationId, Digest, LicenseId, Name, Platform, TrialId, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::Columns;
use super::policies::applicable;
use super::{Release, Store, StoreError, Subjects};

/// Who asks for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OfferQuery<'a> {
    /// The application.
    pub application: &'a ApplicationId,
    /// The platform of the Builder.
    pub platform: &'a Platform,
    /// That version, or the newest one.
    pub version: Option<&'a Version>,
    /// Who asks.
    pub subjects: &'a Subjects,
    /// The license of the Builder.
    pub license: LicenseId,
    /// When.
    pub now: Instant,
}

/// What an application offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The application's name.
    pub name: Name,
    /// The policy of this licensee's trials to come.
    pub policy: TrialPolicy,
    /// SHA-256 of the licensing terms in force.
    pub terms_digest: Digest,
    /// SHA-256 of the relicensing terms in force.
    pub relicensing_digest: Digest,
    /// Where the licensee stands.
    pub standing: TrialStanding,
    /// The release for that platform and version; none if there is no such one.
    pub release: Option<Release>,
}

/// Where a licensee stands with an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TrialStanding {
    /// What was bought with this license and has not ended, or else its newest trial that has not.
    pub current: Option<TrialId>,
    /// The trials that the licensee had, with this license and with others, ended or not.
    pub used: u32,
    /// How many the vendor allowed this licensee beyond the policy.
    pub extra: u32,
    /// When the last of these trials ended or will end.
    pub last_end: Option<Instant>,
    /// A trial of the licensee on another Builder that has not ended.
    pub elsewhere: Option<TrialId>,
}

/// Where the licensee `$2` stands with the application `$1`: for which license, and when.
macro_rules! standing {
    ($license:literal, $now:literal) => {
        concat!(
            "SELECT COUNT(CASE WHEN counted = 1 THEN 1 END) AS used, \
            COALESCE(MAX(CASE WHEN kind = 'purchase' AND license_id = ",
            $license,
            " AND (ends_at IS NULL OR ends_at > ",
            $now,
            ") THEN id END), MAX(CASE WHEN license_id = ",
            $license,
            " AND ends_at > ",
            $now,
            " THEN id END)) AS current_id, \
            MAX(CASE WHEN kind = 'trial' AND license_id <> ",
            $license,
            " AND ends_at > ",
            $now,
            " THEN id END) AS elsewhere_id, \
            MAX(CASE WHEN counted = 1 THEN ends_at END) AS last_end, \
            (SELECT allowances.trials FROM allowances WHERE application = $1 AND licensee_id = $2) \
                AS extra \
            FROM trials WHERE application = $1 AND licensee_id = $2"
        )
    };
}
pub(super) use standing;

/// Columns of the release are null where there is none; the application's own have other names.
const OFFER: &str = concat!(
    "SELECT applications.name AS application_name, \
    COALESCE((SELECT rules.policy ",
    applicable!(),
    " LIMIT 1), applications.policy) AS policy, \
    applications.terms_digest AS application_terms, \
    applications.relicensing_digest AS application_relicensing, standing.*, \
    releases.*, releases.id AS release_id \
    FROM applications CROSS JOIN (",
    standing!("$12", "$13"),
    ") AS standing \
    LEFT JOIN releases ON releases.id = (SELECT id FROM releases \
        WHERE application = $1 AND platform = $10 AND ($11 IS NULL OR version = $11) \
        ORDER BY version_key DESC LIMIT 1) \
    WHERE applications.id = $1"
);

impl Store {
    /// What an application offers to one Builder; none if there is no such application.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn offer(&self, query: &OfferQuery<'_>) -> Result<Option<Offer>, StoreError> {
        let statement = sqlx::query(OFFER).bind(query.application.as_str());
        let statement = query
            .subjects
            .bind(statement)
            .bind(query.platform.as_str())
            .bind(query.version.map(Version::to_string))
            .bind(query.license.to_string())
            .bind(query.now.unix());
        let row = self.fetch_optional(statement).await?;
        row.map(|row| Offer::from_columns(Columns(&row))).transpose()
    }
}

impl Offer {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let release: Option<String> = columns.optional_text("release_id")?;
        Ok(Self {
            name: columns.text("application_name")?,
            policy: columns.json("policy")?,
            terms_digest: columns.text("application_terms")?,
            relicensing_digest: columns.text("application_relicensing")?,
            standing: TrialStanding::from_columns(columns)?,
            release: release.map(|_| Release::from_columns(columns)).transpose()?,
        })
    }
}

impl TrialStanding {
    /// Where the licensee stands with a trial of this license that cannot be run any more: neither it nor the
    /// one on another Builder goes on here.
    pub fn leave_behind(&mut self) {
        self.current = None;
        self.elsewhere = None;
    }

    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            current: columns.optional_text("current_id")?,
            used: columns.number("used")?,
            extra: columns.optional_number("extra")?.unwrap_or_default(),
            elsewhere: columns.optional_text("elsewhere_id")?,
            last_end: columns.optional_instant("last_end")?,
        })
    }
}
