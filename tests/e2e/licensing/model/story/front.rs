//! A gateway, and what it has seen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use trybuy_tests::company::Company;
use trybuy_tests::company::gateway::{Gateway, GatewayOptions};
use trybuy_tests::wait;

use crate::licensing::model::rules::License;

/// A gateway in front of a service that is away: who is let in finds nobody there.
pub(super) struct Front {
    pub(super) gateway: Gateway,
    /// Of each license the certificate that came last, by the license's id.
    seen: BTreeMap<String, License>,
    certificates: BTreeSet<u32>,
}

impl Front {
    pub(super) fn start(company: &Company, name: &str) -> Result<Self> {
        let options = GatewayOptions { name, service: "http://127.0.0.1:9", version: "1.0.0" };
        let gateway = company.gateway(&options)?;
        Ok(Self { gateway, seen: BTreeMap::new(), certificates: BTreeSet::new() })
    }

    /// A license was presented. Answers whether its certificate is new.
    pub(super) fn see(&mut self, id: String, license: License) -> bool {
        let is_new = self.certificates.insert(license.number);
        if is_new {
            self.seen.insert(id, license);
        }
        is_new
    }

    /// The licenses in the order in which it tells them.
    pub(super) fn seen(&self) -> Vec<License> {
        self.seen.values().copied().collect()
    }

    /// Waits until it has heard of so many records.
    pub(super) fn wait_for(&self, records: usize) -> Result<()> {
        wait::until("a gateway that has heard of all records", || {
            Ok(self.gateway.records()? == Some(records as u64))
        })
    }
}
