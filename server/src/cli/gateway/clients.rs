//! `trybuy-server gateway client`

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::ids::{Digest, Label, PlatformType};
use trybuy_formats::primitives::{random, sha256};
use trybuy_formats::slug::Slug;
use zeroize::Zeroizing;

use super::files::Files;
use super::listed_client::{Known, ListedClient};
use crate::cli::arguments::Database;
use crate::cli::failure::Failure;
use crate::cli::{open, output};
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::DataDir;
use crate::gateway::access::{USER, new_client};
use crate::gateway::{GatewayConfig, ROLE};
use crate::store::Store;

/// Adds a legacy client and prints its token, and nothing else, on standard output.
pub(super) fn add(data_dir: &DataDir, database: Database, name: &Label) -> Result<()> {
    if name.as_str().starts_with(USER) {
        let what = format!("names that begin with `{USER}` are those of direct-connect clients");
        return Err(Failure::new(Slug::Usage, what).help("choose another name").into());
    }
    let mut secret = Zeroizing::new([0; 32]);
    random(secret.as_mut_slice());
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(secret));
    let digest = Digest::from_bytes(sha256(token.as_bytes()));
    let now = SystemClock.now();
    let client = new_client(name.clone(), PlatformType::Legacy, Some(digest), now)
        .map_err(|error| anyhow::anyhow!("{}", error.into_problem().title))?;
    let added = with_store(data_dir, database, async |store| {
        Ok(store.add_gateway_client(&client).await?)
    })?;
    if !added {
        let what = format!("there is a client {name} already");
        return Err(Failure::new(Slug::Usage, what).help("choose another name").into());
    }
    eprintln!("legacy client {name}: its token is not shown again");
    output::print_to_a_reader(&format!("{}\n", *token)).map_err(|error| {
        let what = format!("the token could not be printed and is lost: {error}");
        let help = format!("run `trybuy-server gateway client remove {name}`, and add it again");
        Failure::new(Slug::LocalFile, what).help(help).into()
    })
}

/// Lists the clients whose licenses the gateway holds.
pub(super) fn list(data_dir: &DataDir, database: Database, json: bool) -> Result<()> {
    let clients =
        with_store(data_dir, database, async |store| Ok(store.gateway_clients().await?))?;
    let directory = data_dir.role(ROLE);
    let files = Files(&directory);
    let known = Known {
        authorities: files.authorities()?,
        revocations: files.revocations()?,
        now: SystemClock.now(),
    };
    let clients = clients.into_iter().map(|client| ListedClient::of(client, &known));
    let lines = if json {
        format!("{}\n", serde_json::to_string(&clients.collect::<Vec<_>>())?)
    } else {
        clients.map(|client| format!("{client}\n")).collect()
    };
    output::print(&lines)
}

/// Removes a client.
pub(super) fn remove(data_dir: &DataDir, database: Database, name: &Label) -> Result<()> {
    let removed = with_store(data_dir, database, async |store| {
        Ok(store.remove_gateway_client(name).await?)
    })?;
    if !removed {
        let what = format!("there is no client {name}");
        let help = "see `trybuy-server gateway client list`";
        return Err(Failure::new(Slug::NotFound, what).help(help).into());
    }
    output::print(&format!(
        "removed {name}; a gateway that runs refuses it after its next look at the license server, and its license \
         stays assigned until it is revoked\n"
    ))
}

fn with_store<T>(
    data_dir: &DataDir,
    database: Database,
    run: impl AsyncFnOnce(&Store) -> Result<T>,
) -> Result<T> {
    let config = GatewayConfig::load(data_dir, database.into())?;
    open::runtime()?.block_on(async {
        let store = open::store(&config.database).await?;
        let done = run(&store).await;
        store.close().await;
        done
    })
}
