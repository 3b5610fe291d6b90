//! Applications as they are shown and licensed.

use trybuy_formats::ids::{ApplicationId, Digest, Name, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::Columns;
use super::{Store, StoreError, Vendor};

/// An application without its long texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Application {
    /// Application id 183.
    pub id: ApplicationId,
    /// Who publishes it.
    pub vendor: Vendor,
    /// Its name.
    pub name: Name,
    /// One line about it.
    pub summary: String,
    /// Its homepage.
    pub homepage: Option<String>,
    /// Its categories.
    pub categories: Vec<String>,
    /// SHA-256 of the newest release's licensing terms.
    pub terms_digest: Digest,
    /// The policy of trials to come.
    pub policy: TrialPolicy,
    /// When the policy was last changed.
    pub policy_changed_at: Instant,
    /// The newest version published.
    pub newest_version: Version,
    /// When its first release was published.
    pub created_at: Instant,
    /// When what it shows was last changed by a release.
    pub updated_at: Instant,
}

/// The long texts of an application: those of its newest release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApplicationTexts {
    /// Documentation 188.
    pub documentation: String,
    /// Licensing terms 189.
    pub terms: String,
    /// Relicensing terms 189; empty where there are none.
    pub relicensing: String,
}

const SELECT: &str = "SELECT applications.id, applications.vendor_id, vendors.name AS vendor_name, \
    applications.name, summary, homepage, categories, terms_digest, policy, policy_changed_at, \
    newest_version, applications.created_at, updated_at \
    FROM applications JOIN vendors ON vendors.id = applications.vendor_id \
    WHERE applications.id = $1";
const TEXTS: &str = "SELECT documentation.content AS documentation, terms.content AS terms, \
    relicensing.content AS relicensing FROM applications \
    JOIN texts AS documentation ON documentation.digest = applications.documentation_digest \
    JOIN texts AS terms ON terms.digest = applications.terms_digest \
    JOIN texts AS relicensing ON relicensing.digest = applications.relicensing_digest \
    WHERE applications.id = $1";

impl Store {
    /// An application.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn application(&self, id: &ApplicationId) -> Result<Option<Application>, StoreError> {
        let row = self.fetch_optional(sqlx::query(SELECT).bind(id.as_str())).await?;
        row.map(|row| Application::from_columns(Columns(&row))).transpose()
    }

    /// The long texts of an application: megabytes, so only for those who read them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn application_texts(
        &self,
        id: &ApplicationId,
    ) -> Result<Option<ApplicationTexts>, StoreError> {
        let row = self.fetch_optional(sqlx::query(TEXTS).bind(id.as_str())).await?;
        row.map(|row| {
            let columns = Columns(&row);
            Ok(ApplicationTexts {
                documentation: columns.long_text("documentation")?,
                terms: columns.long_text("terms")?,
                relicensing: columns.long_text("relicensing")?,
            })
        })
        .transpose()
    }
}

impl Application {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.text("id")?,
            vendor: Vendor { id: columns.text("vendor_id")?, name: columns.text("vendor_name")? },
            name: columns.text("name")?,
            summary: columns.text("summary")?,
            homepage: columns.optional_text("homepage")?,
            categories: columns.json("categories")?,
            terms_digest: columns.text("terms_digest")?,
            policy: columns.json("policy")?,
            policy_changed_at: columns.instant("policy_changed_at")?,
            newest_version: columns.text("newest_version")?,
            created_at: columns.instant("created_at")?,
            updated_at: columns.instant("updated_at")?,
        })
    }
}
