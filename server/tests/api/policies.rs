//! Policies for everybody, for classes and for single licensees.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use trybuy_formats::api::{
    ClassesAnswer, OfferAnswer, PolicyHistory, Profile, ProfilesAnswer, TrialAnswer,
};
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{APPLICATION, TestBuilder, TestServer, TestVendor, policy};

const CHANGE: &str = "0198a7c0-0000-7000-8000-000000000009";

fn days(days: u64) -> TrialPolicy {
    TrialPolicy { duration: Span::seconds(days * 86_400), ..policy() }
}

async fn offer(server: &TestServer, builder: &TestBuilder) -> OfferAnswer {
    let path = format!("/api/v1/applications/{APPLICATION}/offer");
    builder.send_empty(server, Method::POST, &path).await.json(200)
}

#[tokio::test]
async fn a_class_has_its_own_policy_and_others_have_the_applications() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &["@Example.edu"]).await;
    let wanted = TrialPolicy { trials: 2, acceptance: AcceptanceKind::Explicit, ..days(60) };
    vendor.set_policy("class:education", wanted).await;
    let ada = TestBuilder::register_as(&server, 0, "ada@cs.example.edu").await;
    let bob = TestBuilder::register_as(&server, 1, "bob@example.com").await;
    let offered = offer(&server, &ada).await;
    assert_eq!((offered.policy, offered.trials_used, offered.trials_allowed), (wanted, 0, 2));
    assert_eq!(offered.terms_digest.to_string(), server.application().await["terms_digest"]);
    assert_eq!(offer(&server, &bob).await.policy, policy());
    assert_eq!(bob.try_it(&server).await.trial.ends_at, Some(server.now().plus(days(10).duration)));
    assert_eq!(offer(&server, &bob).await.trials_used, 1);

    // The catalog shows the application's own; what is accepted is that of the class.
    let mut proof = crate::support::accept(&server.application().await["terms_digest"]);
    let without = ada.ask(&server, Some(proof.clone())).await;
    assert_eq!(without.problem().slug, Slug::TermsNotAccepted);
    proof.name = Some("Ada".parse().expect("a name"));
    let trial: TrialAnswer = ada.ask(&server, Some(proof)).await.json(201);
    assert_eq!(trial.trial.ends_at, Some(server.now().plus(wanted.duration)));
}

#[tokio::test]
async fn an_offer_is_for_builders_and_applications_that_are_there() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let none = "/api/v1/applications/com.example.none/offer";
    builder.send_empty(&server, Method::POST, none).await.refused(404, Slug::NotFound, None);
    let path = format!("{}/api/v1/applications/{APPLICATION}/offer", server.url);
    let unsigned = crate::support::Answer::of(server.client.post(path)).await;
    unsigned.refused(401, Slug::Unauthorized, None);
}

#[tokio::test]
async fn a_vendor_is_told_what_a_licensee_gets_and_why() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &["@example.edu"]).await;
    vendor.set_policy("class:education", days(60)).await;
    vendor.set_policy("Ada+draw@CS.example.edu", days(90)).await;
    let told = async |licensee: &str| -> Vec<String> {
        let policies = vendor.policies(Some(licensee)).await.policies;
        let tell = |entry: trybuy_formats::api::PolicyEntry| {
            let member = entry.member.map(|member| format!(" as {member}")).unwrap_or_default();
            format!("{}{member}: {}", entry.scope, entry.policy.duration.in_words())
        };
        policies.into_iter().map(tell).collect()
    };
    let (education, own) = ("class:education as @example.edu: 60 days", "application: 10 days");
    let adas = ["ada@cs.example.edu: 90 days", education, own];
    assert_eq!(told("ada%2Bother@cs.example.edu").await, adas);
    assert_eq!(told("eve@example.edu").await, [education, own]);
    assert_eq!(told("bob@example.com").await, [own]);
    // Known by the id alone, once there is a request for a trial.
    let ada = TestBuilder::register_as(&server, 0, "ADA+x@cs.example.edu").await;
    let id = ada.license.licensee_ids[0].to_string();
    assert_eq!(told(&id).await, [own]);
    vendor.set_policy(&id, days(3)).await;
    ada.try_it(&server).await;
    let by_id = format!("{id}: 3 days");
    let all = [by_id.as_str(), adas[0], education, own];
    assert_eq!(told(&id).await, all);
    assert_eq!(told("ada@cs.example.edu").await, all);
    let scopes = vendor.policies(None).await.policies.into_iter().map(|entry| entry.scope);
    let scopes: BTreeSet<String> = scopes.map(|scope| scope.to_string()).collect();
    let expected = ["application", &id, "ada@cs.example.edu", "class:education"];
    assert_eq!(scopes, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn changes_are_kept_with_who_made_them() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &[]).await;
    vendor.set_policy("class:education", days(60)).await;
    server.pass(60);
    let removal = vendor.remove_policy("class:education").await;
    assert_eq!(vendor.follow(removal).await, 0);
    let path = format!("applications/{APPLICATION}/policy-changes");
    let history: PolicyHistory = vendor.send_empty(Method::GET, &path).await.json(200);
    let [removed, set] = history.changes.try_into().expect("two changes");
    assert_eq!((removed.policy, removed.applied_to), (None, Some(0)));
    assert_eq!((set.policy, set.applied_to), (Some(days(60)), None));
    assert_eq!(removed.changed_at, set.changed_at.plus(Span::seconds(60)));
    // The token has no label.
    assert!(!set.changed_by.is_empty() && set.changed_by == removed.changed_by);
}

#[tokio::test]
async fn classes_and_profiles_are_listed_as_they_were_made() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &["@example.edu", "Ada+x@Example.com", "ada@example.com"]).await;
    let listed: ClassesAnswer = vendor.send_empty(Method::GET, "classes").await.json(200);
    let expected = json!([{ "name": "education", "rank": 5,
        "members": ["@example.edu", "ada@example.com"] }]);
    assert_eq!(serde_json::to_value(listed.classes).expect("JSON"), expected);
    let set = vendor.send(Method::PUT, "profiles/long", Some(&json!({ "policy": days(60) }))).await;
    let profiles: ProfilesAnswer = vendor.send_empty(Method::GET, "profiles").await.json(200);
    assert_eq!(profiles.profiles, [set.json::<Profile>(200)]);
    assert_eq!(profiles.profiles[0].policy, days(60));
    for path in ["profiles/long", "classes/education/members/@example.edu", "classes/education"] {
        assert_eq!(vendor.send_empty(Method::DELETE, path).await.status, 204, "{path}");
        vendor.send_empty(Method::DELETE, path).await.refused(404, Slug::NotFound, None);
    }
}

/// Method, path below `/vendor`, body; status, slug, title and help of the refusal.
type Refused = (Method, &'static str, Value, u16, Slug, &'static str, &'static str);

#[tokio::test]
async fn what_cannot_be_is_refused_with_a_way_out() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &[]).await;
    vendor.set_policy("class:education", days(60)).await;
    let set = |policy: TrialPolicy| json!({ "policy": policy });
    let show = "`trybuy-vendor policy show` lists the policies there are";
    let list = "`trybuy-vendor class list` shows all";
    let in_place = json!({ "policy": policy(), "in_place_of": { "policy": days(59) } });
    let again = "run the command again: it begins with what is there now";
    let cases: [Refused; 15] = [
        (
            Method::PUT,
            "applications/com.example.sketch/policies/class:none",
            set(policy()),
            404,
            Slug::NotFound,
            "there is no class `none`",
            "make it with `trybuy-vendor class create`",
        ),
        (
            Method::DELETE,
            "applications/com.example.sketch/policies/class:none",
            Value::Null,
            404,
            Slug::NotFound,
            "there is no class `none`",
            "make it with `trybuy-vendor class create`",
        ),
        (
            Method::DELETE,
            "applications/com.example.sketch/policies/ada@example.com",
            Value::Null,
            404,
            Slug::NotFound,
            "the application has no policy for `ada@example.com`",
            show,
        ),
        (
            Method::DELETE,
            "applications/com.example.sketch/policies/application",
            Value::Null,
            400,
            Slug::BadRequest,
            "the application's own policy can be changed, not removed",
            "set another one with `trybuy-vendor policy set`",
        ),
        (
            Method::PUT,
            "applications/com.example.sketch/policies/application",
            set(TrialPolicy { trials: 0, ..policy() }),
            422,
            Slug::InvalidManifest,
            "a licensee has 1 to 10 trials of an application",
            "correct it in the policy",
        ),
        (
            Method::PUT,
            "applications/com.example.sketch/policies/class:education",
            in_place.clone(),
            409,
            Slug::PolicyChanged,
            "the policy for `class:education` was changed meanwhile",
            again,
        ),
        (
            Method::PUT,
            "profiles/short",
            in_place,
            409,
            Slug::PolicyChanged,
            "the profile `short` was changed meanwhile",
            again,
        ),
        (
            Method::PUT,
            "applications/com.example.none/policies/application",
            set(policy()),
            404,
            Slug::NotFound,
            "there is no such application",
            "`trybuy-vendor releases` lists what you have published",
        ),
        (
            Method::GET,
            "applications/com.example.sketch/policies?licensee=@example.edu",
            Value::Null,
            400,
            Slug::BadRequest,
            "a policy is for one licensee or for a class, not for a domain",
            "make a class with the domain as its member",
        ),
        (
            Method::POST,
            "applications/com.example.sketch/existing-trials",
            json!({ "change": CHANGE }),
            404,
            Slug::NotFound,
            "there is no such change of a policy",
            "`trybuy-vendor policy history` lists the changes",
        ),
        (
            Method::PUT,
            "classes/none/members/@example.edu",
            Value::Null,
            404,
            Slug::NotFound,
            "there is no class `none`",
            list,
        ),
        (
            Method::DELETE,
            "classes/education/members/@example.edu",
            Value::Null,
            404,
            Slug::NotFound,
            "`@example.edu` is no member of the class",
            list,
        ),
        (
            Method::DELETE,
            "classes/education",
            Value::Null,
            400,
            Slug::BadRequest,
            "an application has a policy for the class `education`",
            "remove those policies with `trybuy-vendor policy remove` first",
        ),
        (
            Method::DELETE,
            "profiles/none",
            Value::Null,
            404,
            Slug::NotFound,
            "there is no profile `none`",
            "`trybuy-vendor profile list` shows all",
        ),
        (
            Method::PUT,
            "profiles/short",
            set(TrialPolicy { duration: Span::default(), ..policy() }),
            422,
            Slug::InvalidManifest,
            "a trial lasts 1s to 36525d",
            "correct it in the policy",
        ),
    ];
    for (method, path, body, status, slug, title, help) in cases {
        let body = Some(body).filter(|body| !body.is_null());
        let refused = vendor.send(method, path, body.as_ref()).await.refused(status, slug, None);
        assert_eq!(
            (refused.title.as_str(), refused.help.as_deref()),
            (title, Some(help)),
            "{path}"
        );
    }
    // What is no scope, subject or name is an address of nothing.
    for path in [
        "applications/com.example.sketch/policies/@example.edu",
        "applications/com.example.sketch/policies/class:",
        "applications/com.example.sketch/policies/everybody",
        "classes/Education",
        "classes/education/members/example",
        "profiles/-",
    ] {
        let refused = vendor.send(Method::PUT, path, Some(&json!({}))).await;
        refused.refused(404, Slug::NotFound, None);
    }
}

#[tokio::test]
async fn nothing_of_a_vendor_is_anothers() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    vendor.class("education", 5, &["@example.edu"]).await;
    let change = vendor.set_policy("class:education", days(60)).await;
    let rival = TestVendor::named(&server, "Rival").await;
    let set = json!({ "policy": days(1) });
    let follow = json!({ "change": change });
    let application = [
        (Method::GET, "policies", &Value::Null),
        (Method::GET, "policies?licensee=ada@example.edu", &Value::Null),
        (Method::PUT, "policies/application", &set),
        (Method::PUT, "policies/class:education", &set),
        (Method::PUT, "policies/ada@example.edu", &set),
        (Method::DELETE, "policies/class:education", &Value::Null),
        (Method::POST, "existing-trials", &follow),
        (Method::GET, "policy-changes", &Value::Null),
    ];
    for (method, path, body) in application {
        let path = format!("applications/{APPLICATION}/{path}");
        let body = Some(body).filter(|body| !body.is_null());
        rival.send(method, &path, body).await.refused(403, Slug::Forbidden, None);
    }
    for (method, path) in [
        (Method::DELETE, "classes/education"),
        (Method::PUT, "classes/education/members/@example.com"),
        (Method::DELETE, "classes/education/members/@example.edu"),
        (Method::DELETE, "profiles/long"),
    ] {
        rival.send_empty(method, path).await.refused(404, Slug::NotFound, None);
    }
    for path in ["classes", "profiles"] {
        let listed: Value = rival.send_empty(Method::GET, path).await.json(200);
        assert_eq!(listed, json!({ path: [] }));
        let unsigned = server.get(&format!("/api/v1/vendor/{path}"));
        let unsigned = crate::support::Answer::of(unsigned).await;
        unsigned.refused(401, Slug::Unauthorized, None);
    }
    assert_eq!(vendor.policies(None).await.policies.len(), 2, "all is as it was");
}
