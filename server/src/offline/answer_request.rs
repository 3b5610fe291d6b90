//! `POST /offline`

use axum::Json;
use axum::extract::{Request, State};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::ids::LicenseId;
use trybuy_formats::limits;
use trybuy_formats::offline::{
    OfflineError, OfflineOutcome, OfflineRequest, OfflineResponse, ResponseFile, SignedRequest,
};
use trybuy_formats::signed::FORMAT;
use trybuy_formats::slug::Slug;

use super::steps::{self, Asker, StepError};
use super::terms;
use crate::app::AppState;
use crate::auth::{ClientAddress, known_builder, refused};
use crate::builders::EmailError;
use crate::builders::api::not_sent;
use crate::error::ApiError;

/// Answers a request file (`OF-6`). What is refused to its Builder is answered in the response; what is
/// wrong with the file, or with the server, is told to whoever carries it.
pub async fn answer_request(
    State(app): State<AppState>,
    request: Request,
) -> Result<Json<ResponseFile>, ApiError> {
    let (parts, body) = request.into_parts();
    let client = ClientAddress::of(&parts, &app);
    app.rate_limits.registrations.count(&client.network())?;
    let body = axum::body::to_bytes(body, limits::OFFLINE_REQUEST).await;
    let body = body.map_err(|_| ApiError::body_too_large())?;
    let signed = SignedRequest::read(&body).map_err(unusable)?;
    let (asker, request) = verify(&app, client, &signed).await?;
    let now = app.clock.now();
    if !request.is_recent(now) {
        return Err(wrong_time(&request, now));
    }
    let terms = terms::in_force(&app, &request.step).await.map_err(StepError::from)?;
    let outcome = match steps::take_step(&app, (&asker, client.network()), &request, &terms).await {
        Ok(outcome) => outcome,
        Err(error) => refuse(&app, &asker, &request, error).await?,
    };
    let texts = terms::to_be_shown(terms, &request.step, &outcome);
    let (names, texts) = texts.into_iter().map(terms::Terms::split).unzip();
    let response = OfflineResponse {
        format: FORMAT,
        request: signed.digest(),
        time: now,
        outcome,
        texts: names,
    };
    let file = ResponseFile::sign(app.keys.signature(), &response, texts);
    file.map(Json).map_err(|error| ApiError::fault(error.to_string()))
}

/// Who asks, and for what.
async fn verify(
    app: &AppState,
    client: ClientAddress,
    signed: &SignedRequest,
) -> Result<(Asker, OfflineRequest), ApiError> {
    if let Ok(license) = signed.key_id().parse::<LicenseId>() {
        let builder = known_builder(app, client, license).await.map_err(of_another_server)?;
        let request = signed.verify(&builder.facts.request_key);
        let request = request.map_err(|error| unverified(app, client, error))?;
        return Ok((Asker::Builder(Box::new(builder)), request));
    }
    let key = URL_SAFE_NO_PAD.decode(signed.key_id()).ok().and_then(|key| key.try_into().ok());
    let key: [u8; 32] = key.ok_or_else(|| unusable(OfflineError::Malformed))?;
    let request = signed.verify(&key).map_err(|error| unverified(app, client, error))?;
    Ok((Asker::New(key), request))
}

/// The refusal as it goes into the response; a failure of the server, and too many requests, are for the
/// one who carries it, who can send it again.
async fn refuse(
    app: &AppState,
    asker: &Asker,
    request: &OfflineRequest,
    error: StepError,
) -> Result<OfflineOutcome, ApiError> {
    let (newest, needs_code) = (error.newest(), error.is_about_terms());
    let error = match error {
        StepError::Email(error @ EmailError::Mail(_)) => not_sent(error).help(
            "relay it again in a few minutes; if it stays so, tell the operator of the server",
        ),
        other => other.into(),
    };
    if matches!(error.slug(), Slug::ServerError | Slug::RateLimited) {
        return Err(error);
    }
    let code =
        if needs_code { steps::code_to_retype(app, asker, &request.step).await? } else { None };
    Ok(OfflineOutcome::Refused { problem: error.into_problem(), code, newest })
}

/// A Builder that is not known here was most likely set up with another server.
fn of_another_server(error: ApiError) -> ApiError {
    match error.slug() {
        Slug::NoBuilderLicense => error.help(
            "relay the request to the server that its Builder was set up with, without --server",
        ),
        _ => error,
    }
}

fn unverified(app: &AppState, client: ClientAddress, error: OfflineError) -> ApiError {
    match error {
        OfflineError::Signature => refused(app, client, format!("the request file: {error}")),
        other => unusable(other),
    }
}

fn unusable(error: OfflineError) -> ApiError {
    let slug = if error == OfflineError::TooNew { Slug::FormatTooNew } else { Slug::BadRequest };
    ApiError::new(slug, format!("the request file cannot be used: {error}"))
        .help("write it again on the machine without a network, and bring it as it is")
}

fn wrong_time(request: &OfflineRequest, now: trybuy_formats::instant::Instant) -> ApiError {
    let written = request.created_at;
    let what = format!("the request file says that it was written at {written}, and it is {now}");
    ApiError::new(Slug::ClockSkew, what)
        .help("set the clock of the machine without a network, then write the request again: it is taken for 30 days")
        .server_time(now)
}
