//! Licenses for the services behind gateways.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::JsonArguments;
use crate::licensing::door::ListenAddress;

/// What to do with the licenses for services behind gateways.
#[derive(Subcommand)]
pub enum LicenseCommand {
    /// Get the license that the service behind a gateway needs; needs no setup
    Request(GatewayArguments),
    /// List the licenses that this Builder has, and until when
    List(JsonArguments),
    /// Show everything about a license
    Show(ShowLicenseArguments),
    /// Write a license and its private key into a directory, for other programs such as curl
    Export(ExportArguments),
    /// Ask for a license again, or for one of the version that is needed by now, at the gateway that it came
    /// from; for all without LICENSE. At another gateway, use `trybuy license request`
    Renew(RenewLicenseArguments),
    /// Remove a license of this Builder; asks nothing, and leaves this client's key
    Remove(RemoveLicenseArguments),
}

/// Which gateway, and whom it is trusted by.
#[derive(Args, Debug)]
pub struct GatewayArguments {
    /// Address of the gateway, for example `https://service.example.com`
    pub gateway: String,
    /// Certificates in PEM that the gateway's own may be issued under, beside the system's; remembered
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Certificates in PEM of the authority that licenses are issued under, instead of those that the
    /// gateway showed at first; remembered
    #[arg(long, value_name = "FILE")]
    pub authority: Option<PathBuf>,
}

/// Arguments of `connect`.
#[derive(Args, Debug)]
pub struct ConnectArguments {
    /// The gateway
    #[command(flatten)]
    pub gateway: GatewayArguments,
    /// Where programs of this machine connect to: an address such as 127.0.0.1:8080, or unix:PATH, which
    /// only you can open
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: ListenAddress,
}

/// Arguments of `license show`.
#[derive(Args, Debug)]
pub struct ShowLicenseArguments {
    /// License id, or product id where there is one license for it
    pub license: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `license export`.
#[derive(Args, Debug)]
pub struct ExportArguments {
    /// License id, or product id where there is one license for it
    pub license: String,
    /// The directory, in which certificate.pem and key.pem are made
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The format of the files
    #[arg(long, value_enum, default_value_t = ExportFormat::Pem)]
    pub format: ExportFormat,
}

/// How a license is exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ExportFormat {
    /// Certificates and key in PEM (RFC 7468).
    Pem,
}

/// Arguments of `license remove`.
#[derive(Args, Debug)]
pub struct RemoveLicenseArguments {
    /// License id, product id where there is one license for it, or the file of a damaged one
    pub license: String,
}

/// Arguments of `license renew`.
#[derive(Args, Debug)]
pub struct RenewLicenseArguments {
    /// License id, or product id where there is one license for it; all licenses without one
    pub license: Option<String>,
    /// All licenses, as without LICENSE
    #[arg(long, conflicts_with = "license")]
    pub all: bool,
}
