//! The body of a request on its way to the service.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::failure::RequestFault;
use super::fields;
use super::standing::Standing;
use super::waiting::Waiting;

/// A body that ends with an error when the client leaves it unfinished or may go on no more, and that says when
/// the service is the one who is waited for.
pub(super) struct RequestBody {
    body: Incoming,
    standing: Standing,
    service: Arc<Waiting>,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    progressed: bool,
}

impl RequestBody {
    /// A body whose next piece the client sends within `limit` to twice that.
    pub(super) fn new(
        body: Incoming,
        standing: Standing,
        service: Arc<Waiting>,
        limit: Duration,
    ) -> Self {
        Self { body, standing, service, limit, timer: None, progressed: false }
    }

    /// Waits for the client, but not for ever. The timer is set at most once in `limit`.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        while timer.as_mut().poll(context).is_ready() {
            if !std::mem::take(&mut self.progressed) {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            timer.as_mut().reset(Instant::now() + limit);
        }
        Poll::Pending
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestFault>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            self.service.end();
            return self.wait(context).map(|error| Some(Err(RequestFault(error))));
        };
        if self.standing.has_ended() {
            let ended = io::ErrorKind::PermissionDenied.into();
            return Poll::Ready(Some(Err(RequestFault(ended))));
        }
        self.progressed = true;
        self.service.begin();
        Poll::Ready(frame.map(|frame| match frame {
            Ok(frame) => Ok(with_clean_trailers(frame, fields::clean_trailers)),
            Err(error) => Err(RequestFault(io::Error::other(error))),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Some read trailers as if they were fields of the head.
pub(super) fn with_clean_trailers(
    frame: Frame<Bytes>,
    clean: impl FnOnce(&mut HeaderMap),
) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            clean(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}
