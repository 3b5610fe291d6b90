//! Which request the service sees, and which answer the client.

use axum::body::Body;
use hyper::Request;
use serde_json::Value;

use crate::support::{Connection, Pair, Protocol, Raw, Service, TestGateway, get, text};

/// A request as the service saw it.
struct Seen(Value);

impl Seen {
    async fn of(connection: &mut Connection, request: Request<Body>) -> Self {
        let answer = connection.answer(request).await;
        assert_eq!(answer.status(), 200);
        Self(serde_json::from_str(&text(answer).await).expect("JSON"))
    }

    /// All values of a field, in any spelling with `-` or `_`.
    fn field(&self, name: &str) -> Vec<&str> {
        let fields = self.0["fields"].as_array().expect("fields");
        let named = fields
            .iter()
            .filter(|field| field[0].as_str().is_some_and(|found| found.replace('_', "-") == name));
        named.filter_map(|field| field[1].as_str()).collect()
    }
}

async fn world() -> (Service, TestGateway) {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    (service, gateway)
}

#[tokio::test]
async fn the_service_sees_the_request_and_where_it_came_from() {
    let (_service, gateway) = world().await;
    for (protocol, via) in [(Protocol::Http1, "1.1"), (Protocol::Http2, "2")] {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let request = Request::put("/some/path?a=1&b=%20")
            .header("x-own", "kept")
            .body(Body::from("the body"))
            .expect("a request");
        let seen = Seen::of(&mut connection, request).await;
        assert_eq!(seen.0["method"], "PUT");
        assert_eq!(seen.0["target"], "/some/path?a=1&b=%20");
        assert_eq!(seen.0["version"], "HTTP/1.1");
        assert_eq!(seen.0["body"], "the body");
        for (name, value) in [
            ("host", "localhost"),
            ("x-own", "kept"),
            ("content-length", "8"),
            ("trybuy-client", "1"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "localhost"),
            ("forwarded", "for=127.0.0.1;host=\"localhost\";proto=https"),
            ("via", &format!("{via} trybuy-gateway")),
        ] {
            // HTTP/2 needs no length where the body says when it ends.
            if name != "content-length" || protocol == Protocol::Http1 {
                assert_eq!(seen.field(name), [value], "{protocol:?} {name}");
            }
        }
    }
}

#[tokio::test]
async fn what_only_the_gateway_may_say_is_not_taken_from_a_client() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open_as(gateway.address, protocol, None).await;
        let mut request = get("/");
        for name in [
            "trybuy-client",
            "trybuy_client",
            "trybuy-anything",
            "forwarded",
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-user",
            "x-real-ip",
            "x_real_ip",
            "trybuy.client",
            "x+forwarded~for",
        ] {
            let name = hyper::header::HeaderName::from_static(name);
            request.headers_mut().append(name, "spoofed".parse().expect("a value"));
        }
        let seen = Seen::of(&mut connection, request).await;
        assert!(!seen.0.to_string().contains("spoofed"), "{protocol:?}: {}", seen.0);
        assert_eq!(seen.field("trybuy-client"), ["0"]);
    }
}

#[tokio::test]
async fn fields_of_a_connection_end_with_it() {
    let (_service, gateway) = world().await;
    let mut raw = Raw::open(gateway.address).await;
    raw.send(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Hop, X-Forwarded-For, Trybuy-Client\r\n\
          Connection: x-hop-2\r\nX-Hop: 1\r\nX-Hop-2: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\
          Proxy-Authorization: x\r\nTE: gzip\r\nX-End: 1\r\n\r\n",
    )
    .await;
    let (answer, _) = raw.rest().await;
    let body = answer.split_once("\r\n\r\n").expect("a head").1;
    let seen = Seen(serde_json::from_str(body).expect("JSON"));
    for name in [
        "connection",
        "x-hop",
        "x-hop-2",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
    ] {
        assert!(seen.field(name).is_empty(), "{name}: {}", seen.0);
    }
    for (name, value) in [("x-end", "1"), ("x-forwarded-for", "127.0.0.1"), ("trybuy-client", "0")]
    {
        assert_eq!(seen.field(name), [value]);
    }
}

#[tokio::test]
async fn fields_of_the_services_connection_do_not_reach_the_client() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        for _ in 0..2 {
            let answer = connection.answer(get("/connection")).await;
            for name in ["connection", "x-hop", "keep-alive", "proxy-authenticate"] {
                assert!(!answer.headers().contains_key(name), "{protocol:?} {name}");
            }
            assert_eq!(answer.headers()["x-end"], "2");
            assert_eq!(text(answer).await, "body");
        }
    }
}

#[tokio::test]
async fn cookies_that_came_in_crumbs_are_one() {
    let (_service, gateway) = world().await;
    let mut connection = Connection::open(gateway.address, Protocol::Http2).await;
    let mut request = get("/");
    for crumb in ["a=1", "b=2"] {
        request.headers_mut().append("cookie", crumb.parse().expect("a value"));
    }
    let seen = Seen::of(&mut connection, request).await;
    assert_eq!(seen.field("cookie"), ["a=1; b=2"]);
}

#[tokio::test]
async fn who_may_not_pass_is_answered_by_the_gateway() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        for client in [None, Some(Pair::client())] {
            let mut connection = Connection::open_as(gateway.address, protocol, client).await;
            let answer = connection.answer(get("/refused")).await;
            assert_eq!(answer.status(), 403);
            assert_eq!(text(answer).await, "no license");
            assert_eq!(connection.answer(get("/")).await.status(), 200, "the next one passes");
        }
    }
}

#[tokio::test]
async fn answers_without_a_body_stay_what_they_are() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        assert_eq!(connection.answer(get("/empty")).await.status(), 204);
        let unchanged = connection.answer(get("/unchanged")).await;
        assert_eq!(
            (unchanged.status().as_u16(), &unchanged.headers()["etag"]),
            (304, &"\"1\"".parse().expect("a value"))
        );
        let head = Request::head("/connection").body(Body::empty()).expect("a request");
        let head = connection.answer(head).await;
        assert_eq!(head.headers()["content-length"], "4", "{protocol:?}");
        assert_eq!(text(head).await, "");
        assert_eq!(connection.answer(get("/")).await.status(), 200);
    }
}

#[tokio::test]
async fn an_old_client_gets_an_answer() {
    let (_service, gateway) = world().await;
    let mut raw = Raw::open(gateway.address).await;
    raw.send(b"GET /large HTTP/1.0\r\n\r\n").await;
    let (answer, ended) = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.0 200"), "{}", &answer[..100]);
    ended.expect("a whole answer");
}

#[tokio::test]
async fn the_target_goes_before_the_host_field() {
    let (_service, gateway) = world().await;
    let mut connection = Connection::open(gateway.address, Protocol::Http2).await;
    let mut request = get("/");
    request.headers_mut().insert("host", "other.example".parse().expect("a host"));
    let seen = Seen::of(&mut connection, request).await;
    assert_eq!(seen.field("host"), ["localhost"]);
    assert!(!seen.0.to_string().contains("other.example"), "{}", seen.0);
    let mut raw = Raw::open(gateway.address).await;
    raw.send(
        b"GET http://other.example/p HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    let (answer, _) = raw.rest().await;
    assert!(answer.contains("[\"host\",\"other.example\"]"), "{answer}");
    assert!(answer.contains("\"target\":\"/p\""), "{answer}");
    let mut raw = Raw::open(gateway.address).await;
    raw.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await;
    let (answer, _) = raw.rest().await;
    assert!(answer.contains("\"target\":\"*\""), "{answer}");
}
