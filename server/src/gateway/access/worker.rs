//! Keeps what the gateway knows of its license server up to date.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::api::SeenLicenses;
use trybuy_formats::certificates::{CertificateChain, RevocationList};
use trybuy_formats::instant::Span;

use super::state::GatewayState;
use crate::data_dir::{RoleDir, replace};
use crate::error::ApiError;
use crate::store::{SeenLicense, StoreError};

/// Licenses of one report.
const REPORT: u32 = 50;
/// How long a license that was seen is remembered: no older backup is restored.
const REMEMBERED: Span = Span::seconds(180 * 86_400);

/// The license server's certificate, as it was when it was last asked.
pub const ISSUER: &str = "license-server.pem";
/// Its revocation list in DER.
pub const REVOKED: &str = "revoked.crl";
/// The most records that it ever had.
pub const RECORDS: &str = "records";

/// A running worker. It ends when this is dropped.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it, with that pause between two rounds.
    pub fn start(state: Arc<GatewayState>, directory: RoleDir, pause: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(state, directory, pause, stopped)) }
    }

    /// Ends it after the round that is running.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker of the gateway failed");
        }
    }
}

async fn run(
    state: Arc<GatewayState>,
    directory: RoleDir,
    pause: Duration,
    mut stopped: oneshot::Receiver<()>,
) {
    loop {
        tokio::select! {
            () = round(&state, &directory) => {}
            _ = &mut stopped => break,
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut stopped => break,
        }
    }
    if let Err(error) = state.keep_seen().await {
        tracing::warn!(%error, "licenses that were presented were not written down");
    }
}

/// One look at the license server. Where it does not answer, what is known stays as it is.
async fn round(state: &GatewayState, directory: &RoleDir) {
    if let Err(error) = state.keep_seen().await {
        tracing::warn!(%error, "licenses that were presented are written down later");
    }
    if let Err(error) = state.refresh(directory).await {
        tracing::warn!(error = %error.to_string(), "the license server is looked at later");
    }
}

impl GatewayState {
    /// Asks the license server for its certificate and its revocation list.
    async fn refresh(&self, directory: &RoleDir) -> anyhow::Result<()> {
        let info = self.license_server.info().await?;
        let now = self.clock.now();
        let chain = CertificateChain::from_pem(&info.certificate)?;
        if self.issuer() != chain {
            anyhow::ensure!(
                self.take_issuer(chain, now),
                "what answers as the license server is another one, or its certificate is not valid"
            );
            replace(&directory.file(ISSUER), info.certificate.as_bytes())?;
        }
        if self.license_server.has_lost_records(info.records) {
            self.report_all()
                .await
                .map_err(|error| anyhow::anyhow!("{}", error.into_problem().title))?;
        }
        replace(&directory.file(RECORDS), self.license_server.records().to_string().as_bytes())?;
        let list = self.license_server.revocations().await?;
        if self.take_revoked(RevocationList::from_der(&list, self.issuer().leaf())?) {
            replace(&directory.file(REVOKED), &list)?;
        }
        Ok(())
    }

    /// Tells the license server of every license that was presented: it was restored from a backup.
    async fn report_all(&self) -> Result<(), ApiError> {
        tracing::warn!(
            "the license server was restored from a backup: it is told what it granted since"
        );
        let mut after = None;
        loop {
            let page = self.store.seen_licenses(after, REPORT).await?;
            let licenses = page.iter().map(|seen| seen.certificate.to_pem()).collect();
            let records = Some(self.license_server.records());
            let report = SeenLicenses { licenses, records };
            // Also without a license, as it says that there were more records.
            self.license_server.report(&report, self.clock.now()).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.license_id);
        }
        self.license_server.forget_lost_records();
        Ok(())
    }

    /// Writes down which licenses were presented.
    async fn keep_seen(&self) -> Result<(), StoreError> {
        for license in self.seen.take() {
            let seen = SeenLicense {
                license_id: license.license().license_id,
                certificate: license.certificate().clone(),
                issued_at: license.license().issued_at,
            };
            self.store.note_seen_license(&seen).await?;
        }
        self.store.forget_seen_licenses(self.clock.now().minus(REMEMBERED)).await
    }
}
