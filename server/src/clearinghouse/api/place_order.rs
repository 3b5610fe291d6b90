//! `POST /orders`

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use trybuy_formats::api::{OrderAnswer, PlaceOrder};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use crate::auth::ClientAddress;
use crate::clearinghouse::ClearinghouseState;
use crate::clearinghouse::ordering::{self, AgreedDates, OrderDesk};
use crate::error::ApiError;
use crate::store::OrderSource;

/// The largest body, in bytes: an order, and the JSON around it.
const BODY: usize = limits::CERTIFIED_DOCUMENT + 1024;

/// Takes a purchase request 106 (SL Fig. 4, step 150). The same request again changes nothing.
pub(super) async fn place_order(
    State(clearinghouse): State<ClearinghouseState>,
    request: Request,
) -> Result<(StatusCode, Json<OrderAnswer>), ApiError> {
    let (parts, body) = request.into_parts();
    let client = ClientAddress::of(&parts, &clearinghouse);
    clearinghouse.orders.count(&client.network())?;
    let body = axum::body::to_bytes(body, BODY).await;
    let body = body.map_err(|_| ApiError::body_too_large())?;
    let request: PlaceOrder = serde_json::from_slice(&body).map_err(|error| {
        ApiError::new(Slug::BadRequest, "the body is not the JSON this address expects")
            .detail(error.to_string())
    })?;
    let desk = OrderDesk {
        store: &clearinghouse.store,
        authorities: clearinghouse.identity.authorities(),
        now: clearinghouse.clock.now(),
    };
    let placed =
        desk.place_signed(&request.order, OrderSource::Online, AgreedDates::default()).await?;
    let status = if placed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(ordering::answer(&placed.record))))
}
