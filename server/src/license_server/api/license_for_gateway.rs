use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{GatewayLicenseRequest, LicenseAnswer};

use super::signed_gateway::SignedGateway;
use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `POST /gateways/licenses`: a gateway asks for a client that cannot answer a challenge.
pub async fn license_for_gateway(
    State(server): State<LicenseServerState>,
    request: SignedGateway,
) -> Result<Json<LicenseAnswer>, ApiError> {
    let wanted: GatewayLicenseRequest = request.json()?;
    Ok(Json(server.license_for_gateway(request.gateway.name, &wanted).await?))
}
