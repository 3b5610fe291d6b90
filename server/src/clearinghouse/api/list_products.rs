//! `GET /products`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::ProductsAnswer;

use crate::clearinghouse::{ClearinghouseState, ordering};
use crate::error::ApiError;

/// Shows what can be ordered.
pub(super) async fn list_products(
    State(clearinghouse): State<ClearinghouseState>,
) -> Result<Json<ProductsAnswer>, ApiError> {
    let offers = clearinghouse.store.offers().await?.into_iter();
    let in_force = offers.filter(|offer| offer.withdrawn_at.is_none());
    Ok(Json(ProductsAnswer { products: in_force.map(ordering::offered).collect() }))
}
