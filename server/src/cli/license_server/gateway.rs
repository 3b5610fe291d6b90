//! `trybuy-server license-server gateway`

use anyhow::Result;
use serde_json::json;
use trybuy_formats::ids::Digest;
use trybuy_formats::keys::key_id;
use trybuy_formats::slug::Slug;

use super::{Place, json_line, now};
use crate::cli::arguments::license_server::{AddGateway, GatewayCommand};
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::store::LicenseGateway;

/// The largest file with a key, in bytes.
const KEY_FILE: usize = 1024;

pub(super) fn run(place: &Place, command: GatewayCommand) -> Result<()> {
    match command {
        GatewayCommand::Add(gateway) => add(place, gateway),
        GatewayCommand::List { json } => list(place, json),
        GatewayCommand::Remove { name } => {
            let gone = place.with_store(async |s| Ok(s.remove_license_gateway(&name).await?))?;
            if gone { Ok(()) } else { Err(not_found(name.as_str()).into()) }
        }
    }
}

fn add(place: &Place, gateway: AddGateway) -> Result<()> {
    let AddGateway { name, key, key_hex } = gateway;
    let text = match key {
        Some(file) => files::read_text(&file, KEY_FILE)?,
        None => key_hex.unwrap_or_default(),
    };
    // 32 bytes in hexadecimal are read as a digest is.
    let key: Digest = text.trim().parse().map_err(|_| {
        Failure::new(Slug::Usage, "not the public key of a gateway: 64 hexadecimal digits")
            .help("`trybuy-server gateway key` prints it")
    })?;
    let public_key = *key.as_bytes();
    let new = LicenseGateway { name, key_id: key_id(&public_key), public_key, added_at: now() };
    if place.with_store(async |store| Ok(store.add_license_gateway(&new).await?))? {
        return output::print(&format!("registered {}, key id {}\n", new.name, new.key_id));
    }
    let what = format!("a gateway {}, or one with that key, is registered already", new.name);
    Err(Failure::new(Slug::Usage, what).help("remove that one first, or give another name").into())
}

fn list(place: &Place, json: bool) -> Result<()> {
    let gateways = place.with_store(async |store| Ok(store.license_gateways().await?))?;
    let lines = if json {
        let as_json = |gateway: &LicenseGateway| {
            json!({
                "name": gateway.name,
                "key_id": gateway.key_id,
                "public_key": Digest::from_bytes(gateway.public_key),
                "added_at": gateway.added_at,
            })
        };
        json_line(&gateways.iter().map(as_json).collect::<Vec<_>>())?
    } else {
        let as_line =
            |it: &LicenseGateway| format!("{}  {}  {}\n", it.name, it.key_id, it.added_at);
        gateways.iter().map(as_line).collect()
    };
    output::print(&lines)
}

fn not_found(name: &str) -> Failure {
    Failure::new(Slug::NotFound, format!("there is no gateway {name}"))
        .help("`trybuy-server license-server gateway list` shows the names")
}
