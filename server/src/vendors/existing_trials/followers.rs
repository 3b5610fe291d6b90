//! Whose trials follow a change of a policy, and which policy they get.

use std::collections::{HashMap, HashSet};

use trybuy_formats::api::PolicyChange;
use trybuy_formats::ids::{ApplicationId, Email, LicenseeId};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::subject::{Scope, Subject};

use crate::app::App;
use crate::store::{GrantedTrial, StoreError, Subjects, Vendor};
use crate::vendors::PolicyError;

/// Those whom a change is about.
pub(super) struct Followers<'a> {
    application: &'a ApplicationId,
    change: &'a PolicyChange,
    /// Whom the scope of the change names; none for everybody.
    named: Option<HashSet<Subject>>,
    own: TrialPolicy,
    /// Whether there are any policies in place of the application's own.
    has_overrides: bool,
    /// What is in force, asked for once for each person.
    known: HashMap<(LicenseeId, Email), (Scope, TrialPolicy)>,
}

impl<'a> Followers<'a> {
    pub(super) async fn load(
        app: &App,
        vendor: &Vendor,
        application: &'a ApplicationId,
        change: &'a PolicyChange,
    ) -> Result<Self, PolicyError> {
        let found = app.store.application(application).await?.ok_or(PolicyError::NoApplication)?;
        let named = match &change.scope {
            Scope::Application => None,
            Scope::Licensee(subject) => Some(HashSet::from([subject.clone()])),
            Scope::Class(class) => {
                Some(app.store.class_members(vendor.id, class).await?.into_iter().collect())
            }
        };
        let has_overrides = app.store.has_policy_overrides(application).await?;
        let known = HashMap::new();
        Ok(Self { application, change, named, own: found.policy, has_overrides, known })
    }

    /// The policy that a trial gets; none if the change is not about it.
    pub(super) async fn policy_of(
        &mut self,
        app: &App,
        trial: &GrantedTrial,
    ) -> Result<Option<TrialPolicy>, StoreError> {
        let is_named = self.named.as_ref().is_none_or(|named| {
            let subjects = Subject::all_of(trial.licensee_id, &trial.email);
            subjects.iter().any(|subject| named.contains(subject))
        });
        if !is_named {
            return Ok(None);
        }
        let (scope, policy) = self.in_force(app, trial).await?;
        let was_removed = self.change.policy.is_none();
        Ok((was_removed || scope == self.change.scope).then_some(policy))
    }

    /// The policy in force for a trial's holder.
    async fn in_force(
        &mut self,
        app: &App,
        trial: &GrantedTrial,
    ) -> Result<(Scope, TrialPolicy), StoreError> {
        if !self.has_overrides {
            return Ok((Scope::Application, self.own));
        }
        let person = (trial.licensee_id, trial.email.clone());
        if let Some(known) = self.known.get(&person) {
            return Ok(known.clone());
        }
        let subjects = Subjects::of(trial.licensee_id, &trial.email);
        let applicable = app.store.applicable_policies(self.application, &subjects).await?;
        let in_force = applicable
            .into_iter()
            .next()
            .map_or((Scope::Application, self.own), |found| (found.scope, found.policy));
        self.known.insert(person, in_force.clone());
        Ok(in_force)
    }
}
