//! Keeps what the gateway knows of its license server up to date.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, iter};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_formats::api::{LicenseServerInfo, SeenLicenses};
use trybuy_formats::certificates::{Certificate, CertificateChain, RevocationList};
use trybuy_formats::instant::{Instant, Span};

use super::records::{LastSaid, Said};
use super::state::GatewayState;
use crate::data_dir::replace;
use crate::store::{SeenLicense, StoreError};

/// Licenses of one report.
const REPORT: u32 = 50;
/// How soon the records are looked at after what may have been decided, and at the most how often.
const SOON: Duration = Duration::from_secs(1);
/// How long a license that was seen is remembered: no older backup is restored.
const REMEMBERED: Span = Span::seconds(180 * 86_400);

/// The license server's certificate, as it was when it was last asked.
pub const ISSUER: &str = "license-server.pem";
/// The licenses that it has revoked, as far as was ever heard.
pub const REVOKED: &str = "revoked";

/// A running worker. It ends when this is dropped.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts it, with that pause between two rounds.
    pub fn start(state: Arc<GatewayState>, pause: Duration) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, task: tokio::spawn(run(state, pause, stopped)) }
    }

    /// Ends it, once the licenses that were presented are written down.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the worker of the gateway failed");
        }
    }
}

async fn run(state: Arc<GatewayState>, pause: Duration, mut stopped: oneshot::Receiver<()>) {
    let mut rounds = Rounds::new(Arc::clone(&state));
    loop {
        let new = keep_seen(&state).await;
        tokio::select! {
            () = rounds.refresh(&new) => {}
            _ = &mut stopped => break,
        }
        tokio::select! {
            () = state.replace_temporary_licenses() => {}
            _ = &mut stopped => break,
        }
        rounds.stale_told = state.tell_of_staleness(rounds.stale_told);
        // A held client may have been removed, and what runs may have to end.
        state.held_passes.forget();
        state.news.send_replace(());
        tokio::select! {
            () = rounds.pause(pause) => {}
            _ = &mut stopped => break,
        }
    }
    keep_seen(&state).await;
}

/// Answers the licenses that were presented for the first time.
async fn keep_seen(state: &GatewayState) -> Vec<Certificate> {
    let (new, kept) = state.keep_seen().await;
    if let Err(error) = kept {
        tracing::warn!(%error, "licenses that were presented are written down later");
    }
    new
}

/// What goes on from one look at the license server to the next.
struct Rounds {
    state: Arc<GatewayState>,
    last_said: LastSaid,
    /// The operator was told that the revocation list is too old.
    stale_told: bool,
    /// The license server, which was restored from a backup once, was told of every license that had been presented.
    all_told: bool,
    /// When it was accepted that it was, the last time that all were told for that.
    told_for: Option<Instant>,
    /// What failed at the last look, as the operator was told; empty if nothing did.
    failed: String,
}

impl Rounds {
    fn new(state: Arc<GatewayState>) -> Self {
        let last_said = LastSaid::read(&state);
        Self {
            state,
            last_said,
            stale_told: false,
            all_told: false,
            told_for: None,
            failed: String::new(),
        }
    }

    /// One look at the license server. Where it does not answer, what is known stays as it is.
    async fn refresh(&mut self, new: &[Certificate]) {
        let failed = match self.state.license_server.info().await {
            Ok(info) => self.take(&info, new).await,
            Err(error) => {
                // It has not heard of the new ones.
                self.all_told &= new.is_empty();
                vec![error.into()]
            }
        };
        self.tell_of_failures(&failed);
    }

    /// Takes what the license server says of itself and its revocation list, and tells it what it lost. What fails of
    /// that hinders nothing else.
    async fn take(&mut self, info: &LicenseServerInfo, new: &[Certificate]) -> Vec<anyhow::Error> {
        let issuer = self.state.refresh_issuer(info);
        let revoked = self.state.refresh_revoked().await;
        // Nobody is let in for want of a report, so it comes after the revocation list.
        let compared = self.compare_records(info.records.clone(), new).await;
        [issuer, revoked, compared].into_iter().filter_map(Result::err).collect()
    }

    /// Tells the operator once what fails, and once that nothing does any more.
    fn tell_of_failures(&mut self, failed: &[anyhow::Error]) {
        let failed: Vec<_> = failed.iter().map(|error| format!("{error:#}")).collect();
        let failed = failed.join("; ");
        if failed == self.failed {
            return;
        }
        match failed.is_empty() {
            true => tracing::info!("nothing fails any more at the license server"),
            false => tracing::warn!(error = failed, "the license server is looked at later"),
        }
        self.failed = failed;
    }

    /// Lets time pass. Where something may have been decided meanwhile, what the license server says of its records
    /// is kept: the less it has said that is not kept, the less it can lose unnoticed.
    async fn pause(&mut self, pause: Duration) {
        let over = tokio::time::sleep(pause);
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return,
                () = self.state.license_server.asked() => {}
            }
            if let Err(error) = self.look_at_records().await {
                tracing::debug!(error = %format!("{error:#}"), "the records are looked at later");
            }
            tokio::select! {
                () = &mut over => return,
                () = tokio::time::sleep(SOON) => {}
            }
        }
    }

    /// A gateway that is refused, as one that is not registered, learns with the next round whether it still is.
    async fn look_at_records(&mut self) -> anyhow::Result<()> {
        if self.state.license_server.contact.is_refused() {
            return Ok(());
        }
        let info = self.state.license_server.info().await?;
        self.compare_records(info.records, &[]).await
    }

    /// Shows the license server what it last said of its records, if it says something else now and does not know that it
    /// was restored, and tells it what it lost. It is asked once in any case, as only then it is known whether this
    /// gateway is registered.
    async fn compare_records(&mut self, said: String, new: &[Certificate]) -> anyhow::Result<()> {
        let all_told = self.all_told;
        // Until it has heard of the new ones.
        self.all_told &= new.is_empty();
        let said = Said::open(&self.state, said)?;
        let last = self.last_said.get(&self.state);
        let is_registered = self.state.license_server.contact.is_confirmed();
        let shown = last.as_ref().filter(|last| last.mark != said.mark && !said.restored);
        // Nobody told it, perhaps, what this gateway has seen, and it gives out again what it has forgotten.
        let accepted_at = said.mark.accepted_at;
        let was_accepted = last.as_ref().is_some_and(|last| last.mark.accepted_at < accepted_at)
            && self.told_for != accepted_at;
        let restored = match shown {
            None if is_registered => said.restored,
            shown => self.state.report(shown.unwrap_or(&said), &[]).await?,
        };
        self.state.license_server.contact.restored(restored);
        let has_forgotten = restored || accepted_at.is_some();
        if was_accepted || (has_forgotten && !all_told) {
            self.state.report_all(&said, restored).await?;
            self.told_for = accepted_at;
        } else if has_forgotten {
            for page in new.chunks(REPORT as usize) {
                self.state.report(&said, page).await?;
            }
        }
        self.all_told = has_forgotten;
        Ok(self.last_said.take(said, last.as_ref())?)
    }
}

impl GatewayState {
    fn refresh_issuer(&self, info: &LicenseServerInfo) -> anyhow::Result<()> {
        let chain = CertificateChain::from_pem(&info.certificate)?;
        if self.issuer() == chain {
            return Ok(());
        }
        anyhow::ensure!(
            self.take_issuer(chain, self.clock.now()),
            "what answers as the license server is another one, or its certificate is not valid"
        );
        Ok(keep(&self.directory.file(ISSUER), info.certificate.as_bytes())?)
    }

    async fn refresh_revoked(&self) -> anyhow::Result<()> {
        let list = self.license_server.revocations().await?;
        self.take_revocations(&RevocationList::from_der(&list, self.issuer().leaf())?);
        let text = self.revocations().to_text().unwrap_or_default();
        Ok(keep(&self.directory.file(REVOKED), text.as_bytes())?)
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

    /// Tells the license server of every license that was presented: it is one that was restored from a backup, or was one
    /// before that was accepted.
    async fn report_all(&self, said: &Said, restored: bool) -> anyhow::Result<()> {
        if restored {
            tracing::warn!(
                "the license server was restored from a backup: it is told of all licenses that were presented"
            );
        } else {
            tracing::info!("the license server is told of all licenses that were presented");
        }
        let mut after = None;
        loop {
            let page = self.store.seen_licenses(after.as_ref(), REPORT).await?;
            let Some(last) = page.last() else { return Ok(()) };
            let certificates: Vec<_> = page.iter().map(|seen| seen.certificate.clone()).collect();
            self.report(said, &certificates).await?;
            after = Some(last.clone());
        }
    }

    /// Shows what was said of the records, and some of the licenses that were presented. Answers whether the license
    /// server was restored from a backup.
    async fn report(&self, said: &Said, licenses: &[Certificate]) -> anyhow::Result<bool> {
        let licenses = licenses.iter().map(Certificate::to_pem).collect();
        let report = SeenLicenses { records: said.text.clone(), licenses };
        let answer = self.license_server.report(&report, self.clock.now()).await;
        Ok(answer.map_err(|error| anyhow::anyhow!(error.reason()))?.restored)
    }

    /// Writes down which licenses were presented. Answers those that are written down.
    async fn keep_seen(&self) -> (Vec<Certificate>, Result<(), StoreError>) {
        let mut written = Vec::new();
        let mut waiting = self.seen.take().into_iter();
        while let Some(license) = waiting.next() {
            let certificate = license.certificate();
            let seen = SeenLicense {
                serial: certificate.serial().map(|it| it.to_string()).unwrap_or_default(),
                certificate: certificate.clone(),
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
