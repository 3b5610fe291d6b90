//! Requests that two readers could read in two ways.

use crate::support::{Raw, Script, Service, TestGateway};

/// Sends bytes and answers all that comes back.
async fn answer(gateway: &TestGateway, bytes: &str) -> String {
    let mut raw = Raw::open(gateway.address).await;
    raw.send(bytes.as_bytes()).await;
    raw.rest().await.0
}

#[tokio::test]
async fn what_cannot_be_read_in_one_way_is_refused() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    let post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    for (fields, status) in [
        ("Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody!", 400),
        ("Content-Length: 4, 5\r\n\r\nbody!", 400),
        ("Content-Length: +4\r\n\r\nbody", 400),
        ("Content-Length: 0x4\r\n\r\nbody", 400),
        ("Content-Length : 4\r\n\r\nbody", 400),
        ("Transfer-Encoding: identity\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n\r\n", 400),
        ("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", 501),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            501,
        ),
        ("X-Field: a\r\n folded: b\r\n\r\n", 400),
        ("X-Field: a\0b\r\n\r\n", 400),
        ("Host: other\r\nConnection: close\r\n\r\n", 400),
    ] {
        let answer = answer(&gateway, &format!("{post}{fields}")).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{fields:?}: {answer}");
    }
    for head in [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = answer(&gateway, head).await;
        assert!(answer.contains(" 400 "), "{head:?}: {answer}");
    }
    let connect = "CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\nConnection: close\r\n\r\n";
    assert!(answer(&gateway, connect).await.starts_with("HTTP/1.1 405"));
}

#[tokio::test]
async fn a_length_beside_chunks_is_not_passed_on() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    let chunks = "4\r\nbody\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for fields in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let post = format!("POST / HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n{chunks}");
        let answer = answer(&gateway, &post).await;
        assert!(answer.contains("\"body\":\"body\""), "{answer}");
        assert!(!answer.to_lowercase().contains("[\"content-length\""), "{answer}");
        assert!(!answer.contains("smuggled"), "the connection is closed: {answer}");
    }
}

#[tokio::test]
async fn a_second_spelling_of_the_length_is_not_passed_on() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    for field in ["Content_Length: 1", "Transfer_Encoding: chunked", "Transfer.Encoding: chunked"] {
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let post = format!("{head}Content-Length: 4\r\n{field}\r\n\r\nbody");
        let answer = answer(&gateway, &post).await;
        assert!(answer.contains("[\"content-length\",\"4\"]"), "{answer}");
        let name = field.split(':').next().expect("a name").to_lowercase();
        assert!(!answer.contains(&name), "{answer}");
    }
}

#[tokio::test]
async fn a_bad_chunk_ends_the_request() {
    for chunk in [
        "zz\r\nbody\r\n",
        "4\nbody\r\n",
        "4\r\nbodyX\r\n",
        "ffffffffffffffffff\r\n",
        "-4\r\nbody\r\n",
    ] {
        let mut script = Script::start(b"", false).await;
        let gateway = TestGateway::start(script.address).await;
        let head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
        let bytes = format!("{head}4\r\ngood\r\n{chunk}0\r\n\r\n");
        let answer = answer(&gateway, &bytes);
        let (answer, rest) = tokio::join!(answer, async {
            script.head().await;
            script.closed().await
        });
        assert!(!answer.starts_with("HTTP/1.1 2"), "{chunk:?}: {answer}");
        let rest = String::from_utf8_lossy(&rest).into_owned();
        assert!(!rest.ends_with("0\r\n\r\n"), "{chunk:?}: {rest}");
    }
}

#[tokio::test]
async fn a_body_is_never_read_as_a_request() {
    let mut script = Script::start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false).await;
    let gateway = TestGateway::start(script.address).await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = smuggled.len();
    let get = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{smuggled}"
    );
    let answer = answer(&gateway, &get).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    let head = script.head().await;
    assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
}
