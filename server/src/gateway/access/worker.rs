//! Keeps what the gateway knows of its license server up to date.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, iter};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::api::{LicenseServerInfo, SeenLicenses};
use trybuy_formats::certificates::{Certificate, CertificateChain, RevocationList};
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
/// The licenses that it has revoked, as far as was ever heard.
pub const REVOKED: &str = "revoked";
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

    /// Ends it, once the licenses that were presented are written down.
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
    let mut told = Told::default();
    loop {
        let new = keep_seen(&state).await;
        tokio::select! {
            () = refresh(&state, &directory, &mut told, &new) => {}
            _ = &mut stopped => break,
        }
        tokio::select! {
            () = ask_for_clients(&state) => {}
            _ = &mut stopped => break,
        }
        told.is_stale = state.tell_of_staleness(told.is_stale);
        // A held client may have been removed, and what runs may have to end.
        state.held_passes.forget();
        state.news.send_replace(());
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = &mut stopped => break,
        }
    }
    keep_seen(&state).await;
}

/// What is asked for the clients that the gateway holds licenses for.
async fn ask_for_clients(state: &GatewayState) {
    state.look_for_registration().await;
    state.replace_temporary_licenses().await;
}

/// What was told already.
#[derive(Default)]
struct Told {
    /// To the operator, that the revocation list is too old.
    is_stale: bool,
    /// To the license server that is a restored one, of every license that had been presented.
    all: bool,
}

/// Answers the licenses that were presented for the first time.
async fn keep_seen(state: &GatewayState) -> Vec<Certificate> {
    let (new, kept) = state.keep_seen().await;
    if let Err(error) = kept {
        tracing::warn!(%error, "licenses that were presented are written down later");
    }
    new
}

/// One look at the license server. Where it does not answer, what is known stays as it is.
async fn refresh(state: &GatewayState, directory: &RoleDir, told: &mut Told, new: &[Certificate]) {
    if let Err(error) = state.refresh(directory, told, new).await {
        told.all = false;
        tracing::warn!(error = %format!("{error:#}"), "the license server is looked at later");
    }
}

impl GatewayState {
    /// Asks the license server for its certificate and its revocation list, and tells it what it lost.
    async fn refresh(
        &self,
        directory: &RoleDir,
        told: &mut Told,
        new: &[Certificate],
    ) -> anyhow::Result<()> {
        // What clients are told of meanwhile is more than this answer may know of.
        let before = self.license_server.records();
        let info = self.license_server.info().await?;
        let issuer = self.refresh_issuer(&info, directory);
        let revoked = self.refresh_revoked(directory).await;
        issuer?;
        // Nobody is let in for want of a report, so it comes after the revocation list.
        if info.records < before || (info.restored && !told.all) {
            self.report_all(before).await.map_err(title)?;
            self.license_server.restart_records(info.records);
            told.all = true;
        } else if info.restored && !new.is_empty() {
            self.report(new, before).await.map_err(title)?;
        } else if !info.restored {
            told.all = false;
        }
        self.license_server.note_records(info.records);
        let records = self.license_server.records().to_string();
        keep(&directory.file(RECORDS), records.as_bytes())?;
        revoked
    }

    fn refresh_issuer(&self, info: &LicenseServerInfo, directory: &RoleDir) -> anyhow::Result<()> {
        let chain = CertificateChain::from_pem(&info.certificate)?;
        if self.issuer() == chain {
            return Ok(());
        }
        anyhow::ensure!(
            self.take_issuer(chain, self.clock.now()),
            "what answers as the license server is another one, or its certificate is not valid"
        );
        Ok(keep(&directory.file(ISSUER), info.certificate.as_bytes())?)
    }

    async fn refresh_revoked(&self, directory: &RoleDir) -> anyhow::Result<()> {
        let list = self.license_server.revocations().await?;
        self.take_revocations(&RevocationList::from_der(&list, self.issuer().leaf())?);
        let text = self.revocations().to_text().unwrap_or_default();
        Ok(keep(&directory.file(REVOKED), text.as_bytes())?)
    }

    /// Tells the operator once when no newer revocation list has come in time, and once when one has. Answers
    /// whether none has.
    fn tell_of_staleness(&self, was_stale: bool) -> bool {
        let revocations = self.revocations();
        let is_stale = revocations.is_stale(self.clock.now());
        if is_stale && !was_stale {
            let ended = revocations.next_update().map(|next| next.to_string());
            let (ended, licenses) = (ended.unwrap_or_default(), self.stale_list);
            tracing::error!(
                ended,
                ?licenses,
                "the revocation list is too old: what was revoked since is not known"
            );
        }
        if was_stale && !is_stale {
            tracing::info!("the revocation list is a new one again");
        }
        is_stale
    }

    /// Tells the license server, which had so many records, of every license that was presented: it was
    /// restored from a backup.
    async fn report_all(&self, records: u64) -> Result<(), ApiError> {
        tracing::warn!(
            "the license server was restored from a backup: it is told what it granted since"
        );
        let mut after = None;
        loop {
            let page = self.store.seen_licenses(after, REPORT).await?;
            let certificates: Vec<_> = page.iter().map(|seen| seen.certificate.clone()).collect();
            // Also without a license, as it says that there were more records.
            self.report(&certificates, records).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.license_id);
        }
    }

    async fn report(&self, certificates: &[Certificate], records: u64) -> Result<(), ApiError> {
        let pages = certificates.chunks(REPORT as usize);
        for page in pages.chain(certificates.is_empty().then_some(certificates)) {
            let licenses = page.iter().map(Certificate::to_pem).collect();
            let report = SeenLicenses { licenses, records: Some(records) };
            self.license_server.report(&report, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Writes down which licenses were presented. Answers those that are written down.
    async fn keep_seen(&self) -> (Vec<Certificate>, Result<(), StoreError>) {
        let mut written = Vec::new();
        let mut waiting = self.seen.take().into_iter();
        while let Some(license) = waiting.next() {
            let seen = SeenLicense {
                license_id: license.license().license_id,
                certificate: license.certificate().clone(),
                issued_at: license.license().issued_at,
            };
            if let Err(error) = self.store.note_seen_license(&seen).await {
                self.seen.put_back(iter::once(license).chain(waiting));
                return (written, Err(error));
            }
            written.push(seen.certificate);
        }
        let forgotten = self.store.forget_seen_licenses(self.clock.now().minus(REMEMBERED)).await;
        (written, forgotten)
    }
}

/// Writes a file, unless it says that already: each write waits for the disk.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::read(path) {
        Ok(kept) if kept == bytes => Ok(()),
        _ => replace(path, bytes),
    }
}

fn title(error: ApiError) -> anyhow::Error {
    anyhow::anyhow!("{}", error.into_problem().title)
}
