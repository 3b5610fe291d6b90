use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{SeenAnswer, SeenLicenses};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::Label;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::records::RecordsStatement;
use trybuy_formats::slug::Slug;

use super::signed_gateway::SignedGateway;
use crate::error::ApiError;
use crate::license_server::{LicenseServerState, presented};
use crate::store::{DecisionOutcome, LicenseDecision, PresentedLicense, SeenReport};

/// The most licenses of one report.
const LICENSES: usize = 50;

/// `POST /gateways/seen`: a gateway shows what this license server last said of its records, and licenses that clients
/// have presented: one that was restored from a backup finds out so, and learns what it granted since.
pub async fn report_seen(
    State(server): State<LicenseServerState>,
    report: SignedGateway,
) -> Result<Json<SeenAnswer>, ApiError> {
    let seen: SeenLicenses = report.json()?;
    if seen.licenses.len() > LICENSES {
        let what = format!("a report has at most {LICENSES} licenses");
        return Err(ApiError::new(Slug::TooLarge, what));
    }
    let (gateway, now) = (report.gateway.name, server.clock.now());
    compare(&server, &seen.records, &gateway, now).await?;
    // A gateway may have licenses of other license servers too.
    let licenses: Vec<_> = seen.licenses.iter().filter_map(|pem| read(&server, pem)).collect();
    let unknown = match licenses.is_empty() {
        true => 0,
        false => {
            let report = SeenReport { gateway, licenses, now };
            server.store.take_report(server.secret(), &report).await?
        }
    };
    if unknown > 0 {
        tracing::warn!(unknown, "a gateway has seen licenses that the store did not know");
    }
    let restored = server.store.record_head().await?.restored;
    Ok(Json(SeenAnswer { unknown, restored }))
}

/// Compares the records with what this license server once said of them.
async fn compare(
    server: &LicenseServerState,
    said: &str,
    gateway: &Label,
    now: Instant,
) -> Result<(), ApiError> {
    let opened = RecordsStatement::open(&server.authorities, server.issuer().id(), now, said);
    let (_, said) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            // It may be of a certificate that has ended. The licenses of the report are good all the same.
            tracing::warn!(%gateway, %error, "what a gateway shows of the records is not compared");
            return Ok(());
        }
    };
    let decision = LicenseDecision {
        gateway: Some(gateway.clone()),
        ..LicenseDecision::of(DecisionOutcome::Restored, now)
    };
    // What is found has a record, which names the gateway; the worker tells the operator.
    server.store.compare_records(server.secret(), said.mark, decision).await?;
    Ok(())
}

fn read(server: &LicenseServerState, pem: &str) -> Option<PresentedLicense> {
    let chain = CertificateChain::from_pem(pem).ok()?;
    let der = chain.leaf().der();
    presented::read(&server.authorities, server.issuer(), der, server.clock.now()).ok()
}
