//! `trybuy-server token`

use anyhow::Result;
use trybuy_formats::ids::Name;
use trybuy_formats::slug::Slug;

use super::arguments::{CreateToken, Database, TokenRole};
use super::failure::Failure;
use super::open;
use crate::auth::VendorToken;
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::store::{NewVendorToken, Store, TokenId};

/// The longest label.
const LABEL: usize = 200;

/// Makes a token and prints it, and nothing else, on standard output.
pub(super) fn create(data_dir: &DataDir, database: Database, options: CreateToken) -> Result<()> {
    let CreateToken { role: TokenRole::Vendor, name, label } = options;
    let vendor: Name = name.parse().map_err(|wrong| {
        Failure::new(Slug::Usage, format!("`--name {name}` is {wrong}")).help("name the vendor")
    })?;
    if label.chars().count() > LABEL || label.contains(char::is_control) {
        let what = "a label has at most 200 characters and no control characters";
        return Err(Failure::new(Slug::Usage, what).into());
    }
    let token = VendorToken::generate();
    let created_at = SystemClock.now();
    let new = NewVendorToken { vendor, label, hash: token.hash(), created_at };
    let (id, _) =
        with_store(data_dir, database, async |store| Ok(store.create_vendor_token(&new).await?))?;
    eprintln!("token {id} of {}: it is not shown again", new.vendor);
    println!("{}", token.reveal());
    Ok(())
}

/// Makes a token invalid.
pub(super) fn revoke(data_dir: &DataDir, database: Database, id: &str) -> Result<()> {
    let unknown = || {
        Failure::new(Slug::NotFound, format!("there is no valid token {id}"))
            .help("`token create` said the id of each token on standard error")
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
        let store = open::store(&config).await?;
        let outcome = work(&store).await;
        store.close().await;
        outcome
    })
}
