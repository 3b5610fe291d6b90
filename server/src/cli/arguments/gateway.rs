//! Commands and options of `trybuy-server gateway`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trybuy_formats::ids::{Label, ProductId, Version};
use url::Url;

use crate::gateway::Upstream;

#[derive(Subcommand)]
pub(in crate::cli) enum GatewayCommand {
    /// Make a gateway in the data directory; its license server has to answer.
    Init(Box<InitGateway>),
    /// Show the gateway's key, for `trybuy-server license-server gateway add`.
    Key {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Legacy clients, whose licenses the gateway holds.
    #[command(subcommand)]
    Client(ClientCommand),
}

#[derive(Args)]
pub(in crate::cli) struct InitGateway {
    /// The service that it stands in front of: http://HOST:PORT.
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) service: Upstream,
    /// The product that a license is needed for.
    #[arg(long, value_name = "PRODUCT")]
    pub(in crate::cli) product: ProductId,
    /// In this version or a newer one.
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) product_version: Version,
    /// A feature that the license has to enable; may be given several times.
    #[arg(long = "feature", value_name = "FEATURE")]
    pub(in crate::cli) features: Vec<Label>,
    /// The company's license server.
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) license_server: Url,
    /// The certificates of the certifying authority, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) authority: PathBuf,
    /// Make a certificate for TLS, for clients that reach the gateway by this name or address; may be given
    /// several times. Without it, put your own at tls.pem and tls.key.
    #[arg(long = "self-signed", value_name = "HOST")]
    pub(in crate::cli) self_signed: Vec<String>,
}

#[derive(Subcommand)]
pub(in crate::cli) enum ClientCommand {
    /// Add a legacy client and print its token; it is not shown again.
    Add {
        /// What it is called: lower-case letters, digits and dashes.
        name: Label,
    },
    /// List the clients whose licenses the gateway holds.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a client: its token passes no more.
    Remove {
        /// Its name.
        name: Label,
    },
}
