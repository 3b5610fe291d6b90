//! A vendor as the server sees them.

use reqwest::Method;
use serde::Serialize;
use serde_json::json;
use trybuy_formats::api::{FollowAnswer, FollowPolicies, PolicyAnswer, SetPolicy};
use trybuy_formats::ids::PolicyChangeId;
use trybuy_formats::policy::TrialPolicy;

use super::{APPLICATION, Answer, TestServer};

/// Somebody with a token.
pub(crate) struct TestVendor<'a> {
    server: &'a TestServer,
    token: String,
}

impl<'a> TestVendor<'a> {
    /// The one who publishes what most tests need.
    pub(crate) async fn of(server: &'a TestServer) -> Self {
        Self::named(server, "Vendor").await
    }

    pub(crate) async fn named(server: &'a TestServer, name: &str) -> Self {
        Self { server, token: server.token(name).await }
    }

    /// Sends a request to an address below `/vendor`.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Answer {
        let url = format!("{}/api/v1/vendor/{path}", self.server.url);
        let request = self.server.client.request(method, url).bearer_auth(&self.token);
        Answer::of(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends a request without a body.
    pub(crate) async fn send_empty(&self, method: Method, path: &str) -> Answer {
        self.send(method, path, None::<&()>).await
    }

    /// Makes a class with members.
    pub(crate) async fn class(&self, name: &str, rank: u32, members: &[&str]) {
        let path = format!("classes/{name}");
        let made = self.send(Method::PUT, &path, Some(&json!({ "rank": rank }))).await;
        assert_eq!(made.status, 204, "{}", made.text());
        for member in members {
            let path = format!("{path}/members/{member}");
            assert_eq!(self.send_empty(Method::PUT, &path).await.status, 204, "{member}");
        }
    }

    /// Gives a licensee something by hand.
    pub(crate) async fn give(&self, licensee: &str, gift: serde_json::Value) {
        let path = format!("applications/{APPLICATION}/grants");
        let request = json!({ "licensee": licensee, "gift": gift });
        let given = self.send(Method::POST, &path, Some(&request)).await;
        assert_eq!(given.status, 200, "{}", given.text());
    }

    /// Sets the policy of a scope of the application that most tests publish.
    pub(crate) async fn set_policy(&self, scope: &str, policy: TrialPolicy) -> PolicyChangeId {
        let path = format!("applications/{APPLICATION}/policies/{scope}");
        let change = SetPolicy { policy, profile: None, in_place_of: None };
        let answer: PolicyAnswer = self.send(Method::PUT, &path, Some(&change)).await.json(200);
        answer.change.expect("a change")
    }

    /// Removes the policy of a scope.
    pub(crate) async fn remove_policy(&self, scope: &str) -> PolicyChangeId {
        let path = format!("applications/{APPLICATION}/policies/{scope}");
        let answer: PolicyAnswer = self.send_empty(Method::DELETE, &path).await.json(200);
        answer.change.expect("a change")
    }

    /// The policies that concern a licensee, or all.
    pub(crate) async fn policies(&self, licensee: Option<&str>) -> PolicyAnswer {
        let query = licensee.map(|licensee| format!("?licensee={licensee}")).unwrap_or_default();
        let path = format!("applications/{APPLICATION}/policies{query}");
        self.send_empty(Method::GET, &path).await.json(200)
    }

    /// Lets trials that have begun follow a change. Answers how many did.
    pub(crate) async fn follow(&self, change: PolicyChangeId) -> u64 {
        let path = format!("applications/{APPLICATION}/existing-trials");
        let (mut changed, mut after) = (0, None);
        loop {
            let request = FollowPolicies { change, after };
            let answer: FollowAnswer =
                self.send(Method::POST, &path, Some(&request)).await.json(200);
            changed += answer.changed;
            if answer.next.is_none() {
                return changed;
            }
            assert!(answer.next > after, "each page is a later one");
            after = answer.next;
        }
    }
}
