//! Policies: an application's own, and those in its place for classes and single licensees.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use trybuy_formats::api::{InPlaceOf, PolicyChange};
use trybuy_formats::ids::{ApplicationId, Email, EmailKey, Label, LicenseeId, PolicyChangeId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::subject::{Scope, Subject};

use super::columns::{Columns, json};
use super::people::DELETED_EMAIL;
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, Subjects, TokenId, VendorId};

/// A policy, and for whom it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopedPolicy {
    /// For whom.
    pub scope: Scope,
    /// For a class: the member that the licensee is there as, where one was asked for.
    pub member: Option<Subject>,
    /// The policy.
    pub policy: TrialPolicy,
    /// When it was last changed.
    pub changed_at: Instant,
}

/// A policy to be set, or removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyUpdate {
    /// The change, as it is recorded.
    pub id: PolicyChangeId,
    /// Whose application it is.
    pub vendor: VendorId,
    /// The application.
    pub application: ApplicationId,
    /// For whom.
    pub scope: Scope,
    /// The policy; none removes what is in the place of the application's own.
    pub policy: Option<TrialPolicy>,
    /// The profile it was taken from.
    pub profile: Option<Label>,
    /// What it is set in place of, where that matters.
    pub in_place_of: Option<InPlaceOf>,
    /// When.
    pub changed_at: Instant,
    /// With which token.
    pub changed_by: TokenId,
}

/// By what somebody who asked for a trial is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequesterKey {
    /// By the licensee id.
    Licensee(LicenseeId),
    /// By the address, whatever its spelling.
    Email(EmailKey),
}

/// How a change of a policy ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PolicyUpdated {
    /// It is in force.
    Done,
    /// The vendor has no such application.
    NoApplication,
    /// The vendor has no such class.
    NoClass(Label),
    /// There is no policy to be removed.
    NoPolicy,
    /// There is another policy than the one it was to be set in place of.
    Other,
    /// The application has as many as there may be.
    Full,
}

/// The most policies in place of an application's own.
const MOST_OVERRIDES: i64 = 10_000;

/// The order of precedence, and the only place that knows it: the licensee's own, by id before by
/// address; then the classes that the licensee is a member of, the lowest rank first, and of the same
/// rank the first by name. Whoever is a member of a class in several ways is it in the narrowest one.
/// `$1` is the application, `$2` to `$9` are [`Subjects`]. Where nothing is found, the application's own
/// is in force.
macro_rules! applicable {
    () => {
        "FROM policy_overrides AS rules \
        JOIN applications AS owned ON owned.id = rules.application \
        LEFT JOIN class_members ON class_members.vendor_id = owned.vendor_id \
            AND rules.scope = 'class:' || class_members.class \
            AND class_members.subject IN ($2, $3, $4, $5, $6, $7, $8, $9) \
        LEFT JOIN classes ON classes.vendor_id = class_members.vendor_id \
            AND classes.name = class_members.class \
        WHERE rules.application = $1 AND (rules.scope IN ($2, $3) OR classes.name IS NOT NULL) \
        ORDER BY CASE rules.scope WHEN $2 THEN 0 WHEN $3 THEN 1 ELSE 2 END, \
            classes.rank, rules.scope, \
            CASE class_members.subject WHEN $2 THEN 2 WHEN $3 THEN 3 WHEN $4 THEN 4 WHEN $5 THEN 5 \
                WHEN $6 THEN 6 WHEN $7 THEN 7 WHEN $8 THEN 8 ELSE 9 END"
    };
}
pub(super) use applicable;

const OVERRIDES: &str = "SELECT scope, NULL AS member, policy, changed_at FROM policy_overrides \
    WHERE application = $1 ORDER BY scope LIMIT 10000";
const HAS_OVERRIDES: &str = "SELECT scope FROM policy_overrides WHERE application = $1 LIMIT 1";
const APPLICABLE: &str = concat!(
    "SELECT rules.scope, class_members.subject AS member, rules.policy, rules.changed_at ",
    applicable!()
);
const OWN: &str = "SELECT policy FROM applications WHERE id = $1 AND vendor_id = $2";
const OVERRIDE: &str = "SELECT policy FROM policy_overrides WHERE application = $1 AND scope = $2";
const SET_OWN: &str = "UPDATE applications SET policy = $3, policy_changed_at = $4 \
    WHERE id = $1 AND vendor_id = $2";
const IS_OWNED: &str = "SELECT id FROM applications WHERE id = $1 AND vendor_id = $2";
const HAS_CLASS: &str = "SELECT name FROM classes WHERE vendor_id = $1 AND name = $2";
const OTHER_OVERRIDES: &str = "SELECT COUNT(*) AS others FROM policy_overrides \
    WHERE application = $1 AND scope <> $2";
const SET_OVERRIDE: &str = "INSERT INTO policy_overrides (application, scope, policy, changed_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (application, scope) \
    DO UPDATE SET policy = excluded.policy, changed_at = excluded.changed_at";
const REMOVE_OVERRIDE: &str = "DELETE FROM policy_overrides WHERE application = $1 AND scope = $2";
const RECORD: &str = "INSERT INTO policy_changes (id, application, scope, policy, profile, \
    changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const CHANGES: &str = "SELECT scope, policy, profile, applied_to, policy_changes.changed_at, \
    changed_by, vendor_tokens.label FROM policy_changes \
    JOIN vendor_tokens ON vendor_tokens.id = policy_changes.changed_by \
    WHERE application = $1 AND ($2 IS NULL OR policy_changes.id = $2) \
    ORDER BY policy_changes.id DESC LIMIT 1000";
const PERSON_BY_LICENSEE: &str = "SELECT builders.licensee_id, builders.email FROM trials \
    JOIN builders ON builders.license_id = trials.license_id \
    JOIN applications ON applications.id = trials.application \
    WHERE applications.vendor_id = $1 AND trials.licensee_id = $2 \
    ORDER BY trials.id DESC LIMIT 1";
/// Who had their data deleted is not found by their address any more.
const PERSON_BY_EMAIL_KEY: &str = "SELECT builders.licensee_id, builders.email FROM builders \
    JOIN trials ON builders.license_id = trials.license_id \
    JOIN applications ON applications.id = trials.application \
    JOIN licensees ON licensees.id = trials.licensee_id \
    WHERE applications.vendor_id = $1 AND licensees.email_key = $2 AND builders.email <> $3 \
    ORDER BY trials.id DESC LIMIT 1";

impl Store {
    /// The policies in place of the application's own, at most 10,000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn policy_overrides(
        &self,
        application: &ApplicationId,
    ) -> Result<Vec<ScopedPolicy>, StoreError> {
        let query = sqlx::query(OVERRIDES).bind(application.as_str());
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| ScopedPolicy::from_columns(Columns(row))).collect()
    }

    /// The policies in place of the application's own that concern somebody, in their order of
    /// precedence.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn applicable_policies(
        &self,
        application: &ApplicationId,
        subjects: &Subjects,
    ) -> Result<Vec<ScopedPolicy>, StoreError> {
        let query = subjects.bind(sqlx::query(APPLICABLE).bind(application.as_str()));
        let rows = self.fetch_all(query).await?;
        let policies = rows.iter().map(|row| ScopedPolicy::from_columns(Columns(row)));
        let mut policies = policies.collect::<Result<Vec<_>, _>>()?;
        policies.dedup_by(|next, narrower| next.scope == narrower.scope);
        Ok(policies)
    }

    /// Whether any policy is in place of the application's own.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_policy_overrides(
        &self,
        application: &ApplicationId,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(HAS_OVERRIDES).bind(application.as_str());
        Ok(self.fetch_optional(query).await?.is_some())
    }

    /// Sets or removes a policy, and records the change, or does neither.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn update_policy(&self, update: &PolicyUpdate) -> Result<PolicyUpdated, StoreError> {
        self.write(update).await
    }

    /// The changes of an application's policies, the newest first, at most 1000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn policy_changes(
        &self,
        application: &ApplicationId,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        self.changes(application, None).await
    }

    /// One change of an application's policies.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn policy_change(
        &self,
        application: &ApplicationId,
        id: PolicyChangeId,
    ) -> Result<Option<PolicyChange>, StoreError> {
        Ok(self.changes(application, Some(id)).await?.pop())
    }

    async fn changes(
        &self,
        application: &ApplicationId,
        id: Option<PolicyChangeId>,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        let id = id.map(|id| id.to_string());
        let query = sqlx::query(CHANGES).bind(application.as_str()).bind(id);
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| change(Columns(row))).collect()
    }

    /// Licensee and address of somebody who asked this vendor for a trial.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn requester(
        &self,
        vendor: VendorId,
        who: RequesterKey,
    ) -> Result<Option<(LicenseeId, Email)>, StoreError> {
        let vendor = vendor.to_string();
        let query = match who {
            RequesterKey::Licensee(id) => {
                sqlx::query(PERSON_BY_LICENSEE).bind(vendor).bind(id.to_string())
            }
            RequesterKey::Email(key) => sqlx::query(PERSON_BY_EMAIL_KEY)
                .bind(vendor)
                .bind(key.to_string())
                .bind(DELETED_EMAIL),
        };
        let row = self.fetch_optional(query).await?;
        row.map(|row| {
            let columns = Columns(&row);
            Ok((columns.text("licensee_id")?, columns.text("email")?))
        })
        .transpose()
    }
}

impl ScopedPolicy {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            scope: columns.text("scope")?,
            member: columns.optional_text("member")?,
            policy: columns.json("policy")?,
            changed_at: columns.instant("changed_at")?,
        })
    }
}

fn change(columns: Columns<'_>) -> Result<PolicyChange, StoreError> {
    let label: String = columns.text("label")?;
    Ok(PolicyChange {
        scope: columns.text("scope")?,
        policy: columns.optional_json("policy")?,
        profile: columns.optional_text("profile")?,
        applied_to: columns.optional_number("applied_to")?,
        changed_at: columns.instant("changed_at")?,
        changed_by: if label.is_empty() { columns.text("changed_by")? } else { label },
    })
}

impl Operation for PolicyUpdate {
    type Answer = PolicyUpdated;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<PolicyUpdated>, StoreError> {
        let outcome = match &self.scope {
            Scope::Application => self.set_own(connection).await?,
            Scope::Class(class) => match self.has_class(connection, class).await? {
                true => self.set_override(connection).await?,
                false => PolicyUpdated::NoClass(class.clone()),
            },
            Scope::Licensee(_) => self.set_override(connection).await?,
        };
        if outcome != PolicyUpdated::Done {
            return Ok(Finish::RollBack(outcome));
        }
        sqlx::query(RECORD)
            .bind(self.id.to_string())
            .bind(self.application.as_str())
            .bind(self.scope.to_string())
            .bind(self.policy.as_ref().map(json))
            .bind(self.profile.as_ref().map(Label::as_str))
            .bind(self.changed_at.unix())
            .bind(self.changed_by.to_string())
            .execute(connection)
            .await?;
        Ok(Finish::Commit(outcome))
    }
}

impl PolicyUpdate {
    /// The application's own policy is replaced and never removed.
    async fn set_own(&self, connection: &mut AnyConnection) -> Result<PolicyUpdated, StoreError> {
        let Some(policy) = &self.policy else { return Ok(PolicyUpdated::NoPolicy) };
        let own = sqlx::query(OWN).bind(self.application.as_str()).bind(self.vendor.to_string());
        let own = own.fetch_optional(&mut *connection).await?;
        if own.is_some() && is_other(self.in_place_of, own)? {
            return Ok(PolicyUpdated::Other);
        }
        let outcome = sqlx::query(SET_OWN)
            .bind(self.application.as_str())
            .bind(self.vendor.to_string())
            .bind(json(policy))
            .bind(self.changed_at.unix())
            .execute(connection)
            .await?;
        Ok(match outcome.rows_affected() {
            1 => PolicyUpdated::Done,
            _ => PolicyUpdated::NoApplication,
        })
    }

    async fn set_override(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<PolicyUpdated, StoreError> {
        let owned = sqlx::query(IS_OWNED)
            .bind(self.application.as_str())
            .bind(self.vendor.to_string())
            .fetch_optional(&mut *connection)
            .await?;
        if owned.is_none() {
            return Ok(PolicyUpdated::NoApplication);
        }
        let there =
            sqlx::query(OVERRIDE).bind(self.application.as_str()).bind(self.scope.to_string());
        if is_other(self.in_place_of, there.fetch_optional(&mut *connection).await?)? {
            return Ok(PolicyUpdated::Other);
        }
        if self.policy.is_some() && self.is_full(connection).await? {
            return Ok(PolicyUpdated::Full);
        }
        let statement = if self.policy.is_some() { SET_OVERRIDE } else { REMOVE_OVERRIDE };
        let mut query =
            sqlx::query(statement).bind(self.application.as_str()).bind(self.scope.to_string());
        if let Some(policy) = &self.policy {
            query = query.bind(json(policy)).bind(self.changed_at.unix());
        }
        Ok(match query.execute(connection).await?.rows_affected() {
            0 => PolicyUpdated::NoPolicy,
            _ => PolicyUpdated::Done,
        })
    }

    async fn is_full(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let row = sqlx::query(OTHER_OVERRIDES)
            .bind(self.application.as_str())
            .bind(self.scope.to_string())
            .fetch_one(connection)
            .await?;
        Ok(Columns(&row).number::<i64>("others")? >= MOST_OVERRIDES)
    }

    async fn has_class(
        &self,
        connection: &mut AnyConnection,
        class: &Label,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(HAS_CLASS).bind(self.vendor.to_string()).bind(class.as_str());
        Ok(query.fetch_optional(connection).await?.is_some())
    }
}

/// Whether the policy in the row that there is, or that there is none, is not what a change was made
/// from.
pub(super) fn is_other(
    in_place_of: Option<InPlaceOf>,
    row: Option<AnyRow>,
) -> Result<bool, StoreError> {
    let Some(InPlaceOf { policy: expected }) = in_place_of else { return Ok(false) };
    let there: Option<TrialPolicy> = row.map(|row| Columns(&row).json("policy")).transpose()?;
    Ok(there != expected)
}
