//! The catalog, and what every answer has.

use serde_json::Value;
use trybuy_formats::api::{ApplicationDetails, ApplicationPage};
use trybuy_formats::slug::Slug;

use crate::support::{APPLICATION, Answer, ReleaseMaker, TestServer, policy, start};

#[tokio::test]
async fn applications_are_found_page_by_page() {
    let server = start().await;
    let token = server.token("Vendor").await;
    for id in ["com.example.a", "com.example.b", "com.example.c"] {
        let release = ReleaseMaker { application: id.to_owned(), ..ReleaseMaker::new(&server) };
        server.publish(&token, &release, Some(policy())).await;
    }
    let page = async |query: &str| -> ApplicationPage {
        Answer::of(server.get(&format!("/api/v1/applications{query}"))).await.json(200)
    };
    let ids = |page: &ApplicationPage| -> Vec<String> {
        page.applications.iter().map(|application| application.id.to_string()).collect()
    };
    let first = page("?limit=2").await;
    assert_eq!(ids(&first), ["com.example.a", "com.example.b"]);
    let second = page(&format!("?limit=2&after={}", first.next.expect("more"))).await;
    assert_eq!((ids(&second), second.next), (vec!["com.example.c".to_owned()], None));
    assert_eq!(ids(&page("?q=SKETCH+example.b").await), ["com.example.b"]);
    assert_eq!(ids(&page("?platform=aarch64-linux").await), Vec::<String>::new());
}

#[tokio::test]
async fn an_application_is_shown_with_its_texts() {
    let server = TestServer::with_sketch().await;
    let path = format!("/api/v1/applications/{APPLICATION}");
    let details: ApplicationDetails = Answer::of(server.get(&path)).await.json(200);
    assert_eq!(details.terms, "Try it, do not copy it.");
    assert_eq!(details.vendor, "Vendor");
    assert_eq!(details.policy, policy());
    assert_eq!(details.releases.len(), 1);
    assert_eq!(details.releases[0].program_size, 300_000);
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let server = start().await;
    for (path, status, slug) in [
        ("/api/v1/applications?limit=0", 400, Slug::BadRequest),
        ("/api/v1/applications?limit=101", 400, Slug::BadRequest),
        ("/api/v1/applications?limit=x", 400, Slug::BadRequest),
        ("/api/v1/applications?platform=%2F", 400, Slug::BadRequest),
        ("/api/v1/applications?after=..", 400, Slug::BadRequest),
        ("/api/v1/applications?unknown=1", 400, Slug::BadRequest),
        ("/api/v1/applications?q=a+b+c+d+e+f+g+h+i", 400, Slug::BadRequest),
        ("/api/v1/applications/com.example.none", 404, Slug::NotFound),
        ("/api/v1/applications/UPPER", 404, Slug::NotFound),
        ("/api/v1/applications/%ff", 404, Slug::NotFound),
        ("/nothing", 404, Slug::NotFound),
        ("/api/v1/builders", 405, Slug::BadRequest),
    ] {
        Answer::of(server.get(path)).await.refused(status, slug, None);
    }
    let long = format!("/api/v1/applications?q={}", "a".repeat(40_000));
    let answer = Answer::of(server.get(&long)).await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn every_answer_carries_an_id_and_security_fields() {
    let server = start().await;
    let mut ids = std::collections::HashSet::new();
    for path in ["/healthz", "/api/v1/server", "/nothing", "/d/x"] {
        let answer = Answer::of(server.get(path).header("X-Request-Id", "forged")).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
        assert!(answer.header("cache-control").contains("no-store"), "{path}");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert!(ids.insert(answer.header("x-request-id").to_owned()), "{path}");
    }
    let health: Value = Answer::of(server.get("/healthz")).await.json(200);
    assert_eq!(health["status"], "ok");
}

#[tokio::test]
async fn health_is_bad_without_the_database() {
    let server = start().await;
    server.app.store.close().await;
    Answer::of(server.get("/healthz")).await.refused(503, Slug::ServerError, None);
    let answer = Answer::of(server.get("/api/v1/applications")).await;
    let problem = answer.refused(503, Slug::ServerError, None);
    assert_eq!(problem.title, "the server failed", "the cause stays inside");
    assert_eq!(answer.header("retry-after"), "2");
}
