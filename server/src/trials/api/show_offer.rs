//! `POST /applications/{id}/offer`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::OfferAnswer;
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::offer_to;

/// Shows what a trial would be for the Builder that asks.
pub async fn show_offer(
    State(app): State<AppState>,
    Path(application): Path<ApplicationId>,
    signed: SignedBuilder,
) -> Result<Json<OfferAnswer>, ApiError> {
    Ok(Json(offer_to(&app, &signed.builder, &application).await?))
}
