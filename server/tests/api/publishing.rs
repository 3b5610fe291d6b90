//! Publishing releases.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use trybuy_formats::api::PublishAnswer;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::primitives::SignatureKey;
use trybuy_formats::slug::Slug;

use crate::support::{Answer, ReleaseMaker, TestServer, policy, program_bytes, start};

/// Nothing is left of uploads that failed.
fn assert_no_leftovers(server: &TestServer, blobs: usize) {
    assert_eq!(server.files("blobs/spool"), Vec::<String>::new());
    assert_eq!(server.files("blobs").len(), blobs + 1, "the blobs and the spool");
}

#[tokio::test]
async fn publishing_the_same_again_changes_nothing() {
    let server = start().await;
    let token = server.token("Vendor").await;
    let release = ReleaseMaker::new(&server);
    let first = server.upload(&token, &release, Some(policy())).await.json::<PublishAnswer>(201);
    assert!(first.created_application);
    let again = server.upload(&token, &release, None).await.json::<PublishAnswer>(200);
    assert!(!again.created_application);
    assert_eq!(again.release, first.release);
    assert_no_leftovers(&server, 1);

    let changed = ReleaseMaker { program: program_bytes(1000, 2), ..release.clone() };
    server.upload(&token, &changed, None).await.refused(409, Slug::ReleaseExists, None);
    assert_no_leftovers(&server, 1);

    let next = ReleaseMaker { version: "1.1.0".to_owned(), ..changed };
    let other_policy = TrialPolicy { trials: 3, ..policy() };
    let second = server.upload(&token, &next, Some(other_policy)).await.json::<PublishAnswer>(201);
    assert!(!second.created_application);
    assert_eq!(second.policy, policy(), "an application keeps its policy");
}

#[tokio::test]
async fn a_new_application_needs_a_policy() {
    let server = start().await;
    let token = server.token("Vendor").await;
    let release = ReleaseMaker::new(&server);
    server.upload(&token, &release, None).await.refused(422, Slug::InvalidManifest, None);
    for wrong in ["{}", "nonsense", &"x".repeat(5000)] {
        let url = format!("{}{}", server.url, release.path());
        let request = server.client.put(url).bearer_auth(&token).header("Trial-Policy", wrong);
        Answer::of(request.body(release.server_format())).await.refused(
            422,
            Slug::InvalidManifest,
            None,
        );
    }
    let zero = TrialPolicy { trials: 0, ..policy() };
    server.upload(&token, &release, Some(zero)).await.refused(422, Slug::InvalidManifest, None);
    assert_no_leftovers(&server, 0);
}

#[tokio::test]
async fn an_application_belongs_to_its_vendor() {
    let server = TestServer::with_sketch().await;
    let other = server.token("Other").await;
    let release = ReleaseMaker { version: "2.0.0".to_owned(), ..ReleaseMaker::new(&server) };
    server.upload(&other, &release, Some(policy())).await.refused(403, Slug::Forbidden, None);
    let url = format!("{}{}", server.url, release.path());
    Answer::of(server.client.put(url)).await.refused(401, Slug::Unauthorized, None);
    assert_no_leftovers(&server, 1);
}

#[tokio::test]
async fn what_is_no_release_is_refused() {
    let server = start().await;
    let token = server.token("Vendor").await;
    let good = ReleaseMaker::new(&server);
    let bytes = good.server_format();
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        bytes
    };
    let terms = bytes.windows(6).position(|text| text == b"Try it").expect("the terms");
    let other_key = SignatureKey::generate().expect("a key").verification_key().spki().to_vec();
    let other = |change: fn(&mut ReleaseMaker)| {
        let mut release = good.clone();
        change(&mut release);
        release.server_format()
    };
    for (what, body, slug) in [
        ("empty", Vec::new(), Slug::InvalidRelease),
        ("text", b"hello".to_vec(), Slug::InvalidRelease),
        ("truncated", bytes[..bytes.len() - 1].to_vec(), Slug::InvalidRelease),
        ("longer", [bytes.as_slice(), b"x"].concat(), Slug::InvalidRelease),
        ("version", flipped(8), Slug::FormatTooNew),
        ("program", flipped(bytes.len() - 1000), Slug::InvalidRelease),
        ("terms", flipped(terms), Slug::InvalidRelease),
        ("manifest", flipped(20), Slug::InvalidManifest),
        (
            "application",
            other(|release| release.application = "com.example.x".to_owned()),
            Slug::InvalidRelease,
        ),
        (
            "other version",
            other(|release| release.version = "1.0.1".to_owned()),
            Slug::InvalidRelease,
        ),
        ("platform", other(|release| release.platform = "a-b".to_owned()), Slug::InvalidRelease),
        (
            "server",
            ReleaseMaker { server_public_key: other_key, ..good.clone() }.server_format(),
            Slug::InvalidRelease,
        ),
    ] {
        let url = format!("{}{}", server.url, good.path());
        let policy = serde_json::to_string(&policy()).expect("JSON");
        let request = server.client.put(url).bearer_auth(&token).header("Trial-Policy", policy);
        let answer = Answer::of(request.body(body)).await;
        let problem = answer.problem();
        assert_eq!((problem.status, problem.slug), (422, slug), "{what}: {problem:?}");
        assert!(problem.help.is_some(), "{what}");
    }
    assert_no_leftovers(&server, 0);
    server.publish(&token, &good, Some(policy())).await;
}

#[tokio::test]
async fn an_upload_above_the_limit_is_refused() {
    let server = TestServer::with("[uploads]\nmaximum_size = 1000").await;
    let token = server.token("Vendor").await;
    let release = ReleaseMaker::new(&server);
    let answer = server.upload(&token, &release, Some(policy())).await;
    answer.refused(413, Slug::TooLarge, None);
    assert_no_leftovers(&server, 0);
}

/// Begins an upload by hand and leaves it open.
async fn begin(server: &TestServer, token: &str, length: &str, body: &[u8]) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let path = ReleaseMaker::new(server).path();
    let policy = serde_json::to_string(&policy()).expect("JSON");
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTrial-Policy: {policy}\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    stream
}

/// Waits until something holds, looking again as soon as others have run.
async fn until(mut holds: impl FnMut() -> bool) {
    let patience = tokio::time::timeout(Duration::from_secs(10), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    patience.await.expect("it holds in the end");
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let server = start().await;
    let token = server.token("Vendor").await;
    let bytes = ReleaseMaker::new(&server).server_format();
    for framing in
        [format!("Content-Length: {}", bytes.len()), "Transfer-Encoding: chunked".to_owned()]
    {
        let half = &bytes[..bytes.len() / 2];
        let body = if framing.starts_with("Content") {
            half.to_vec()
        } else {
            [format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat()
        };
        let stream = begin(&server, &token, &framing, &body).await;
        until(|| server.files("blobs/spool").len() == 1).await;
        drop(stream);
        until(|| server.files("blobs/spool").is_empty()).await;
    }
    assert_no_leftovers(&server, 0);
    server.publish(&token, &ReleaseMaker::new(&server), Some(policy())).await;
}

#[tokio::test]
async fn an_upload_that_stands_still_is_given_up() {
    let server = TestServer::with("[http]\nidle_timeout = \"1s\"").await;
    let token = server.token("Vendor").await;
    let mut stream = begin(&server, &token, "Content-Length: 100000", b"half").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_no_leftovers(&server, 0);
}

#[tokio::test]
async fn uploads_of_one_vendor_at_a_time_are_limited() {
    let server = TestServer::with("[uploads]\nconcurrent_per_vendor = 1").await;
    let token = server.token("Vendor").await;
    let first = begin(&server, &token, "Content-Length: 100000", b"half").await;
    until(|| server.files("blobs/spool").len() == 1).await;
    let release = ReleaseMaker::new(&server);
    server.upload(&token, &release, Some(policy())).await.refused(429, Slug::RateLimited, None);
    let other = server.token("Other").await;
    let theirs = ReleaseMaker { application: "com.example.theirs".to_owned(), ..release.clone() };
    server.publish(&other, &theirs, Some(policy())).await;
    drop(first);
    until(|| server.files("blobs/spool").is_empty()).await;
    server.publish(&token, &release, Some(policy())).await;
}
