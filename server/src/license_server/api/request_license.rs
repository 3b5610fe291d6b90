use axum::extract::State;
use trybuy_formats::api::{ChallengeAnswer, LicenseRequest};

use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /license-requests`: a client asks for a license, and gets a challenge (SL Fig. 7, steps 220 to 228).
pub async fn request_license(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<LicenseRequest>,
) -> Result<axum::Json<ChallengeAnswer>, ApiError> {
    server.requests.count(&client.network())?;
    Ok(axum::Json(server.request_license(&request).await?))
}
