//! Why a request is not passed on, or has no answer.

use std::error::Error;
use std::io;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use trybuy_formats::slug::Slug;

use crate::error::ApiError;

/// A request that comes to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Failure {
    /// RFC 9112, section 3.2.
    #[error("a request names its host once")]
    Host,
    /// More than the gateway passes on.
    #[error("the head of the request is too large")]
    HeadTooLarge,
    /// RFC 9112, section 6.1: a coding that is not understood.
    #[error("a body is sent plain or `chunked`, in no other transfer coding")]
    TransferCoding,
    /// A proxy to anywhere is another thing.
    #[error("this gateway stands in front of one service and connects to no other")]
    Connect,
    /// The client went silent.
    #[error("the rest of the request did not come")]
    RequestStalled,
    /// The client went away or sent what is no body.
    #[error("the request broke off")]
    RequestBroken,
    /// The client may go on no more. Why is said of the next request: it may have a good license by then.
    #[error("the request broke off on its way, as it was not let go on")]
    Ended,
    /// There is no connection to the service.
    #[error("the service behind this gateway cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The service did not answer, or with something else than HTTP.
    #[error("the service behind this gateway broke off without an answer")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
    /// The service went silent.
    #[error("the service behind this gateway did not answer in time")]
    Silent,
    /// The service switches to a protocol nobody asked for.
    #[error("the service behind this gateway answered with a protocol that was not asked for")]
    Unasked,
}

impl Failure {
    /// What the error of the connection to the service means.
    pub(super) fn of_service(error: hyper_util::client::legacy::Error) -> Self {
        if let Some(cause) = broken_request(&error) {
            return match cause.kind() {
                io::ErrorKind::TimedOut => Self::RequestStalled,
                io::ErrorKind::PermissionDenied => Self::Ended,
                _ => Self::RequestBroken,
            };
        }
        if error.is_connect() {
            return Self::Unreachable(error.into());
        }
        Self::Broken(error.into())
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Host | Self::RequestBroken => StatusCode::BAD_REQUEST,
            Self::Ended => StatusCode::FORBIDDEN,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TransferCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestStalled => StatusCode::REQUEST_TIMEOUT,
            Self::Unreachable(_) | Self::Broken(_) | Self::Unasked => StatusCode::BAD_GATEWAY,
            Self::Silent => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn slug(&self) -> Slug {
        match self {
            Self::HeadTooLarge => Slug::TooLarge,
            Self::Ended => Slug::Forbidden,
            Self::Unreachable(_) | Self::Broken(_) | Self::Silent | Self::Unasked => {
                Slug::ServiceUnreachable
            }
            _ => Slug::BadRequest,
        }
    }

    fn help(&self) -> Option<&'static str> {
        match self {
            Self::Ended => Some("send it again; where it is refused, it is said why"),
            Self::HeadTooLarge => Some("send fewer or shorter fields, for example fewer cookies"),
            Self::Unreachable(_) | Self::Broken(_) | Self::Silent => {
                Some("try again later; if it stays, tell the operator of the service")
            }
            _ => None,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match &self {
            Self::Unreachable(cause) | Self::Broken(cause) => {
                tracing::warn!(error = %self, cause = %chain(cause.as_ref()), "no answer of the service");
            }
            Self::Silent | Self::Unasked => {
                tracing::warn!(error = %self, "no answer of the service")
            }
            _ => tracing::debug!(error = %self, "a request is not passed on"),
        }
        let error = ApiError::new(self.slug(), self.to_string()).status(self.status());
        let error = self.help().into_iter().fold(error, ApiError::help);
        error.into_response()
    }
}

/// The fault of the request's body, where that is why the connection to the service broke off.
fn broken_request<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e io::Error> {
    causes(error)
        .filter_map(|error| error.downcast_ref::<RequestFault>())
        .map(|fault| &fault.0)
        .next()
}

/// An error of a request's body, so that it can be told from one of the service.
#[derive(Debug, thiserror::Error)]
#[error("the body of the request")]
pub(super) struct RequestFault(#[source] pub(super) io::Error);

fn chain(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}
