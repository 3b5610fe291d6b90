//! A gateway, and what it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context as _, Result};

use trybuy_formats::certificates::Certificate;
use trybuy_formats::instant::Instant;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::Company;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::wait;

use crate::licensing::model::rules::License;

/// A gateway in front of a service that is away: who is let in finds nobody there.
pub(super) struct Front {
    pub(super) gateway: Gateway,
    /// The licenses that were presented, each certificate by itself.
    seen: BTreeMap<Presented, License>,
    /// Those that the process knows of, which has been killed since others were.
    known: BTreeSet<Presented>,
    is_killed: bool,
}

/// A certificate: when it was issued, and its serial number.
type Presented = (Instant, String);

impl Front {
    pub(super) fn start(company: &Company, name: &str) -> Result<Self> {
        let options = GatewayOptions { name, service: "http://127.0.0.1:9", version: "1.0.0" };
        let gateway = company.gateway(&options)?;
        Ok(Self { gateway, seen: BTreeMap::new(), known: BTreeSet::new(), is_killed: false })
    }

    /// A license was presented. Answers whether its certificate is new to the process.
    pub(super) fn see(&mut self, certificate: &Certificate, license: License) -> bool {
        let serial = certificate.serial().map(|serial| serial.to_string()).unwrap_or_default();
        let presented = (certificate.not_before(), serial);
        self.seen.insert(presented.clone(), license);
        self.known.insert(presented)
    }

    /// The licenses in the order in which it tells them.
    pub(super) fn seen(&self) -> Vec<License> {
        self.seen.values().copied().collect()
    }

    /// Waits until it has heard of so many records: those that the license server has now, and not as many that it had
    /// before it was restored.
    pub(super) fn wait_for(&self, company: &Company, records: usize) -> Result<()> {
        let mut heard = None;
        let waited = wait::until("a gateway that has heard of all records", || {
            heard = self.gateway.records()?;
            let has_all = heard.is_some_and(|mark| mark.records == records as u64);
            Ok(has_all && heard == Some(company.records()?))
        });
        waited.with_context(|| format!("{records} records are expected, and it heard of {heard:?}"))
    }

    /// Kills it, once what it has seen is written down: what is not is forgotten.
    pub(super) fn kill(&mut self) -> Result<()> {
        let database = self.gateway.setup.data_dir().join("trybuy.sqlite3");
        wait::until("a gateway that has written down what it has seen", || {
            let mut sqlite = Command::new("sqlite3");
            sqlite.arg(&database).arg("SELECT COUNT(*) FROM gateway_seen_licenses");
            let written = Outcome::of(&mut sqlite)?.success()?.stdout;
            Ok(written.trim() == self.seen.len().to_string())
        })?;
        self.known.clear();
        self.is_killed = true;
        self.gateway.server.end()
    }

    /// Lets it go on, however it was stopped.
    pub(super) fn go_on(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_killed) {
            self.gateway.restart()
        } else {
            self.gateway.server.resume()
        }
    }
}
