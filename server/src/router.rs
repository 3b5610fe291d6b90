//! All routes of the catalog role, in one table, which the OpenAPI document is compared with.

use axum::Router;

use crate::app::AppState;
use crate::routes::{self, Route, routes};
use crate::{builders, catalog, offline, openapi, trials, vendors, webhooks};

/// The routes of the catalog role with all middleware.
pub fn router(app: &AppState) -> Router {
    routes::router(routes(), app)
}

/// Every route of the catalog role. `HEAD` comes with `GET`.
pub fn routes() -> Vec<Route<AppState>> {
    routes![
        GET Short "/healthz" => catalog::api::show_health,
        GET Short "/api/v1/openapi.json" => openapi::show_document,
        GET Short "/api/v1/server" => catalog::api::show_server,
        GET Short "/api/v1/applications" => catalog::api::list_applications,
        GET Short "/api/v1/applications/{id}" => catalog::api::show_application,
        POST Short "/api/v1/builders" => builders::api::register_builder,
        POST Short "/api/v1/builders/license" => builders::api::renew_license,
        POST Short "/api/v1/builders/time" => builders::api::sign_time,
        POST Short "/api/v1/builders/email-codes" => builders::api::send_email_code,
        POST Short "/api/v1/builders/email" => builders::api::verify_email,
        POST Short "/api/v1/offline" => offline::answer_request,
        POST Short "/api/v1/applications/{id}/acceptance-codes" => trials::api::create_acceptance_code,
        POST Short "/api/v1/applications/{id}/trials" => trials::api::request_trial,
        POST Short "/api/v1/applications/{id}/purchases" => trials::api::buy_application,
        POST Short "/api/v1/applications/{id}/offer" => trials::api::show_offer,
        GET Short "/api/v1/trials" => trials::api::list_trials,
        GET Short "/api/v1/trials/{id}" => trials::api::show_trial,
        POST Short "/api/v1/trials/{id}/first-run" => trials::api::report_first_run,
        GET Long "/d/{capability}" => trials::api::download_file,
        GET Long "/d/{capability}/head" => trials::api::download_head,
        PUT Long "/api/v1/vendor/applications/{id}/releases/{version}/{platform}" => vendors::api::publish_release,
        GET Short "/api/v1/vendor/releases" => vendors::api::list_releases,
        GET Short "/api/v1/vendor/applications/{id}/policies" => vendors::api::policies::list_policies,
        PUT Short "/api/v1/vendor/applications/{id}/policies/{scope}" => vendors::api::policies::set_policy,
        DELETE Short "/api/v1/vendor/applications/{id}/policies/{scope}" => vendors::api::policies::remove_policy,
        POST Short "/api/v1/vendor/applications/{id}/existing-trials" => vendors::api::policies::follow_policies,
        GET Short "/api/v1/vendor/applications/{id}/policy-changes" => vendors::api::policies::list_changes,
        GET Short "/api/v1/vendor/applications/{id}/keys" => vendors::api::keys::list_keys,
        POST Short "/api/v1/vendor/applications/{id}/keys" => vendors::api::keys::create_keys,
        DELETE Short "/api/v1/vendor/keys/{id}" => vendors::api::keys::revoke_key,
        POST Short "/api/v1/vendor/applications/{id}/grants" => vendors::api::gifts::give,
        GET Short "/api/v1/vendor/profiles" => vendors::api::profiles::list_profiles,
        PUT Short "/api/v1/vendor/profiles/{name}" => vendors::api::profiles::set_profile,
        DELETE Short "/api/v1/vendor/profiles/{name}" => vendors::api::profiles::remove_profile,
        GET Short "/api/v1/vendor/classes" => vendors::api::classes::list_classes,
        PUT Short "/api/v1/vendor/classes/{name}" => vendors::api::classes::set_class,
        DELETE Short "/api/v1/vendor/classes/{name}" => vendors::api::classes::remove_class,
        PUT Short "/api/v1/vendor/classes/{name}/members/{subject}" => vendors::api::classes::add_member,
        DELETE Short "/api/v1/vendor/classes/{name}/members/{subject}" => vendors::api::classes::remove_member,
        GET Short "/api/v1/vendor/applications/{id}/requests" => vendors::api::list_requests,
        GET Short "/api/v1/vendor/applications/{id}/terms/{digest}" => vendors::api::show_terms,
        POST Short "/api/v1/vendor/webhooks" => webhooks::api::add_webhook,
        GET Short "/api/v1/vendor/webhooks" => webhooks::api::list_webhooks,
        DELETE Short "/api/v1/vendor/webhooks/{id}" => webhooks::api::remove_webhook,
        POST Short "/api/v1/vendor/webhooks/{id}/enable" => webhooks::api::enable_webhook,
        POST Short "/api/v1/vendor/webhooks/{id}/test" => webhooks::api::test_webhook,
        GET Short "/api/v1/vendor/webhooks/deliveries" => webhooks::api::list_deliveries,
        POST Short "/api/v1/vendor/webhooks/deliveries/{id}/redeliver" => webhooks::api::redeliver,
        GET Short "/api/v1/vendor/blocks" => vendors::api::list_blocks,
        PUT Short "/api/v1/vendor/blocks/{subject}" => vendors::api::put_block,
        DELETE Short "/api/v1/vendor/blocks/{subject}" => vendors::api::delete_block,
    ]
}
