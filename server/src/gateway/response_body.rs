//! The body of the service's answer on its way to the client.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::connection::Busy;
use super::fields;
use super::request_body::with_clean_trailers;
use super::standing::Standing;
use super::waiting::Waiting;

/// The body of an answer that breaks off when its client may have it no more. It holds the place of a request that
/// runs.
pub(super) struct StandingBody {
    body: Incoming,
    standing: Standing,
    _busy: Busy,
}

/// The client may have no more of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the license ended, was replaced or was revoked")]
struct Ended;

impl StandingBody {
    pub(super) fn new(body: Incoming, standing: Standing, busy: Busy) -> Self {
        Self { body, standing, _busy: busy }
    }
}

impl Body for StandingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_some() && self.standing.has_ended() {
            return Poll::Ready(Some(Err(axum::Error::new(Ended))));
        }
        let clean = |frame| with_clean_trailers(frame, fields::clean_answer_trailers);
        Poll::Ready(frame.map(|frame| frame.map(clean).map_err(axum::Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer over HTTP/2, whose connection is given up when the client takes nothing more
/// of it. Flow control lets a client hold a stream without holding up the socket, so the limit on the
/// socket does not do.
pub(super) struct WatchedBody {
    body: StandingBody,
    client: Arc<Waiting>,
    watch: AbortHandle,
}

impl WatchedBody {
    /// A body whose next piece the client takes within `limit`, else `give_up` is cancelled.
    pub(super) fn new(body: StandingBody, limit: Duration, give_up: CancellationToken) -> Self {
        let client = Arc::new(Waiting::new());
        let waiting = Arc::clone(&client);
        let watch = tokio::spawn(async move {
            waiting.takes(limit).await;
            tracing::debug!("a client takes no more of an answer");
            give_up.cancel();
        });
        Self { body, client, watch: watch.abort_handle() }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        // The service may be silent for as long as it likes, as streams of events are.
        match frame {
            Poll::Pending => self.client.end(),
            Poll::Ready(_) => self.client.begin(),
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
