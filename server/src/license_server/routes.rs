//! All routes of the license server role, in one table.

use axum::Router;

use super::LicenseServerState;
use super::api;
use crate::routes::{self, Route, routes};

/// The routes of a license server with all middleware.
pub fn router(server: &LicenseServerState) -> Router {
    routes::router(routes(), server)
}

fn routes() -> Vec<Route<LicenseServerState>> {
    routes![
        GET Short "/healthz" => api::show_health,
        GET Short "/api/v1/license-server" => api::show_license_server,
        POST Short "/api/v1/license-requests" => api::request_license,
        POST Short "/api/v1/challenge-responses" => api::answer_response,
        POST Short "/api/v1/upgrades" => api::upgrade_license,
        GET Short "/api/v1/revocations" => api::show_revocations,
        POST Short "/api/v1/gateways/licenses" => api::license_for_gateway,
        POST Short "/api/v1/gateways/seen" => api::report_seen,
    ]
}
