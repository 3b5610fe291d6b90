//! The license cache 136: the seat licenses of this client, by issuer, product, version and features.
//!
//! What is read is verified as if it had just come. An entry that is damaged is that entry alone: it is
//! asked for again, and costs nothing.
//!
//! A license gives way to one that its license server issued later, or to its user's wish; nothing else removes it
//! while it can be used.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use trybuy_formats::api::{GatewayInfo, LicenseOutcome};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::ClientId;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::signing::ClientKey;
use trybuy_formats::limits;
use trybuy_formats::signed::FORMAT;
use trybuy_formats::slug::Slug;

use super::gateway::Gateway;
use super::seat_license::ClientLicense;
use crate::client::address::ServerAddress;
use crate::clock;
use crate::data_dir::{self, DataDir};
use crate::error::Error;
use crate::{keys, messages};

/// Cap of an entry, in bytes: a file of certificates, whose line breaks take two bytes in JSON.
const ENTRY_CAP: usize = 2 * limits::CERTIFICATE_FILE;

/// The cache, as this client sees it now.
pub struct Cache<'a> {
    data: &'a DataDir,
    client: Option<ClientId>,
    now: Instant,
}

/// An entry of the cache.
pub struct Entry {
    /// Its file, which names issuer, product, version and features.
    pub path: PathBuf,
    /// The license, or why it is damaged.
    pub license: Result<ClientLicense, Error>,
}

/// Why a license does not take the place of one in the cache that can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Objection {
    /// It was issued before: whoever passes answers on can have kept an old one.
    IssuedBefore,
    /// It is not issued under the authority of the other one, but under one that a gateway of its own has shown.
    OtherAuthority,
}

/// The file of a license.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// Version of this structure, 1.
    format: u32,
    /// The gateway that it came from.
    gateway: ServerAddress,
    /// The license and what it was issued under, in PEM.
    certificates: String,
}

impl<'a> Cache<'a> {
    /// The cache at this moment.
    pub fn open(data: &'a DataDir) -> Self {
        Self { data, client: client_id(data), now: clock::now() }
    }

    /// Its entries, in the order of their names.
    pub fn entries(&self) -> Vec<Entry> {
        let folders = |path: &PathBuf| data_dir::entries(path);
        let issuers = data_dir::entries(&self.data.licenses());
        let products = issuers.iter().flat_map(folders);
        let mut files: Vec<PathBuf> = products.flat_map(|product| folders(&product)).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        let entry = |path: PathBuf| Entry { license: self.load(&path), path };
        files.into_iter().map(entry).collect()
    }

    /// The licenses of this client for the service behind a gateway, of the gateway's license server, the best first: one
    /// that serves it now, a permanent one, one of this gateway, the newest, the one that ends last.
    pub fn candidates(&self, gateway: &Gateway, needed: &GatewayInfo) -> Vec<ClientLicense> {
        let licenses = self.entries().into_iter().filter_map(|entry| entry.license.ok());
        let is_candidate = |license: &ClientLicense| {
            license.fields().license_server == needed.license_server
                && license.fields().product_id == needed.product_id
                && self.client == Some(license.fields().client_id)
                && self.is_of_authority(license, gateway)
        };
        let mut candidates: Vec<ClientLicense> = licenses.filter(is_candidate).collect();
        candidates.sort_by_key(|license| {
            Reverse((
                license.serves(needed),
                license.is_permanent(),
                license.gateway() == gateway.address(),
                license.fields().version.clone(),
                license.usable_until().unwrap_or_else(Instant::last),
            ))
        });
        candidates
    }

    /// The license that a user means: the one with this id, or the one for this product; the newest one, where what it
    /// was before its upgrade is there too.
    ///
    /// # Errors
    /// `not-found` when there is none, `usage` when there are several.
    pub fn find(&self, name: &str) -> Result<ClientLicense, Error> {
        let licenses = self.entries().into_iter().filter_map(|entry| entry.license.ok());
        let mut meant: Vec<_> = licenses.filter(|license| is_called(license, name)).collect();
        let newness = |it: &ClientLicense| (it.fields().version.clone(), it.fields().issued_at);
        meant.sort_by_key(|it| (it.standing().is_ok(), newness(it)));
        let Some(best) = meant.pop() else { return Err(messages::no_such_license(name)) };
        let is_one = meant.iter().all(|other| best.was(other));
        is_one.then_some(best).ok_or_else(|| messages::several_licenses(name))
    }

    /// Removes the license that a user means as in [`Self::find`], with what it was before its upgrade, or a damaged entry
    /// by its file. The caller holds the lock of the cache. Answers what was removed.
    ///
    /// # Errors
    /// As [`Self::find`], and `local-file`.
    pub fn remove(&self, name: &str) -> Result<Entry, Error> {
        let is_damaged = |it: &Entry| it.license.is_err() && it.path == Path::new(name);
        if let Some(damaged) = self.entries().into_iter().find(is_damaged) {
            data_dir::remove(&damaged.path)?;
            return Ok(damaged);
        }
        let license = self.find(name)?;
        let is_meant = |it: &Entry| it.license.as_ref().is_ok_and(|it| license.was(it));
        for entry in self.entries().into_iter().filter(is_meant) {
            data_dir::remove(&entry.path)?;
        }
        Ok(Entry { path: self.file_of(&license), license: Ok(license) })
    }

    /// The license whose place this one would take and must not, and why.
    pub fn objection(&self, license: &ClientLicense) -> Option<(ClientLicense, Objection)> {
        let path = self.file_of(license);
        self.entries().into_iter().find_map(|entry| {
            let old = entry.license.ok().filter(|old| entry.path == path || license.was(old))?;
            self.objects(&old, license).map(|objection| (old, objection))
        })
    }

    /// What this license was until its upgrade ended, which is told of once: it is removed. Of several the last to end is
    /// answered.
    ///
    /// # Errors
    /// `local-file`.
    pub fn take_ended_upgrade(
        &self,
        license: &ClientLicense,
    ) -> Result<Option<ClientLicense>, Error> {
        let mut ended = Vec::new();
        for entry in self.entries() {
            let Ok(old) = entry.license else { continue };
            let has_ended = old.standing() == Err(Slug::LicenseExpired);
            if has_ended && license.was(&old) && !license.covers(&old) {
                data_dir::remove(&entry.path)?;
                ended.push(old);
            }
        }
        Ok(ended.into_iter().max_by_key(ClientLicense::usable_until))
    }

    /// Stores a license that there is no objection to. A permanent one takes the place of the temporary ones that it
    /// covers, one that was upgraded that of the older ones that it covers, and each that of what it was; where these end
    /// no later. The license from before an upgrade that ends sooner is what there is afterwards.
    ///
    /// # Errors
    /// `local-file`.
    pub fn put(&self, license: &ClientLicense, outcome: LicenseOutcome) -> Result<(), Error> {
        let path = self.file_of(license);
        let record = Record {
            format: FORMAT,
            gateway: license.gateway().clone(),
            certificates: license.chain().to_pem(),
        };
        let json = serde_json::to_vec(&record).expect("a plain structure");
        data_dir::replace(&path, &json)?;
        let is_replaced = |old: &ClientLicense| {
            let is_of_kind = !old.is_permanent() || outcome == LicenseOutcome::Upgraded;
            let is_in_place = license.was(old) || is_of_kind && license.covers(old);
            is_in_place && license.lasts_as_long_as(old) && self.objects(old, license).is_none()
        };
        for entry in self.entries().into_iter().filter(|_| license.is_permanent()) {
            let is_beside = entry.path != path && entry.path.parent() == path.parent();
            if is_beside && entry.license.as_ref().is_ok_and(is_replaced) {
                data_dir::remove(&entry.path)?;
            }
        }
        Ok(())
    }

    /// Removes what killed processes left behind. The caller holds the lock of the cache.
    pub fn remove_leftovers(&self) {
        for issuer in data_dir::entries(&self.data.licenses()) {
            for product in data_dir::entries(&issuer) {
                data_dir::remove_leftovers(&product);
            }
        }
    }

    fn file_of(&self, license: &ClientLicense) -> PathBuf {
        let fields = license.fields();
        self.data.seat_license_file(fields)
    }

    fn load(&self, path: &Path) -> Result<ClientLicense, Error> {
        let damaged = || messages::cached_license_damaged(path);
        let bytes = data_dir::read(path, ENTRY_CAP)?.ok_or_else(damaged)?;
        let record: Record = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let chain = CertificateChain::from_pem(&record.certificates)
            .map_err(|error| damaged().caused_by(error))?;
        let gateway = Gateway::load(self.data, &record.gateway)?.ok_or_else(damaged)?;
        let license = ClientLicense::verify(chain, &gateway, self.client, self.now)
            .map_err(|error| damaged().caused_by(error))?;
        let is_in_place = record.format == FORMAT && self.file_of(&license) == path;
        is_in_place.then_some(license).ok_or_else(damaged)
    }

    /// Why a license of the cache does not give way to another one. What is dated ahead of the clock, as that of the license
    /// server may have been, is issued again with an earlier date.
    fn objects(&self, old: &ClientLicense, license: &ClientLicense) -> Option<Objection> {
        if old.standing().is_err() {
            return None;
        }
        let its_gateway = Gateway::load(self.data, old.gateway()).ok().flatten();
        if !its_gateway.is_some_and(|gateway| self.is_of_authority(license, &gateway)) {
            return Some(Objection::OtherAuthority);
        }
        let issued_at = old.fields().issued_at;
        let is_earlier = license.fields().issued_at < issued_at && issued_at <= self.now;
        is_earlier.then_some(Objection::IssuedBefore)
    }

    /// Whether a license is issued under the authority of a gateway, which may be another one than it came
    /// from.
    fn is_of_authority(&self, license: &ClientLicense, gateway: &Gateway) -> bool {
        let verify =
            || ClientLicense::verify(license.chain().clone(), gateway, self.client, self.now);
        license.gateway() == gateway.address() || verify().is_ok()
    }
}

fn is_called(license: &ClientLicense, name: &str) -> bool {
    let fields = license.fields();
    fields.license_id.to_string() == name || fields.product_id.as_str() == name
}

/// Who this client is; nobody without a key.
fn client_id(data: &DataDir) -> Option<ClientId> {
    let key = keys::load_seat_key(data).ok()?;
    ClientKey::from_spki(key.spki()).ok().map(|client| client.client_id())
}
