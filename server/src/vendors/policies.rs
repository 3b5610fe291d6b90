//! The policies of a vendor's applications: for everybody, for classes, for single licensees.

use trybuy_formats::api::{PolicyAnswer, PolicyEntry, PolicyHistory, SetPolicy};
use trybuy_formats::ids::{ApplicationId, Email, Label, LicenseeId, PolicyChangeId};
use trybuy_formats::keys::email_key;
use trybuy_formats::policy::InvalidPolicy;
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::{Scope, Subject};

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{
    Actor, Application, PolicyUpdate, PolicyUpdated, RequesterKey, ScopedPolicy, StoreError,
    Subjects, Vendor,
};

/// Why a policy is not shown or set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// There is no such application.
    #[error("there is no such application")]
    NoApplication,
    /// The application is another vendor's.
    #[error("the application belongs to another vendor")]
    NotYours,
    /// There is no such class.
    #[error("there is no class `{0}`")]
    NoClass(Label),
    /// There is no policy of that scope.
    #[error("the application has no policy for `{0}`")]
    NoPolicy(Scope),
    /// The application's own policy is not removed.
    #[error("the application's own policy can be changed, not removed")]
    Own,
    /// An application has at most 10,000 policies in place of its own.
    #[error("there are 10,000 policies for classes and licensees, and no room for another one")]
    Full,
    /// A domain is no licensee.
    #[error("a policy is for one licensee or for a class, not for a domain")]
    Domain,
    /// Somebody else changed the policy meanwhile.
    #[error("the policy for `{0}` was changed meanwhile")]
    Changed(Scope),
    /// There is no such change.
    #[error("there is no such change of a policy")]
    NoChange,
    /// A value is out of its range.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicy),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// What to do where somebody else changed the same policy or profile.
pub(super) const CHANGED: &str = "run the command again: it begins with what is there now";

/// The policies of an application, its own first.
///
/// # Errors
/// When the vendor has no such application.
pub async fn policies_of(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
) -> Result<PolicyAnswer, PolicyError> {
    let found = own_application(app, vendor, application).await?;
    let mut policies = vec![own_policy(&found)];
    policies.extend(app.store.policy_overrides(application).await?.into_iter().map(entry));
    Ok(PolicyAnswer { application: found.id, policies, change: None })
}

/// The policies that concern a licensee, in their order of precedence: the first one is in force.
///
/// # Errors
/// When the vendor has no such application.
pub async fn policies_for(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
    licensee: &Subject,
) -> Result<PolicyAnswer, PolicyError> {
    let found = own_application(app, vendor, application).await?;
    let subjects = subjects_of(app, vendor, licensee).await?;
    let applicable = app.store.applicable_policies(application, &subjects).await?;
    let mut policies: Vec<PolicyEntry> = applicable.into_iter().map(entry).collect();
    policies.push(own_policy(&found));
    Ok(PolicyAnswer { application: found.id, policies, change: None })
}

/// Sets a policy for the trials to come. Those that were granted keep theirs until they are asked to
/// follow ([`super::follow_policies`]).
///
/// # Errors
/// When the vendor has no such application or class, or a value is out of its range.
pub async fn change_policy(
    app: &App,
    by: &Actor,
    application: ApplicationId,
    scope: Scope,
    change: SetPolicy,
) -> Result<PolicyAnswer, PolicyError> {
    let SetPolicy { policy, profile, in_place_of } = change;
    policy.validate()?;
    own_application(app, &by.vendor, &application).await?;
    let update = PolicyUpdate {
        id: PolicyChangeId::new(),
        vendor: by.vendor.id,
        application,
        scope,
        policy: Some(policy),
        profile,
        in_place_of,
        changed_at: app.clock.now(),
        changed_by: by.token,
    };
    updated(app, &update).await?;
    let PolicyUpdate { id, application, scope, changed_at, .. } = update;
    let policies = vec![PolicyEntry { scope, member: None, policy, changed_at }];
    Ok(PolicyAnswer { application, policies, change: Some(id) })
}

/// Removes a policy of a class or a licensee. Answers the application's own.
///
/// # Errors
/// When the vendor has no such application, or there is no such policy.
pub async fn remove_policy(
    app: &App,
    by: &Actor,
    application: ApplicationId,
    scope: Scope,
) -> Result<PolicyAnswer, PolicyError> {
    let found = own_application(app, &by.vendor, &application).await?;
    let update = PolicyUpdate {
        id: PolicyChangeId::new(),
        vendor: by.vendor.id,
        application,
        scope,
        policy: None,
        profile: None,
        in_place_of: None,
        changed_at: app.clock.now(),
        changed_by: by.token,
    };
    updated(app, &update).await?;
    let policies = vec![own_policy(&found)];
    Ok(PolicyAnswer { application: found.id, policies, change: Some(update.id) })
}

/// The changes of an application's policies, the newest first.
///
/// # Errors
/// When the vendor has no such application.
pub async fn policy_history(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
) -> Result<PolicyHistory, PolicyError> {
    own_application(app, vendor, application).await?;
    Ok(PolicyHistory { changes: app.store.policy_changes(application).await? })
}

async fn updated(app: &App, update: &PolicyUpdate) -> Result<(), PolicyError> {
    match app.store.update_policy(update).await? {
        PolicyUpdated::Done => Ok(()),
        PolicyUpdated::NoApplication => Err(PolicyError::NoApplication),
        PolicyUpdated::NoClass(class) => Err(PolicyError::NoClass(class)),
        PolicyUpdated::NoPolicy if update.scope == Scope::Application => Err(PolicyError::Own),
        PolicyUpdated::NoPolicy => Err(PolicyError::NoPolicy(update.scope.clone())),
        PolicyUpdated::Other => Err(PolicyError::Changed(update.scope.clone())),
        PolicyUpdated::Full => Err(PolicyError::Full),
    }
}

/// An application of this vendor.
pub(super) async fn own_application(
    app: &App,
    vendor: &Vendor,
    id: &ApplicationId,
) -> Result<Application, PolicyError> {
    let application = app.store.application(id).await?.ok_or(PolicyError::NoApplication)?;
    if application.vendor.id == vendor.id { Ok(application) } else { Err(PolicyError::NotYours) }
}

/// Licensee and address of somebody who asked this vendor for a trial.
pub(super) async fn requester(
    app: &App,
    vendor: &Vendor,
    subject: &Subject,
) -> Result<Option<(LicenseeId, Email)>, StoreError> {
    let who = match subject {
        Subject::Licensee(id) => RequesterKey::Licensee(*id),
        Subject::Email(mailbox) => RequesterKey::Email(email_key(app.keys.master(), mailbox)),
        Subject::Domain(_) => return Ok(None),
    };
    app.store.requester(vendor.id, who).await
}

/// All that is known of somebody. Who has not asked this vendor for anything yet is known by what was
/// given.
async fn subjects_of(
    app: &App,
    vendor: &Vendor,
    subject: &Subject,
) -> Result<Subjects, PolicyError> {
    if let Some((id, email)) = requester(app, vendor, subject).await? {
        return Ok(Subjects::of(id, &email));
    }
    match subject {
        Subject::Licensee(id) => Ok(Subjects::known(Some(*id), None)),
        Subject::Email(email) => Ok(Subjects::known(None, Some(email))),
        Subject::Domain(_) => Err(PolicyError::Domain),
    }
}

fn own_policy(application: &Application) -> PolicyEntry {
    PolicyEntry {
        scope: Scope::Application,
        member: None,
        policy: application.policy,
        changed_at: application.policy_changed_at,
    }
}

fn entry(scoped: ScopedPolicy) -> PolicyEntry {
    let ScopedPolicy { scope, member, policy, changed_at } = scoped;
    PolicyEntry { scope, member, policy, changed_at }
}

impl Refusal for PolicyError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoApplication | Self::NoClass(_) | Self::NoPolicy(_) | Self::NoChange => {
                Slug::NotFound
            }
            Self::NotYours => Slug::Forbidden,
            Self::Domain | Self::Own => Slug::BadRequest,
            Self::Changed(_) => Slug::PolicyChanged,
            Self::Full => Slug::TooLarge,
            Self::Invalid(_) => Slug::InvalidManifest,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoApplication => "`trybuy-vendor releases` lists what you have published",
            Self::NotYours => "use the token of the vendor that it belongs to",
            Self::NoClass(_) => "make it with `trybuy-vendor class create`",
            Self::NoPolicy(_) => "`trybuy-vendor policy show` lists the policies there are",
            Self::Own => "set another one with `trybuy-vendor policy set`",
            Self::Full => "make classes, and remove those of single licensees",
            Self::Changed(_) => CHANGED,
            Self::NoChange => "`trybuy-vendor policy history` lists the changes",
            Self::Domain => "make a class with the domain as its member",
            Self::Invalid(_) => "correct it in the policy",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
