//! The service behind the gateway.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::{Authority, PathAndQuery, Scheme};

/// Where the service is reached: `http://HOST:PORT`.
#[derive(Clone, Debug)]
pub struct Upstream(Authority);

/// A text that is not the address of a service.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the address of a service is http://HOST or http://HOST:PORT, without a path")]
pub struct InvalidUpstream;

impl Upstream {
    /// The address of something on the service.
    pub(super) fn uri(&self, path: PathAndQuery) -> Uri {
        let uri =
            Uri::builder().scheme(Scheme::HTTP).authority(self.0.clone()).path_and_query(path);
        uri.build().expect("a scheme, an authority and a path make an address")
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl FromStr for Upstream {
    type Err = InvalidUpstream;

    fn from_str(text: &str) -> Result<Self, InvalidUpstream> {
        let uri: Uri = text.parse().map_err(|_| InvalidUpstream)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        match authority {
            Some(authority) if bare && uri.scheme() == Some(&Scheme::HTTP) => {
                Ok(Self(authority.clone()))
            }
            _ => Err(InvalidUpstream),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_address_is_one() {
        for (text, good) in [
            ("http://127.0.0.1:8080", true),
            ("http://service.example/", true),
            ("http://[::1]:80", true),
            ("https://service.example", false),
            ("http://service.example/path", false),
            ("http://service.example?query", false),
            ("http://user@service.example", false),
            ("service.example:80", false),
            ("/path", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Upstream>().is_ok(), good, "{text}");
        }
    }
}
