//! What becomes of a connection that switches to another protocol, WebSocket for example (RFC 9110,
//! section 7.8).

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONNECTION, UPGRADE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Version, response};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional_with_sizes;

use super::connection::Client;
use super::failure::Failure;
use super::fields;
use super::standing::Standing;

/// What is held of each direction, in bytes.
const BUFFER: usize = 32 << 10;

/// A request to switch to another protocol.
pub(super) struct Asked {
    client: OnUpgrade,
    protocol: HeaderValue,
}

impl Asked {
    /// Takes it out of a request, if it is there and may be passed on.
    pub(super) fn take(request: &mut Parts) -> Option<Self> {
        let client = request.extensions.remove::<OnUpgrade>()?;
        let protocol =
            protocol(&request.headers).filter(|_| request.version == Version::HTTP_11)?;
        Some(Self { client, protocol: protocol.clone() })
    }

    /// Puts it into the fields for the service.
    pub(super) fn ask(&self, headers: &mut HeaderMap) {
        headers.append(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.protocol.clone());
    }
}

/// The one protocol that is asked for. One that is HTTP again would carry requests past every decision
/// and check, so it is not passed on; the request then is an ordinary one.
fn protocol(headers: &HeaderMap) -> Option<&HeaderValue> {
    let asked = fields::tokens(headers, &CONNECTION).any(|one| one.eq_ignore_ascii_case("upgrade"));
    let mut values = headers.get_all(UPGRADE).iter();
    let (value, None) = (values.next().filter(|_| asked)?, values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    let name = text.split('/').next().unwrap_or_default().trim().to_ascii_lowercase();
    let other = !matches!(name.as_str(), "" | "http" | "h2c" | "h2" | "h3" | "tls");
    (other && !text.contains(',')).then_some(value)
}

/// Answers that the protocol is switched, and passes on what comes from then on.
pub(super) fn switch(
    client: &Arc<Client>,
    asked: Option<Asked>,
    standing: Standing,
    mut answer: response::Parts,
) -> Result<Response, Failure> {
    let service = answer.extensions.remove::<OnUpgrade>();
    let protocol = answer.headers.remove(UPGRADE);
    let (Some(asked), Some(service), Some(protocol)) = (asked, service, protocol) else {
        return Err(Failure::Unasked);
    };
    fields::clean(&mut answer);
    answer.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.headers.insert(UPGRADE, protocol);
    tokio::spawn(pass_on(Arc::clone(client), standing, asked.client, service));
    Ok(Response::from_parts(answer, Body::empty()))
}

/// Passes on bytes in both directions until both have ended, one has failed, the client may go on no more, or the
/// gateway stops. The client's place is held for as long.
async fn pass_on(client: Arc<Client>, standing: Standing, near: OnUpgrade, far: OnUpgrade) {
    let both = async {
        let (near, far) = tokio::try_join!(near, far)?;
        let (mut near, mut far) = (TokioIo::new(near), TokioIo::new(far));
        copy_bidirectional_with_sizes(&mut near, &mut far, BUFFER, BUFFER).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    tokio::select! {
        ended = both => if let Err(error) = ended {
            tracing::debug!(%error, "a tunnel ended early");
        },
        () = standing.ended() => {
            tracing::debug!(origin = %client.peer.origin, "a tunnel ends with its license");
        }
        () = client.stopping.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_that_is_no_http_may_be_asked_for() {
        for (connection, upgrade, passed) in [
            ("upgrade", "websocket", true),
            ("keep-alive, Upgrade", "WebSocket", true),
            ("upgrade", "custom/2", true),
            ("upgrade", "h2c", false),
            ("Upgrade, HTTP2-Settings", "H2C", false),
            ("upgrade", "HTTP/2.0", false),
            ("upgrade", "TLS/1.2", false),
            ("upgrade", "h2c, websocket", false),
            ("upgrade", "", false),
            ("keep-alive", "websocket", false),
        ] {
            let headers = [(CONNECTION, connection), (UPGRADE, upgrade)];
            let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
            let headers = HeaderMap::from_iter(headers);
            assert_eq!(protocol(&headers).is_some(), passed, "{connection}: {upgrade}");
        }
    }
}
