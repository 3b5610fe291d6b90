//! Policies, profiles and classes.

use reqwest::{Method, RequestBuilder};
use trybuy_formats::api::{
    ClassesAnswer, FollowAnswer, FollowPolicies, PolicyAnswer, PolicyHistory, Profile,
    ProfilesAnswer, SetClass, SetPolicy, SetProfile,
};
use trybuy_formats::ids::{ApplicationId, Label};
use trybuy_formats::subject::{Scope, Subject};

use super::Client;
use crate::vendor_cli::failure::Failure;

/// Every function fails with what the server answers, or that it does not answer.
impl Client {
    /// The policies of an application; for a licensee those that concern it, by precedence.
    pub(in crate::vendor_cli) fn policies(
        &self,
        application: &ApplicationId,
        licensee: Option<&Subject>,
    ) -> Result<PolicyAnswer, Failure> {
        let mut request = self.of_application(Method::GET, application, &["policies"]);
        if let Some(licensee) = licensee {
            request = request.query(&[("licensee", licensee.to_string())]);
        }
        self.json(request)
    }

    /// Sets the policy of a scope.
    pub(in crate::vendor_cli) fn set_policy(
        &self,
        application: &ApplicationId,
        scope: &Scope,
        change: &SetPolicy,
    ) -> Result<PolicyAnswer, Failure> {
        let path = ["policies", &scope.to_string()];
        self.json(self.of_application(Method::PUT, application, &path).json(change))
    }

    /// Removes the policy of a scope.
    pub(in crate::vendor_cli) fn remove_policy(
        &self,
        application: &ApplicationId,
        scope: &Scope,
    ) -> Result<PolicyAnswer, Failure> {
        let path = ["policies", &scope.to_string()];
        self.json(self.of_application(Method::DELETE, application, &path))
    }

    /// Lets the next granted trials follow the policies in force.
    pub(in crate::vendor_cli) fn follow_policies(
        &self,
        application: &ApplicationId,
        request: FollowPolicies,
    ) -> Result<FollowAnswer, Failure> {
        let path = ["existing-trials"];
        self.json(self.of_application(Method::POST, application, &path).json(&request))
    }

    /// The changes of an application's policies.
    pub(in crate::vendor_cli) fn policy_history(
        &self,
        application: &ApplicationId,
    ) -> Result<PolicyHistory, Failure> {
        self.json(self.of_application(Method::GET, application, &["policy-changes"]))
    }

    /// The vendor's profiles.
    pub(in crate::vendor_cli) fn profiles(&self) -> Result<ProfilesAnswer, Failure> {
        self.json(self.request(Method::GET, &["vendor", "profiles"]))
    }

    /// Makes or changes a profile.
    pub(in crate::vendor_cli) fn set_profile(
        &self,
        name: &Label,
        change: &SetProfile,
    ) -> Result<Profile, Failure> {
        let path = ["vendor", "profiles", name.as_str()];
        self.json(self.request(Method::PUT, &path).json(change))
    }

    /// Removes a profile.
    pub(in crate::vendor_cli) fn remove_profile(&self, name: &Label) -> Result<(), Failure> {
        self.done(self.request(Method::DELETE, &["vendor", "profiles", name.as_str()]))
    }

    /// The vendor's classes with their members.
    pub(in crate::vendor_cli) fn classes(&self) -> Result<ClassesAnswer, Failure> {
        self.json(self.request(Method::GET, &["vendor", "classes"]))
    }

    /// Makes a class, or gives it another rank.
    pub(in crate::vendor_cli) fn set_class(&self, name: &Label, rank: u32) -> Result<(), Failure> {
        let path = ["vendor", "classes", name.as_str()];
        self.done(self.request(Method::PUT, &path).json(&SetClass { rank }))
    }

    /// Removes a class.
    pub(in crate::vendor_cli) fn remove_class(&self, name: &Label) -> Result<(), Failure> {
        self.done(self.request(Method::DELETE, &["vendor", "classes", name.as_str()]))
    }

    /// Adds a member to a class.
    pub(in crate::vendor_cli) fn add_member(
        &self,
        class: &Label,
        member: &Subject,
    ) -> Result<(), Failure> {
        self.done(self.member(Method::PUT, class, member))
    }

    /// Takes a member out of a class.
    pub(in crate::vendor_cli) fn remove_member(
        &self,
        class: &Label,
        member: &Subject,
    ) -> Result<(), Failure> {
        self.done(self.member(Method::DELETE, class, member))
    }

    fn member(&self, method: Method, class: &Label, member: &Subject) -> RequestBuilder {
        let member = member.to_string();
        self.request(method, &["vendor", "classes", class.as_str(), "members", &member])
    }

    pub(super) fn of_application(
        &self,
        method: Method,
        application: &ApplicationId,
        path: &[&str],
    ) -> RequestBuilder {
        let application = ["vendor", "applications", application.as_str()];
        self.request(method, &[application.as_slice(), path].concat())
    }
}
