//! The handlers of the clearinghouse.

mod confirm_payment;
mod list_products;
mod place_order;
mod show_health;
mod show_order;
mod show_pack;

use axum::Router;

use super::ClearinghouseState;
use crate::routes::{self, Route, routes};

/// The routes of the clearinghouse role with all middleware.
pub fn router(state: &ClearinghouseState) -> Router {
    routes::router(routes(), state)
}

fn routes() -> Vec<Route<ClearinghouseState>> {
    routes![
        GET Short "/healthz" => show_health::show_health,
        GET Short "/api/v1/products" => list_products::list_products,
        POST Short "/api/v1/orders" => place_order::place_order,
        GET Short "/api/v1/orders/{id}" => show_order::show_order,
        GET Short "/api/v1/orders/{id}/pack" => show_pack::show_pack,
        POST Short "/api/v1/payments" => confirm_payment::confirm_payment,
    ]
}
