//! Errors on the wire: every refusal becomes a problem document (RFC 9457).
//!
//! An error has an outer face, the [`Problem`], and may have an inner one, its cause, which is logged
//! once, here, and never sent.

use std::error::Error;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use trybuy_formats::api::Problem;
use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::StoreError;

/// When to try again what failed for the moment.
const PAUSE: Duration = Duration::from_secs(1);
/// The media type of problem documents.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An error as it is answered.
#[derive(Debug)]
pub struct ApiError {
    problem: Box<Problem>,
    status: StatusCode,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// An error with the status that belongs to its slug; `title` says what happened.
    pub fn new(slug: Slug, title: impl Into<String>) -> Self {
        let problem = Problem {
            slug,
            status: 0,
            title: title.into(),
            detail: None,
            help: None,
            condition: None,
            server_time: None,
        };
        Self { problem: Box::new(problem), status: status_of(slug), retry_after: None, cause: None }
    }

    /// The server's own fault. The cause is logged, not sent.
    pub fn fault(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let cause = cause.into();
        let mut error = Self::new(Slug::ServerError, "the server failed").help(
            "try again later; if it stays, tell the operator, with the X-Request-Id of this answer where it has one",
        );
        if is_temporary(cause.as_ref()) {
            error = error.status(StatusCode::SERVICE_UNAVAILABLE).retry_after(PAUSE);
        }
        error.cause = Some(cause);
        error
    }

    /// The same once more: the cause is logged once.
    pub fn without_cause(&self) -> Self {
        let Self { problem, status, retry_after, .. } = self;
        let (problem, status, retry_after) = (problem.clone(), *status, *retry_after);
        Self { problem, status, retry_after, cause: None }
    }

    /// Says in other words what happened.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.problem.title = title.into();
        self
    }

    /// Its stable name.
    pub fn slug(&self) -> Slug {
        self.problem.slug
    }

    /// What happened, for the log: the cause, where that is not sent.
    pub fn reason(&self) -> String {
        self.cause
            .as_ref()
            .map_or_else(|| self.problem.title.clone(), |cause| chain(cause.as_ref()))
    }

    /// The problem document, to be answered in another document.
    pub fn into_problem(self) -> Problem {
        Problem { status: self.status.as_u16(), ..*self.problem }
    }

    /// Says what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = Some(help.into());
        self
    }

    /// Says more about this case.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.problem.detail = Some(detail.into());
        self
    }

    /// Another status than the slug's usual one.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// When the peer may try again.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Tells the peer the server's time (`RQ-5`).
    pub fn server_time(mut self, now: Instant) -> Self {
        self.problem.server_time = Some(now);
        self
    }
}

impl<E: Refusal> From<E> for ApiError {
    fn from(refusal: E) -> Self {
        let slug = refusal.slug();
        if slug == Slug::ServerError {
            return Self::fault(refusal);
        }
        let mut error = Self::new(slug, refusal.to_string());
        error.problem.help = refusal.help();
        error.problem.condition = refusal.condition();
        error.retry_after = refusal.wait();
        error
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(error = %chain(cause.as_ref()), "the server failed");
        }
        self.problem.status = self.status.as_u16();
        let body = serde_json::to_vec(&self.problem).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, challenge(self.problem.slug));
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs().saturating_add(1);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// RFC 9110, section 15.5.2: a 401 names the schemes that would do.
fn challenge(slug: Slug) -> HeaderValue {
    match slug {
        Slug::ClockSkew => HeaderValue::from_static("Signature"),
        _ => HeaderValue::from_static("Bearer, Signature"),
    }
}

/// Whether the store says that trying later may help.
fn is_temporary(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (**error).source())
        .filter_map(|error| error.downcast_ref::<StoreError>())
        .any(StoreError::is_temporary)
}

/// An error and its causes in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| (**error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The status that belongs to a slug, in one place for all answers.
fn status_of(slug: Slug) -> StatusCode {
    match slug {
        Slug::BadRequest => StatusCode::BAD_REQUEST,
        Slug::Unauthorized | Slug::ClockSkew => StatusCode::UNAUTHORIZED,
        Slug::Forbidden
        | Slug::NoBuilderLicense
        | Slug::BuilderLicenseExpired
        | Slug::NoBuilderKey
        | Slug::TermsNotAccepted
        | Slug::TrialLimitReached
        | Slug::LicenseeBlocked
        | Slug::EmailNotVerified
        | Slug::KeyRefused
        | Slug::CertificateRefused
        | Slug::LicenseRequired
        | Slug::LicenseInvalid
        | Slug::LicenseForeign
        | Slug::LicenseExpired
        | Slug::LicenseNotActive
        | Slug::LicenseRevoked
        | Slug::LicenseSuperseded
        | Slug::LicenseTooOld
        | Slug::NoFreeLicense
        | Slug::ClientImageUnknown
        | Slug::ClientImageRefused
        | Slug::ChallengeFailed => StatusCode::FORBIDDEN,
        Slug::NotFound => StatusCode::NOT_FOUND,
        Slug::PlatformUnsupported
        | Slug::ReleaseExists
        | Slug::PolicyChanged
        | Slug::PackInstalled => StatusCode::CONFLICT,
        Slug::FeeDue => StatusCode::PAYMENT_REQUIRED,
        Slug::TrialExpired | Slug::GraceEnded => StatusCode::GONE,
        Slug::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Slug::InvalidManifest
        | Slug::InvalidRelease
        | Slug::FormatTooNew
        | Slug::OrderRefused
        | Slug::PackRefused => StatusCode::UNPROCESSABLE_ENTITY,
        Slug::LicenseServerUnreachable
        | Slug::LicenseServerRestored
        | Slug::GatewayNotRegistered => StatusCode::SERVICE_UNAVAILABLE,
        Slug::ServiceUnreachable => StatusCode::BAD_GATEWAY,
        Slug::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Slug::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
