//! `GET /orders/{id}/pack`

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use trybuy_formats::api::OrderState;
use trybuy_formats::ids::OrderId;
use trybuy_formats::slug::Slug;

use crate::clearinghouse::ClearinghouseState;
use crate::error::ApiError;
use crate::extract::Path;

/// The media type of a JWS in compact serialisation (RFC 7515, section 9.2.1).
const JOSE: HeaderValue = HeaderValue::from_static("application/jose");

/// Delivers the pack of an order, as often as it is asked for, byte for byte the same. It says nothing to
/// anybody but the license server that it is encrypted to.
pub(super) async fn show_pack(
    State(clearinghouse): State<ClearinghouseState>,
    Path(id): Path<OrderId>,
) -> Result<Response, ApiError> {
    if let Some(file) = clearinghouse.store.pack_file(id).await? {
        return Ok(([(header::CONTENT_TYPE, JOSE)], file).into_response());
    }
    let record = clearinghouse.store.order(id).await?.ok_or_else(no_order)?;
    Err(if record.state() == OrderState::Cancelled {
        ApiError::new(Slug::OrderRefused, "the order was cancelled").help("place another order")
    } else {
        let what =
            format!("of the fee of {} {}, {} is paid", record.fee, record.currency, record.paid);
        ApiError::new(Slug::FeeDue, what)
            .help("pay the fee; the pack is there with its confirmation")
    })
}

pub(super) fn no_order() -> ApiError {
    ApiError::new(Slug::NotFound, "there is no such order").help("place it")
}
