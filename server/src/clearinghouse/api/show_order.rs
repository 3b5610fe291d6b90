//! `GET /orders/{id}`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::OrderAnswer;
use trybuy_formats::ids::OrderId;

use super::show_pack::no_order;
use crate::clearinghouse::{ClearinghouseState, ordering};
use crate::error::ApiError;
use crate::extract::Path;

/// Says how it is with an order.
pub(super) async fn show_order(
    State(clearinghouse): State<ClearinghouseState>,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderAnswer>, ApiError> {
    let record = clearinghouse.store.order(id).await?.ok_or_else(no_order)?;
    Ok(Json(ordering::answer(&record)))
}
