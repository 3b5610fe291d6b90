//! What vendors see and set.

use trybuy_formats::api::{PolicyAnswer, ReleasesAnswer, RequestersAnswer, SetPolicy};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use crate::support::{APPLICATION, Answer, ReleaseMaker, TestBuilder, TestServer, policy};

fn path(of: &str) -> String {
    format!("/api/v1/vendor/applications/{APPLICATION}/{of}")
}

#[tokio::test]
async fn a_policy_holds_for_the_trials_to_come() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    let put = async |token: &str, policy: TrialPolicy| {
        let url = format!("{}{}", server.url, path("policies/application"));
        Answer::of(server.client.put(url).bearer_auth(token).json(&SetPolicy {
            policy,
            profile: None,
            in_place_of: None,
        }))
        .await
    };
    let before = TestBuilder::register(&server, 0).await.try_it(&server).await;
    server.pass(60);
    let other = TrialPolicy { duration: "1d".parse().expect("a day"), ..policy() };
    let set: PolicyAnswer = put(&token, other).await.json(200);
    assert_eq!((set.policies[0].policy, set.policies[0].changed_at), (other, server.now()));
    let shown = server.get(&path("policies")).bearer_auth(&token);
    assert_eq!(Answer::of(shown).await.json::<PolicyAnswer>(200).policies, set.policies);
    let after = TestBuilder::register(&server, 1).await.try_it(&server).await;
    assert!(after.trial.ends_at < before.trial.ends_at);

    put(&token, TrialPolicy { trials: 11, ..other }).await.refused(
        422,
        Slug::InvalidManifest,
        None,
    );
    let foreign = server.token("Other").await;
    put(&foreign, other).await.refused(403, Slug::Forbidden, None);
    let shown = server.get(&path("policies")).bearer_auth(&foreign);
    Answer::of(shown).await.refused(403, Slug::Forbidden, None);
}

#[tokio::test]
async fn a_vendor_sees_its_releases_only() {
    let server = TestServer::with_sketch().await;
    let other = server.token("Other").await;
    let theirs =
        ReleaseMaker { application: "com.example.theirs".to_owned(), ..ReleaseMaker::new(&server) };
    server.publish(&other, &theirs, Some(policy())).await;
    let token = server.token("Vendor").await;
    let list = async |token: &str, query: &str| -> Vec<String> {
        let request = server.get(&format!("/api/v1/vendor/releases{query}")).bearer_auth(token);
        let answer: ReleasesAnswer = Answer::of(request).await.json(200);
        answer.releases.iter().map(|release| release.application.to_string()).collect()
    };
    assert_eq!(list(&token, "").await, [APPLICATION]);
    assert_eq!(list(&other, "").await, ["com.example.theirs"]);
    assert_eq!(list(&token, "?application=com.example.theirs").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_vendor_sees_who_asked() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    for key in 0..2 {
        TestBuilder::register(&server, key).await.try_it(&server).await;
        server.pass(1);
    }
    let list = async |token: &str, query: &str, accept: &str| {
        let path = path(&format!("requests{query}"));
        Answer::of(server.get(&path).bearer_auth(token).header("Accept", accept)).await
    };
    let first: RequestersAnswer = list(&token, "?limit=1", "*/*").await.json(200);
    assert_eq!(first.requests[0].email.as_str(), "ada@example.com");
    let next = format!("?limit=1&after={}", first.next.expect("more"));
    let second: RequestersAnswer = list(&token, &next, "application/json").await.json(200);
    assert_eq!((second.requests.len(), &second.next), (1, &None));
    assert_ne!(second.requests, first.requests);

    let table = list(&token, "?limit=1", "text/csv").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(table.header("link").contains("rel=\"next\""));
    let text = table.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "head, row, end");
    assert!(lines[0].starts_with("trial_id,licensee_id,name,email"));
    assert!(lines[1].contains(",Ada Lovelace,ada@example.com,,x86_64-linux,1.0.0,"));

    list(&token, "?after=x", "*/*").await.refused(400, Slug::BadRequest, None);
    let foreign = server.token("Other").await;
    list(&foreign, "", "*/*").await.refused(403, Slug::Forbidden, None);
}
