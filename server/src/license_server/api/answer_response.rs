use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::SignedRequest;

use super::recorded::recorded;
use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /challenge-responses`: a client answers its challenge (SL Fig. 6, step 198).
pub async fn answer_response(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<SignedRequest>,
) -> Result<Response, ApiError> {
    server.requests.count(&client.network())?;
    let answer = server.answer_response(&request.document).await;
    Ok(recorded(&server, answer.map(axum::Json).map_err(ApiError::from)).await)
}
