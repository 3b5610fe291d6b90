//! `trybuy-server token`

use anyhow::Result;
use trybuy_formats::ids::{Name, is_line_break_or_control};
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use super::arguments::{CreateToken, Database, TokenRole};
use super::failure::Failure;
use super::{open, output};
use crate::auth::VendorToken;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::store::{NewVendorToken, Store, TokenId, VendorTokenRecord};

/// The longest label.
const LABEL: usize = 200;

/// Makes a token and prints it, and nothing else, on standard output.
pub(super) fn create(data_dir: &DataDir, database: Database, options: CreateToken) -> Result<()> {
    let CreateToken { role: TokenRole::Vendor, name, label } = options;
    let vendor: Name = name.parse().map_err(|wrong| {
        Failure::new(Slug::Usage, format!("`--name {name}` is {wrong}")).help("name the vendor")
    })?;
    if label.chars().count() > LABEL || label.contains(is_line_break_or_control) {
        let what = "a label has at most 200 characters and no control characters";
        return Err(Failure::new(Slug::Usage, what).into());
    }
    let token = VendorToken::generate();
    let created_at = SystemClock.now();
    let new = NewVendorToken { vendor, label, hash: token.hash(), created_at };
    let (id, others) = with_store(data_dir, database, async |store| {
        let (id, vendor) = store.create_vendor_token(&new).await?;
        let tokens = store.vendor_tokens().await?;
        let others = tokens.iter().filter(|token| {
            token.vendor == vendor.name && token.revoked_at.is_none() && token.id != id
        });
        Ok((id, others.count()))
    })?;
    eprintln!("token {id} of {}: it is not shown again", new.vendor);
    if others > 0 {
        eprintln!(
            "note: {} has {}: see `trybuy-server token list`",
            new.vendor,
            counted(others as u64, "other valid token", "other valid tokens")
        );
    }
    output::print_to_a_reader(&format!("{}\n", token.reveal())).map_err(|error| {
        let what = format!("the token could not be printed and is lost: {error}");
        let help = format!("run `trybuy-server token revoke {id}`, and create another one");
        Failure::new(Slug::LocalFile, what).help(help).into()
    })
}

/// Lists all tokens: one line each, or JSON.
pub(super) fn list(data_dir: &DataDir, database: Database, json: bool) -> Result<()> {
    let tokens = with_store(data_dir, database, async |store| Ok(store.vendor_tokens().await?))?;
    let lines = if json {
        let listed: Vec<_> = tokens.iter().map(as_json).collect();
        format!("{}\n", serde_json::Value::from(listed))
    } else {
        tokens.iter().map(|token| as_line(token) + "\n").collect()
    };
    output::print(&lines)
}

fn as_json(token: &VendorTokenRecord) -> serde_json::Value {
    serde_json::json!({
        "id": token.id.to_string(),
        "role": "vendor",
        "name": token.vendor,
        "label": token.label,
        "created_at": token.created_at,
        "revoked_at": token.revoked_at,
    })
}

fn as_line(token: &VendorTokenRecord) -> String {
    let VendorTokenRecord { id, vendor, label, created_at, revoked_at } = token;
    let state = revoked_at.map_or_else(|| "valid".to_owned(), |at| format!("revoked {at}"));
    format!("{id}  vendor  {vendor}  {created_at}  {state}  {label}").trim_end().to_owned()
}

/// Makes a token invalid.
pub(super) fn revoke(data_dir: &DataDir, database: Database, id: &str) -> Result<()> {
    let unknown = || {
        Failure::new(Slug::NotFound, format!("there is no valid token {id}"))
            .help("`trybuy-server token list` shows the ids")
    };
    let id: TokenId = id.parse().map_err(|_| unknown())?;
    let now = SystemClock.now();
    let revoked = with_store(data_dir, database, async |store| {
        Ok(store.revoke_vendor_token(id, now).await?)
    })?;
    if revoked { Ok(()) } else { Err(unknown().into()) }
}

fn with_store<T>(
    data_dir: &DataDir,
    database: Database,
    work: impl AsyncFnOnce(&Store) -> Result<T>,
) -> Result<T> {
    let config = Config::load(data_dir, database.into())?;
    open::runtime()?.block_on(async {
        let store = open::store(&config.database).await?;
        let outcome = work(&store).await;
        store.close().await;
        outcome
    })
}
