use axum::Json;
use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::{SeenAnswer, SeenLicenses};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::slug::Slug;

use super::recorded::recorded;
use super::signed_gateway::SignedGateway;
use crate::error::ApiError;
use crate::license_server::{LicenseServerState, presented};
use crate::store::{PresentedLicense, SeenReport};

/// The most licenses of one report.
const LICENSES: usize = 50;

/// `POST /gateways/seen`: a gateway tells which licenses it has seen, as this license server seems to be a restored
/// one.
pub async fn report_seen(
    State(server): State<LicenseServerState>,
    report: SignedGateway,
) -> Response {
    recorded(&server, take(&server, &report).await).await
}

async fn take(
    server: &LicenseServerState,
    report: &SignedGateway,
) -> Result<Json<SeenAnswer>, ApiError> {
    let seen: SeenLicenses = report.json()?;
    if seen.licenses.len() > LICENSES {
        let what = format!("a report has at most {LICENSES} licenses");
        return Err(ApiError::new(Slug::TooLarge, what));
    }
    let now = server.clock.now();
    // A gateway may have licenses of other license servers too.
    let licenses = seen.licenses.iter().filter_map(|pem| read(server, pem)).collect();
    let gateway = report.gateway.name.clone();
    let report = SeenReport { gateway, licenses, records: seen.records, now };
    let unknown = server.store.take_report(server.secret(), &report).await?;
    if unknown > 0 {
        tracing::warn!(unknown, "a gateway has seen licenses that the store did not know");
    }
    Ok(Json(SeenAnswer { unknown }))
}

fn read(server: &LicenseServerState, pem: &str) -> Option<PresentedLicense> {
    let chain = CertificateChain::from_pem(pem).ok()?;
    let der = chain.leaf().der();
    presented::read(&server.authorities, server.issuer(), der, server.clock.now()).ok()
}
