//! Which requests are well-formed enough to be passed on.
//!
//! What cannot be read in only one way is refused: a service must never see another request than the one
//! that was decided about. hyper has refused what is no HTTP, two different lengths, and bodies whose
//! last coding is not `chunked`; where a length and a coding came together, it has dropped the length and
//! will close the connection (RFC 9112, section 6.3).

use axum::http::header::{HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Version};

use super::failure::Failure;

/// The largest head that is passed on: target, names and values, in bytes.
pub(super) const SIZE: usize = 32 << 10;
/// The most fields that are passed on.
pub(super) const FIELDS: usize = 100;

/// The host that a request is for, if the request may be passed on.
pub(super) fn check(request: &Parts) -> Result<HeaderValue, Failure> {
    if request.method == Method::CONNECT {
        return Err(Failure::Connect);
    }
    if request.headers.len() > FIELDS || size(request) > SIZE {
        return Err(Failure::HeadTooLarge);
    }
    check_coding(&request.headers)?;
    host(request)
}

fn size(request: &Parts) -> usize {
    let target = request.uri.path_and_query().map_or(0, |path| path.as_str().len());
    let fields = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    fields.sum::<usize>() + target
}

/// hyper takes off the coding `chunked`. Any other would stay on, but its name would be lost.
fn check_coding(headers: &HeaderMap) -> Result<(), Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Failure::TransferCoding),
    }
}

/// RFC 9112, section 3.2: one Host in HTTP/1.1. The authority of the target, which HTTP/2 has for every
/// request, goes before it (section 3.2.2).
fn host(request: &Parts) -> Result<HeaderValue, Failure> {
    let mut hosts = request.headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() || (first.is_none() && request.version == Version::HTTP_11) {
        return Err(Failure::Host);
    }
    let authority = match (request.uri.authority(), first) {
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) => Authority::try_from(host.as_bytes()).map_err(|_| Failure::Host)?,
        // HTTP/1.0, in which requests need not name a host.
        (None, None) => return Ok(HeaderValue::from_static("")),
    };
    if authority.as_str().contains('@') {
        return Err(Failure::Host);
    }
    HeaderValue::try_from(authority.as_str()).map_err(|_| Failure::Host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn checked(target: &str, version: Version, fields: &[(&str, &str)]) -> Result<String, Failure> {
        let mut request = Request::builder().uri(target).version(version);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        check(&parts).map(|host| host.to_str().expect("text").to_owned())
    }

    #[test]
    fn a_request_has_one_host() {
        let one = Version::HTTP_11;
        for (target, version, hosts, expected) in [
            ("/", one, vec!["a.example"], Some("a.example")),
            ("/", one, vec!["[::1]:8443"], Some("[::1]:8443")),
            ("/", one, vec!["a.example", "b.example"], None),
            ("/", one, vec!["a.example", "a.example"], None),
            ("/", one, vec!["user@a.example"], None),
            ("/", one, vec!["a.example/path"], None),
            ("/", one, vec![""], None),
            ("/", one, vec![], None),
            ("http://b.example/", one, vec!["a.example"], Some("b.example")),
            ("https://b.example/", Version::HTTP_2, vec![], Some("b.example")),
            ("https://u@b.example/", Version::HTTP_2, vec![], None),
            ("/", Version::HTTP_10, vec![], Some("")),
        ] {
            let fields: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
            let found = checked(target, version, &fields).ok();
            assert_eq!(found.as_deref(), expected, "{target} {hosts:?}");
        }
    }

    #[test]
    fn a_coding_that_would_be_lost_is_refused() {
        for (codings, good) in [
            (vec!["chunked"], true),
            (vec!["Chunked"], true),
            (vec!["gzip, chunked"], false),
            (vec!["gzip", "chunked"], false),
            (vec!["chunked", "chunked"], false),
        ] {
            let mut fields = vec![("host", "a.example")];
            fields.extend(codings.iter().map(|coding| ("transfer-encoding", *coding)));
            assert_eq!(checked("/", Version::HTTP_11, &fields).is_ok(), good, "{codings:?}");
        }
    }

    #[test]
    fn a_head_has_an_end() {
        let fields = |count: usize| {
            vec![("host", "a.example"); 1]
                .into_iter()
                .chain(std::iter::repeat_n(("x-field", "value"), count - 1))
        };
        for (count, good) in [(FIELDS, true), (FIELDS + 1, false)] {
            let fields: Vec<_> = fields(count).collect();
            assert_eq!(checked("/", Version::HTTP_11, &fields).is_ok(), good, "{count} fields");
        }
        let long = "x".repeat(SIZE - "/hosta.examplex-field".len());
        for (value, good) in [(long.clone(), true), (long + "x", false)] {
            let fields = [("host", "a.example"), ("x-field", value.as_str())];
            assert_eq!(checked("/", Version::HTTP_11, &fields).is_ok(), good);
        }
    }
}
