//! Publishing a release (T&B 138-142), in one transaction.

use sqlx::AnyConnection;
use trybuy_formats::ids::Name;
use trybuy_formats::policy::TrialPolicy;

use super::columns::{Columns, json};
use super::transaction::{Finish, Operation};
use super::version_order::sort_key;
use super::{Release, Store, StoreError, VendorId, texts};

/// A release to be published, whose server format was checked and is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewRelease {
    /// Who publishes it.
    pub vendor: VendorId,
    /// The release itself. Its digests are those of the texts below.
    pub release: Release,
    /// The application's name.
    pub name: Name,
    /// One line about it, without U+0000.
    pub summary: String,
    /// Its homepage.
    pub homepage: Option<String>,
    /// Its categories.
    pub categories: Vec<String>,
    /// Documentation 188.
    pub documentation: String,
    /// Licensing terms 189.
    pub terms: String,
    /// Relicensing terms 189; empty where there are none.
    pub relicensing: String,
    /// The policy of a new application's trials. An application that exists keeps its own.
    pub policy: Option<TrialPolicy>,
}

/// How publishing ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Publication {
    /// The release is published.
    Published {
        /// Whether the application is new.
        created_application: bool,
        /// The policy in force.
        policy: TrialPolicy,
    },
    /// The same release was there before, and nothing was changed.
    AlreadyThere {
        /// The one that was there.
        release: Box<Release>,
        /// The policy in force.
        policy: TrialPolicy,
    },
    /// Another content was published before under the same version and platform.
    Conflict,
    /// The application belongs to another vendor.
    NotYours,
    /// The application is new, and no policy was given.
    PolicyMissing,
}

const FIND: &str = "SELECT vendor_id, policy, newest_version_key FROM applications WHERE id = $1";
const INSERT: &str = "INSERT INTO applications (id, vendor_id, name, summary, homepage, categories, \
    search_text, documentation_digest, terms_digest, relicensing_digest, newest_version, \
    newest_version_key, updated_at, policy, policy_changed_at, created_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $13)";
const UPDATE: &str = "UPDATE applications SET name = $3, summary = $4, homepage = $5, \
    categories = $6, search_text = $7, documentation_digest = $8, terms_digest = $9, \
    relicensing_digest = $10, newest_version = $11, newest_version_key = $12, updated_at = $13 \
    WHERE id = $1 AND vendor_id = $2";

/// What the transaction sees of the application.
struct Found {
    vendor: VendorId,
    policy: TrialPolicy,
    newest_version_key: String,
}

impl Store {
    /// Publishes a release, and with its first one the application. Texts shown in the catalog are
    /// those of the newest version, whatever the order of publishing.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was changed then.
    pub async fn publish_release(&self, new: &NewRelease) -> Result<Publication, StoreError> {
        self.write(new).await
    }
}

impl Operation for NewRelease {
    type Answer = Publication;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<Publication>, StoreError> {
        let Some(application) = self.find_application(connection).await? else {
            let Some(policy) = self.policy else {
                return Ok(Finish::RollBack(Publication::PolicyMissing));
            };
            self.write_application(connection, Some(policy)).await?;
            self.release.insert(connection).await?;
            return Ok(Finish::Commit(Publication::Published {
                created_application: true,
                policy,
            }));
        };
        if application.vendor != self.vendor {
            return Ok(Finish::RollBack(Publication::NotYours));
        }
        let policy = application.policy;
        if let Some(there) = self.release.find_same(connection).await? {
            return Ok(Finish::RollBack(if there.same_content(&self.release) {
                Publication::AlreadyThere { release: Box::new(there), policy }
            } else {
                Publication::Conflict
            }));
        }
        if sort_key(&self.release.version) >= application.newest_version_key {
            self.write_application(connection, None).await?;
        } else {
            texts::insert(connection, &self.release.terms_digest, &self.terms).await?;
        }
        self.release.insert(connection).await?;
        Ok(Finish::Commit(Publication::Published { created_application: false, policy }))
    }
}

impl NewRelease {
    async fn find_application(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Option<Found>, StoreError> {
        let row = sqlx::query(FIND)
            .bind(self.release.application.as_str())
            .fetch_optional(connection)
            .await?;
        row.map(|row| {
            let columns = Columns(&row);
            Ok(Found {
                vendor: columns.text("vendor_id")?,
                policy: columns.json("policy")?,
                newest_version_key: columns.text("newest_version_key")?,
            })
        })
        .transpose()
    }

    /// Writes what the application shows: a new row with the policy, or over the one that is there.
    async fn write_application(
        &self,
        connection: &mut AnyConnection,
        policy: Option<TrialPolicy>,
    ) -> Result<(), StoreError> {
        let Release { documentation_digest, terms_digest, relicensing_digest, .. } = &self.release;
        texts::insert(connection, documentation_digest, &self.documentation).await?;
        texts::insert(connection, terms_digest, &self.terms).await?;
        texts::insert(connection, relicensing_digest, &self.relicensing).await?;
        let query = sqlx::query(if policy.is_some() { INSERT } else { UPDATE })
            .bind(self.release.application.as_str())
            .bind(self.vendor.to_string())
            .bind(self.name.as_str())
            .bind(self.summary.as_str())
            .bind(self.homepage.as_deref())
            .bind(json(&self.categories))
            .bind(self.search_text())
            .bind(documentation_digest.to_string())
            .bind(terms_digest.to_string())
            .bind(relicensing_digest.to_string())
            .bind(self.release.version.to_string())
            .bind(sort_key(&self.release.version))
            .bind(self.release.published_at.unix());
        match policy {
            Some(policy) => query.bind(json(&policy)),
            None => query,
        }
        .execute(connection)
        .await?;
        Ok(())
    }

    /// What a search looks at, in lower case: neither database's own folding knows all letters.
    fn search_text(&self) -> String {
        let application = &self.release.application;
        format!("{application}\n{}\n{}", self.name, self.summary).to_lowercase()
    }
}
