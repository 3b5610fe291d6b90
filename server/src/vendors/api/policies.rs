//! The policies of an application: `/vendor/applications/{id}/policies` and what belongs to them.

use axum::extract::State;
use serde::Deserialize;
use trybuy_formats::api::{FollowAnswer, FollowPolicies, PolicyAnswer, PolicyHistory, SetPolicy};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::subject::{Scope, Subject};

use crate::app::AppState;
use crate::auth::{Actor, Vendor};
use crate::error::ApiError;
use crate::extract::{Json, Path, Query};
use crate::vendors;

/// The query of the policies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    licensee: Option<Subject>,
}

/// Lists the policies of an application, or those that concern one licensee, by precedence.
pub async fn list_policies(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Query(Parameters { licensee }): Query<Parameters>,
) -> Result<axum::Json<PolicyAnswer>, ApiError> {
    Ok(axum::Json(match licensee {
        Some(licensee) => vendors::policies_for(&app, &vendor, &application, &licensee).await?,
        None => vendors::policies_of(&app, &vendor, &application).await?,
    }))
}

/// Sets the policy of a scope.
pub async fn set_policy(
    State(app): State<AppState>,
    Actor(by): Actor,
    Path((application, scope)): Path<(ApplicationId, Scope)>,
    Json(change): Json<SetPolicy>,
) -> Result<axum::Json<PolicyAnswer>, ApiError> {
    Ok(axum::Json(vendors::change_policy(&app, &by, application, scope, change).await?))
}

/// Removes the policy of a class or a licensee.
pub async fn remove_policy(
    State(app): State<AppState>,
    Actor(by): Actor,
    Path((application, scope)): Path<(ApplicationId, Scope)>,
) -> Result<axum::Json<PolicyAnswer>, ApiError> {
    Ok(axum::Json(vendors::remove_policy(&app, &by, application, scope).await?))
}

/// Lets the next granted trials follow the policies in force.
pub async fn follow_policies(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Json(request): Json<FollowPolicies>,
) -> Result<axum::Json<FollowAnswer>, ApiError> {
    Ok(axum::Json(vendors::follow_policies(&app, &vendor, &application, request).await?))
}

/// Lists the changes of an application's policies.
pub async fn list_changes(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
) -> Result<axum::Json<PolicyHistory>, ApiError> {
    Ok(axum::Json(vendors::policy_history(&app, &vendor, &application).await?))
}
