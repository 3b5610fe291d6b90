//! `trybuy-server license-server pack`

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::{OrderId, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use super::{Place, json_line, now, refused, told};
use crate::cli::arguments::license_server::PackCommand;
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::license_server::keys::{LicenseServerCertificates, LicenseServerKeys};
use crate::license_server::license_state::LicenseState;
use crate::license_server::packs::PackInstaller;
use crate::store::{InstalledPack, OrderSaid, Store};

pub(super) fn run(place: &Place, command: PackCommand) -> Result<()> {
    match command {
        PackCommand::Fetch { order } => fetch(place, order),
        PackCommand::Install { file } => {
            // What is larger than a pack is refused as one, with a record of it.
            let file = files::read_start(&file, limits::CERTIFIED_DOCUMENT + 1)?;
            place.with_store(async |store| install(place, store, &file, None).await)
        }
        PackCommand::List { json } => list(place, json),
        PackCommand::Show { pack, json } => show(place, pack, json),
    }
}

fn fetch(place: &Place, order: OrderId) -> Result<()> {
    place.with_store(async |store| {
        let clearinghouse = place.clearinghouse()?;
        let answer = clearinghouse.order(order).await.map_err(refused)?;
        store.keep_order_said(order, &OrderSaid::Answer(answer)).await?;
        let file = clearinghouse.pack(order).await.map_err(refused)?;
        install(place, store, &file, Some(order)).await
    })
}

/// Verifies, decrypts and installs a pack, once (SL Fig. 4, steps 164 to 170).
async fn install(place: &Place, store: &Store, file: &[u8], order: Option<OrderId>) -> Result<()> {
    let LicenseServerKeys { packs: key, issuer, secret } = place.keys()?;
    let certificates = LicenseServerCertificates::load(&place.files, issuer).map_err(refused)?;
    let installer = PackInstaller {
        store,
        secret: &secret,
        authorities: &certificates.authorities,
        license_server: &place.config.id,
        key: &key,
        now: now(),
    };
    let installed = installer.install(file, order).await;
    let marked = place.raise_mark(store, &secret).await;
    let outcome = installed.map_err(refused);
    told(outcome.and_then(|pack| output::print(&said(&pack, installer.now))), marked)
}

/// What is said of a pack that was installed. That its licenses cannot be used yet may be a surprise.
fn said(pack: &LicensePack, now: Instant) -> String {
    let LicensePack { pack_id, quantity, first_active_at, .. } = pack;
    let licenses = counted(u64::from(*quantity), "license", "licenses");
    let begins = if *first_active_at > now {
        format!(", which can be used from {first_active_at} on")
    } else {
        String::new()
    };
    format!("installed {pack_id}: {licenses}{begins}\n")
}

fn list(place: &Place, json: bool) -> Result<()> {
    let packs = place.with_store(async |store| {
        let mut packs: Vec<InstalledPack> = Vec::new();
        loop {
            let page = store.license_packs(packs.last().map(|it| it.pack.pack_id)).await?;
            if page.is_empty() {
                return Ok(packs);
            }
            packs.extend(page);
        }
    })?;
    let now = now();
    let lines = if json {
        json_line(&packs.iter().map(|pack| as_json(pack, now)).collect::<Vec<_>>())?
    } else {
        packs.iter().map(|pack| as_line(pack, now)).collect()
    };
    output::print(&lines)
}

fn show(place: &Place, id: PackId, json: bool) -> Result<()> {
    let pack = place.with_store(async |store| Ok(store.license_pack(id).await?))?;
    let pack = pack.ok_or_else(|| {
        Failure::new(Slug::NotFound, format!("there is no pack {id}"))
            .help("`trybuy-server license-server pack list` shows the ids")
    })?;
    let value = as_json(&pack, now());
    output::print(&if json { json_line(&value)? } else { as_lines(&value) })
}

/// Every field of SL Tables 1 and 3, and how it is with the pack.
fn as_json(installed: &InstalledPack, now: Instant) -> Value {
    let mut value = json!(installed.pack);
    value["assigned"] = installed.assigned.into();
    value["free"] = free(installed, now).into();
    value["state"] = json!(LicenseState::of_free(installed, now));
    value["installed_at"] = json!(installed.installed_at);
    value
}

fn as_line(installed: &InstalledPack, now: Instant) -> String {
    let LicensePack { pack_id, quantity, product, first_active_at, ends_at, .. } = &installed.pack;
    let ends = match ends_at {
        Some(end) if has_ended(installed, now) => format!("ended {end}"),
        Some(end) => format!("ends {end}"),
        None => "ends never".to_owned(),
    };
    let (free, product) = (free(installed, now), output::product_as_words(product));
    format!("{pack_id}  {free} of {quantity} free  {product}  begins {first_active_at}  {ends}\n")
}

/// How many licenses of a pack clients can still get.
fn free(installed: &InstalledPack, now: Instant) -> u32 {
    if has_ended(installed, now) { 0 } else { installed.free() }
}

fn has_ended(installed: &InstalledPack, now: Instant) -> bool {
    LicenseState::of_free(installed, now) == LicenseState::Ended
}

fn as_lines(value: &Value) -> String {
    let fields = value.as_object().into_iter().flatten();
    fields
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}\n"),
            other => format!("{name}: {other}\n"),
        })
        .collect()
}
