use axum::Json;
use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::{GatewayLicenseRequest, LicenseAnswer};

use super::recorded::recorded;
use super::signed_gateway::SignedGateway;
use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `POST /gateways/licenses`: a gateway asks for a client that cannot answer a challenge.
pub async fn license_for_gateway(
    State(server): State<LicenseServerState>,
    request: SignedGateway,
) -> Response {
    recorded(&server, decide(&server, &request).await.map(Json)).await
}

async fn decide(
    server: &LicenseServerState,
    request: &SignedGateway,
) -> Result<LicenseAnswer, ApiError> {
    let wanted: GatewayLicenseRequest = request.json()?;
    Ok(server.license_for_gateway(request.gateway.name.clone(), &wanted).await?)
}
