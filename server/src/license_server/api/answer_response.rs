use axum::extract::State;
use trybuy_formats::api::{LicenseAnswer, SignedRequest};

use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /challenge-responses`: a client answers its challenge (SL Fig. 6, step 198).
pub async fn answer_response(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<SignedRequest>,
) -> Result<axum::Json<LicenseAnswer>, ApiError> {
    server.requests.count(&client.network())?;
    Ok(axum::Json(server.answer_response(&request.document).await?))
}
