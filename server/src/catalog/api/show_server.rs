//! `GET /server`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::ServerInfo;

use crate::app::AppState;
use crate::error::ApiError;

/// Shows what has to be known of the server before anything else: its key 187, the Builder's terms.
pub async fn show_server(State(app): State<AppState>) -> Result<Json<ServerInfo>, ApiError> {
    let builder = &app.config.builder;
    Ok(Json(ServerInfo {
        name: app.config.server.name.to_string(),
        public_key: app.keys.public_key().to_vec(),
        key_id: app.keys.key_id(),
        builder_terms: builder.terms.clone(),
        builder_terms_digest: builder.terms_digest,
        version: env!("CARGO_PKG_VERSION").parse().map_err(ApiError::fault)?,
        verified_email: app.config.email.is_some(),
        time: app.clock.now(),
    }))
}
