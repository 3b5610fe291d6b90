//! From which address a request came.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::app::RoleState;
use crate::rate_limits::ClientNetwork;
use crate::serving::PeerAddress;

/// The client's address: the socket's, or behind a proxy the one that the proxy named.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Finds it in the parts of a request.
    pub fn of(parts: &Parts, state: &impl RoleState) -> Self {
        let socket = parts.extensions.get::<PeerAddress>().map(|peer| peer.0.ip());
        let forwarded = || forwarded_for(&parts.headers);
        let address = if state.http().behind_proxy { forwarded().or(socket) } else { socket };
        Self(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }

    /// What is counted for it.
    pub fn network(self) -> ClientNetwork {
        self.0.into()
    }
}

/// The last address in the last `X-Forwarded-For`: the one that our own proxy appended. Those before it
/// were sent by the client and prove nothing.
fn forwarded_for(headers: &HeaderMap) -> Option<IpAddr> {
    let field = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    field.rsplit(',').next()?.trim().parse().ok()
}

impl<S: RoleState> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_our_proxy_appended_counts() {
        for (fields, expected) in [
            (&["192.0.2.1"][..], Some("192.0.2.1")),
            (&["203.0.113.9, 192.0.2.1"], Some("192.0.2.1")),
            (&["203.0.113.9", "192.0.2.1"], Some("192.0.2.1")),
            (&["nonsense"], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append("x-forwarded-for", field.parse().expect("a field"));
            }
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(forwarded_for(&headers), expected, "{fields:?}");
        }
    }
}
