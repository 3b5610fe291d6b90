//! `trybuy license list`: the licenses of the cache, and until when.

use serde::Serialize;
use trybuy_formats::ids::{
    ClientId, Label, LicenseServerId, PackId, PlatformType, ProductId, SeatLicenseId, Version,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::seat_license::SeatLicenseKind;
use trybuy_formats::slug::Slug;

use super::Context;
use crate::client::address::ServerAddress;
use crate::clock;
use crate::error::Error;
use crate::licensing::cache::{Cache, Entry};
use crate::licensing::seat_license::ClientLicense;
use crate::messages::{notices, words};
use crate::output::{self, table::Table};

/// A license, as `trybuy license list --json` shows it: the fields of SL Table 5, and what follows for
/// this client.
#[derive(Serialize)]
pub(super) struct ListedLicense {
    /// Version of the license's structure.
    pub(super) format: u32,
    pub(super) license_id: SeatLicenseId,
    pub(super) client_id: ClientId,
    pub(super) issued_at: Instant,
    pub(super) ends_at: Option<Instant>,
    pub(super) product_id: ProductId,
    pub(super) version: Version,
    pub(super) features: Vec<Label>,
    pub(super) platform_type: PlatformType,
    pub(super) kind: SeatLicenseKind,
    pub(super) pack_id: Option<PackId>,
    pub(super) license_server: LicenseServerId,
    /// The gateway that it came from.
    pub(super) gateway: ServerAddress,
    /// Until when it can be used; null for a license without an end.
    pub(super) usable_until: Option<Instant>,
    /// Days left; null for a license without an end.
    pub(super) days_left: Option<u64>,
    /// `valid` or `refused`.
    pub(super) state: &'static str,
    /// Why it is refused; null otherwise.
    pub(super) reason: Option<Slug>,
}

/// An entry that is damaged.
#[derive(Serialize)]
struct Damaged {
    file: String,
    state: &'static str,
    reason: Slug,
}

/// An entry of the cache.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed {
    License(Box<ListedLicense>),
    Damaged(Damaged),
}

impl ListedLicense {
    pub(super) fn of(license: &ClientLicense, now: Instant) -> Self {
        let fields = license.fields().clone();
        let reason = license.standing().err();
        Self {
            format: fields.format,
            license_id: fields.license_id,
            client_id: fields.client_id,
            issued_at: fields.issued_at,
            ends_at: fields.ends_at,
            product_id: fields.product_id,
            version: fields.version,
            features: fields.features,
            platform_type: fields.platform_type,
            kind: fields.kind,
            pack_id: fields.pack_id,
            license_server: fields.license_server,
            gateway: license.gateway().clone(),
            usable_until: license.usable_until(),
            days_left: license.days_left(now),
            state: words::license_state(reason),
            reason,
        }
    }
}

pub(super) fn list(context: &Context, json: bool) -> Result<(), Error> {
    let now = clock::now();
    let entries = Cache::open(&context.data).entries();
    let listed: Vec<Listed> = entries.into_iter().map(|entry| listed(entry, now)).collect();
    if json {
        return output::print_json(&listed);
    }
    if listed.is_empty() {
        output::notice(notices::NO_LICENSES);
        return Ok(());
    }
    let header = ["LICENSE", "PRODUCT", "VERSION", "FEATURES", "KIND", "STATE", "LEFT", "UNTIL"];
    let mut table = Table::new(&header, 1);
    for entry in listed {
        table.row(row(entry));
    }
    table.print()
}

fn listed(entry: Entry, now: Instant) -> Listed {
    match entry.license {
        Ok(license) => Listed::License(Box::new(ListedLicense::of(&license, now))),
        Err(error) => Listed::Damaged(Damaged {
            file: entry.path.display().to_string(),
            state: words::license_state(Some(error.slug())),
            reason: error.slug(),
        }),
    }
}

fn row(entry: Listed) -> [String; 8] {
    let refused = |reason: Slug| format!("{}: {reason}", words::license_state(Some(reason)));
    match entry {
        Listed::License(license) => [
            license.license_id.to_string(),
            license.product_id.to_string(),
            license.version.to_string(),
            features(&license.features),
            words::license_kind(license.kind).to_owned(),
            license.reason.map_or_else(|| license.state.to_owned(), refused),
            words::license_left(license.days_left, license.reason),
            license.usable_until.map(words::date).unwrap_or_default(),
        ],
        Listed::Damaged(damaged) => {
            let unknown = || "?".to_owned();
            let left = words::license_left(None, Some(damaged.reason));
            let state = refused(damaged.reason);
            [unknown(), damaged.file, unknown(), unknown(), unknown(), state, left, String::new()]
        }
    }
}

/// Features as one word, so that two licenses of a version can be told apart.
fn features(features: &[Label]) -> String {
    let features: Vec<&str> = features.iter().map(Label::as_str).collect();
    if features.is_empty() { "-".to_owned() } else { features.join(",") }
}
