//! The token of a legacy client, in a request and in its browser.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;

use crate::gateway::fields;

/// The cookie with a legacy client's token.
const COOKIE: &str = "__Host-legacy-client";
/// How long a browser keeps the token: a year.
const KEPT: u32 = 365 * 86_400;

/// What is known of a token: enough to find its client, and to nobody else worth anything.
pub(super) fn digest(token: &[u8]) -> Digest {
    Digest::from_bytes(sha256(token))
}

/// The digest of the token that a client shows. The service does not get to see the token, whether or not
/// it is anybody's.
pub(super) fn take(headers: &mut HeaderMap) -> Option<Digest> {
    let in_field = take_field(headers);
    let in_cookie = take_cookie(headers);
    in_field.or(in_cookie).map(|token| digest(&token))
}

fn take_field(headers: &mut HeaderMap) -> Option<Vec<u8>> {
    let spellings =
        headers.keys().filter(|name| fields::is_spelling_of(name, fields::LEGACY_CLIENT));
    let spellings: Vec<HeaderName> = spellings.cloned().collect();
    let shown: Vec<_> = spellings.iter().filter_map(|name| headers.remove(name)).collect();
    shown.first().map(|value| value.as_bytes().to_vec())
}

/// Cookies may hold any bytes, so they are not looked at as text.
fn take_cookie(headers: &mut HeaderMap) -> Option<Vec<u8>> {
    let cookies: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    let crumbs = || {
        let crumbs = cookies.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        crumbs.map(<[u8]>::trim_ascii).filter(|crumb| !crumb.is_empty())
    };
    let token = crumbs().find_map(token_in)?.to_vec();
    let others: Vec<&[u8]> = crumbs().filter(|crumb| token_in(crumb).is_none()).collect();
    headers.remove(header::COOKIE);
    if let (false, Ok(others)) =
        (others.is_empty(), HeaderValue::from_bytes(&others.join(b"; ".as_slice())))
    {
        headers.insert(header::COOKIE, others);
    }
    Some(token)
}

fn token_in(crumb: &[u8]) -> Option<&[u8]> {
    let middle = crumb.iter().position(|byte| *byte == b'=')?;
    let (name, value) = (&crumb[..middle], &crumb[middle + 1..]);
    (name.trim_ascii() == COOKIE.as_bytes()).then_some(value.trim_ascii())
}

/// Keeps the token of a legacy client in its browser, and leads it on to the service. Neither the address
/// with the token nor the answer stays in a cache, and no other site is told of it.
pub(super) fn keep(token: &str) -> Response {
    let cookie =
        format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={KEPT}");
    let fixed = [
        (header::LOCATION, HeaderValue::from_static("/")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (StatusCode::SEE_OTHER, fixed, [(header::SET_COOKIE, cookie)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_out_of_the_cookies() {
        for (cookies, left) in [
            (&[b"__Host-legacy-client=abc".as_slice()][..], None),
            (&[b"a=1; __Host-legacy-client=abc; b=2"], Some(b"a=1; b=2".as_slice())),
            (&[b"a=1;__Host-legacy-client=abc"], Some(b"a=1")),
            (&[b"a=1; __Host-legacy-client = abc;; __Host-legacy-client=def"], Some(b"a=1")),
            (&[b"a=\xff; __Host-legacy-client=abc"], Some(b"a=\xff")),
            (&[b"a=\"1\"; b", b"__Host-legacy-client=abc"], Some(b"a=\"1\"; b")),
        ] {
            let mut headers = HeaderMap::new();
            for cookie in cookies {
                headers.append(header::COOKIE, HeaderValue::from_bytes(cookie).expect("a value"));
            }
            assert_eq!(take(&mut headers), Some(digest(b"abc")), "{cookies:?}");
            let rest = headers.get(header::COOKIE).map(HeaderValue::as_bytes);
            assert_eq!(rest, left, "{cookies:?}");
        }
    }

    #[test]
    fn the_field_goes_before_the_cookie_and_neither_stays() {
        for name in ["legacy-client", "legacy_client", "legacy.client"] {
            let name: HeaderName = name.parse().expect("a name");
            let mut headers = HeaderMap::new();
            headers.append(&name, HeaderValue::from_static("xyz"));
            headers.append(&name, HeaderValue::from_static("other"));
            let cookies = "a=1; legacy-clients=abc; __Host-legacy-client=abc";
            headers.insert(header::COOKIE, HeaderValue::from_static(cookies));
            assert_eq!(take(&mut headers), Some(digest(b"xyz")));
            assert_eq!(headers.len(), 1);
            assert_eq!(headers[header::COOKIE], "a=1; legacy-clients=abc");
            assert_eq!(take(&mut headers), None);
        }
    }
}
