use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::SignedRequest;

use super::recorded::recorded;
use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /upgrades`: a client presents an older license (SL Fig. 8, step 244).
pub async fn upgrade_license(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<SignedRequest>,
) -> Result<Response, ApiError> {
    server.requests.count(&client.network())?;
    let answer = server.upgrade_license(&request.document).await;
    Ok(recorded(&server, answer.map(axum::Json).map_err(ApiError::from)).await)
}
