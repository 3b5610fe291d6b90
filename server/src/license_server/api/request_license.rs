use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::LicenseRequest;

use super::recorded::recorded;
use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /license-requests`: a client asks for a license, and gets a challenge (SL Fig. 7, steps 220 to 228).
pub async fn request_license(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<LicenseRequest>,
) -> Result<Response, ApiError> {
    server.requests.count(&client.network())?;
    let answer = server.request_license(&request).await;
    Ok(recorded(&server, answer.map(axum::Json).map_err(ApiError::from)).await)
}
