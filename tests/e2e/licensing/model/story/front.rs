//! A gateway, and what it has seen.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

use trybuy_formats::certificates::Certificate;
use trybuy_formats::instant::Instant;
use trybuy_tests::company::Company;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::wait;

use crate::licensing::model::rules::License;

/// A gateway in front of a service that is away: who is let in finds nobody there.
pub(super) struct Front {
    pub(super) gateway: Gateway,
    /// The licenses that were presented, each certificate by itself, by when it was issued and its serial number.
    seen: BTreeMap<(Instant, String), License>,
}

impl Front {
    pub(super) fn start(company: &Company, name: &str) -> Result<Self> {
        let options = GatewayOptions { name, service: "http://127.0.0.1:9", version: "1.0.0" };
        let gateway = company.gateway(&options)?;
        Ok(Self { gateway, seen: BTreeMap::new() })
    }

    /// A license was presented. Answers whether its certificate is new.
    pub(super) fn see(&mut self, certificate: &Certificate, license: License) -> bool {
        let serial = certificate.serial().map(|serial| serial.to_string()).unwrap_or_default();
        self.seen.insert((certificate.not_before(), serial), license).is_none()
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
}
