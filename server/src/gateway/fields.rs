//! The fields that are removed and added on the way.

use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use axum::http::request::Parts;
use axum::http::response;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};

use super::peer::Origin;

/// Names that begin so are the gateway's, which tells the service with them who a client is, and the client why it is
/// refused.
const OWN: &str = "trybuy-";
/// The name in `Via` (RFC 9110, section 7.6.3).
const PSEUDONYM: &str = "trybuy-gateway";

const X_FORWARDED: &str = "x-forwarded-";
const X_REAL_IP: &str = "x-real-ip";
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// What belongs to one connection (RFC 9110, section 7.6.1), beside what `Connection` names.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// The field with a legacy client's token, which the service does not get to see.
pub(super) const LEGACY_CLIENT: &str = "legacy-client";

/// What says where a request ends and whom it is for. In a second spelling the gateway does not take them for what
/// they are, but a service might.
const OF_THE_MESSAGE: [HeaderName; 3] = [CONTENT_LENGTH, TRANSFER_ENCODING, HOST];

/// Removes what only the gateway may tell the service.
pub(super) fn remove_protected(headers: &mut HeaderMap) {
    remove(headers, is_protected);
}

fn remove(headers: &mut HeaderMap, is_meant: impl Fn(&HeaderName) -> bool) {
    let meant: Vec<_> = headers.keys().filter(|name| is_meant(name)).cloned().collect();
    for name in meant {
        headers.remove(name);
    }
}

fn is_protected(name: &HeaderName) -> bool {
    let is = |other: &str| is_spelling_of(name, other);
    let is_respelled = |other: &HeaderName| name != other && is(other.as_str());
    begins_with(name, OWN)
        || begins_with(name, X_FORWARDED)
        || is(FORWARDED.as_str())
        || is(X_REAL_IP)
        || OF_THE_MESSAGE.iter().any(is_respelled)
}

/// Removes what has no business behind a body: what only the gateway may tell the service, and the token of a legacy
/// client, which was looked for in the head.
pub(super) fn clean_trailers(trailers: &mut HeaderMap) {
    remove_protected(trailers);
    remove(trailers, |name| {
        is_spelling_of(name, LEGACY_CLIENT) || is_spelling_of(name, COOKIE.as_str())
    });
}

fn begins_with(name: &HeaderName, begin: &str) -> bool {
    let start = name.as_str().as_bytes().get(..begin.len());
    start.is_some_and(|start| same(start, begin.as_bytes()))
}

/// Whether a service may take a name for this one: many read `_` as `-`, and where fields become variables (CGI), some
/// servers read every other character so.
pub(super) fn is_spelling_of(name: &HeaderName, known: &str) -> bool {
    same(name.as_str().as_bytes(), known.as_bytes())
}

fn same(sent: &[u8], known: &[u8]) -> bool {
    let hyphenated =
        sent.iter().map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'-' });
    sent.len() == known.len() && hyphenated.eq(known.iter().copied())
}

/// Makes the fields of a request those that the service gets.
pub(super) fn complete(
    request: &mut Parts,
    host: HeaderValue,
    origin: Origin,
    identity: HeaderMap,
) {
    let version = request.version;
    let headers = &mut request.headers;
    let trailers = wants_trailers(headers);
    remove_hop_by_hop(headers);
    // The client is told to go on as soon as the service takes the body.
    headers.remove(EXPECT);
    join_cookies(headers);
    if trailers {
        headers.insert(TE, TRAILERS);
        headers.insert(CONNECTION, HeaderValue::from_static("te"));
    }
    add_forwarded(headers, &host, origin);
    add_via(headers, version);
    headers.insert(HOST, host);
    for name in identity.keys() {
        headers.remove(name);
    }
    headers.extend(identity);
}

/// Makes the fields of an answer those that the client gets.
pub(super) fn clean(answer: &mut response::Parts) {
    let chunked = answer.headers.contains_key(TRANSFER_ENCODING);
    remove_hop_by_hop(&mut answer.headers);
    clean_answer_trailers(&mut answer.headers);
    // RFC 9112, section 6.3: the coding goes before the length. An answer without a body needs none.
    if chunked || answer.status == StatusCode::NOT_MODIFIED {
        answer.headers.remove(CONTENT_LENGTH);
    }
}

/// Removes what only this gateway says: a service that is itself behind such a one, or says so, does not speak for it.
pub(super) fn clean_answer_trailers(fields: &mut HeaderMap) {
    remove(fields, |name| begins_with(name, OWN));
}

/// Removes what belongs to one connection.
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let options: Vec<_> = tokens(headers, &CONNECTION)
        .filter_map(|option| HeaderName::from_bytes(option.as_bytes()).ok())
        .collect();
    for name in options.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The elements of a list field.
pub(super) fn tokens<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h str> + use<'h> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

fn wants_trailers(headers: &HeaderMap) -> bool {
    tokens(headers, &TE).any(|coding| coding.eq_ignore_ascii_case("trailers"))
}

/// RFC 9113, section 8.2.3: HTTP/2 may send cookies in crumbs, HTTP/1.1 may not.
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(b"; ".as_slice()))
    {
        headers.insert(COOKIE, joined);
    }
}

/// Where the request came from, in the standard's words (RFC 7239) and in the customary ones. Who comes from
/// this machine has no address, and so the name that the standard leaves to proxies (section 6.3).
fn add_forwarded(headers: &mut HeaderMap, host: &HeaderValue, origin: Origin) {
    let host_text = host.to_str().unwrap_or_default();
    let (node, proto) = match origin {
        Origin::Network(address) => {
            let address = address.ip().to_canonical();
            // An address has no character that no field may have.
            if let Ok(value) = HeaderValue::try_from(address.to_string()) {
                headers.insert(X_FORWARDED_FOR, value);
            }
            let quoted = || format!("\"[{address}]\"");
            (if address.is_ipv6() { quoted() } else { address.to_string() }, "https")
        }
        Origin::Local { .. } => ("_local".to_owned(), "http"),
    };
    let forwarded = format!("for={node};host=\"{host_text}\";proto={proto}");
    // Neither has a host.
    if let Ok(value) = HeaderValue::try_from(forwarded) {
        headers.insert(FORWARDED, value);
    }
    headers.insert(X_FORWARDED_HOST, host.clone());
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(proto));
}

/// A gateway names itself in what it passes on (RFC 9110, section 7.6.3).
fn add_via(headers: &mut HeaderMap, version: Version) {
    let version = match version {
        Version::HTTP_2 => "2",
        Version::HTTP_10 => "1.0",
        _ => "1.1",
    };
    if let Ok(via) = HeaderValue::try_from(format!("{version} {PSEUDONYM}")) {
        headers.append(VIA, via);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_gateway_may_set_is_known_in_every_spelling() {
        for (name, protected) in [
            ("forwarded", true),
            ("x-forwarded-for", true),
            ("x_forwarded_for", true),
            ("X-Forwarded_Anything", true),
            ("x-real-ip", true),
            ("X_Real_IP", true),
            ("trybuy-client", true),
            ("Trybuy_Client", true),
            ("trybuy.client", true),
            ("trybuy+license", true),
            ("x.forwarded~for", true),
            ("content_length", true),
            ("Transfer_Encoding", true),
            ("transfer.encoding", true),
            ("content-length", false),
            ("transfer-encoding", false),
            ("host", false),
            ("x-forwarded", false),
            ("x-trybuy-client", false),
            ("authorization", false),
            ("cookie", false),
        ] {
            let name: HeaderName = name.parse().expect("a name");
            assert_eq!(is_protected(&name), protected, "{name}");
        }
    }

    #[test]
    fn crumbs_are_joined() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=1", "b=2; c=3"] {
            headers.append(COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        let cookies: Vec<_> = headers.get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2; c=3"]);
    }
}
