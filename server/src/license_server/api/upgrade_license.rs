use axum::extract::State;
use trybuy_formats::api::{LicenseAnswer, SignedRequest};

use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::extract::Json;
use crate::license_server::LicenseServerState;

/// `POST /upgrades`: a client presents an older license (SL Fig. 8, step 244).
pub async fn upgrade_license(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
    Json(request): Json<SignedRequest>,
) -> Result<axum::Json<LicenseAnswer>, ApiError> {
    server.requests.count(&client.network())?;
    Ok(axum::Json(server.upgrade_license(&request.document).await?))
}
