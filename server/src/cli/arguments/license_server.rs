//! What `license-server` and `client-image` take.

mod orders;
mod records;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use trybuy_formats::ids::{
    ClientId, ClientSoftwareId, ImageVendorId, Label, LicenseServerId, Name, Note, OrderId, PackId,
    ProductId, SeatLicenseId, Version,
};
use url::Url;

pub(in crate::cli) use self::orders::{OrderCommand, PlaceOrder};
pub(in crate::cli) use self::records::{ListRecords, RecordsCommand};

#[derive(Subcommand)]
pub(in crate::cli) enum LicenseServerCommand {
    /// Make the license server: keys, certificate requests, database and a configuration file.
    Init {
        /// Its id, which its certificates will name.
        #[arg(long)]
        id: LicenseServerId,
        /// Its name for people; without it, the id.
        #[arg(long, value_name = "NAME")]
        name: Option<Name>,
        /// Where packs are ordered; without it, orders travel as files.
        #[arg(long, value_name = "URL")]
        clearinghouse: Option<Url>,
    },
    /// The license server's certificates.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// What can be ordered.
    #[command(subcommand)]
    Product(ProductCommand),
    /// Orders of license packs.
    #[command(subcommand)]
    Order(OrderCommand),
    /// License packs.
    #[command(subcommand)]
    Pack(PackCommand),
    /// Licenses.
    #[command(subcommand)]
    Licenses(LicensesCommand),
    /// Revoke a license; its seat is free again, and its client gets no other one of the product.
    Revoke(RevokeLicense),
    /// Let a client have licenses again after one was revoked.
    Readmit {
        /// The client's id.
        client: ClientId,
        /// The product's id.
        #[arg(long, value_name = "ID")]
        product: ProductId,
        /// Why, in your words.
        #[arg(long, value_name = "TEXT")]
        reason: Note,
    },
    /// Images of the clients that may ask for licenses.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Gateways that ask for clients which cannot answer a challenge.
    #[command(subcommand)]
    Gateway(GatewayCommand),
    /// Records of what was decided.
    #[command(subcommand)]
    Records(RecordsCommand),
    /// Whether the records are all there.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// After the database was restored from a backup.
    #[command(subcommand)]
    Restored(RestoredCommand),
}

#[derive(Args)]
pub(in crate::cli) struct RevokeLicense {
    /// The license's id.
    pub(in crate::cli) license: SeatLicenseId,
    /// Why, in your words.
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Note,
    /// Whose it is, where two clients have it.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client: Option<ClientId>,
    /// Its client may ask for another one, as when a seat is to be moved.
    #[arg(long)]
    pub(in crate::cli) allow_again: bool,
}

#[derive(Subcommand)]
pub(in crate::cli) enum CertificateCommand {
    /// Put the certificates there that a certifying authority issued for the two requests.
    Install {
        /// The certificate of the license server, to which packs are encrypted, with its chain, in PEM.
        #[arg(long, value_name = "FILE")]
        license_server: PathBuf,
        /// The certificate that licenses are issued under, with its chain, in PEM.
        #[arg(long, value_name = "FILE")]
        issuer: PathBuf,
        /// The certifying authority's certificate, or those of several, in PEM.
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum ProductCommand {
    /// List what the clearinghouse offers, each with the fee of one license, in the smallest unit of the currency.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum PackCommand {
    /// Fetch the pack of an order from the clearinghouse and install it.
    Fetch {
        /// The order's id.
        order: OrderId,
    },
    /// Install a pack that came as a file.
    Install {
        /// The file.
        file: PathBuf,
    },
    /// List the packs that are installed.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a pack.
    Show {
        /// The pack's id.
        pack: PackId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum LicensesCommand {
    /// List licenses that clients have, or that are free.
    List(ListLicenses),
}

#[derive(Args)]
#[command(group(ArgGroup::new("which").args(["pack", "client", "free", "temporary", "barred"])))]
pub(in crate::cli) struct ListLicenses {
    /// Those of a pack.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) pack: Option<PackId>,
    /// Those of a client.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client: Option<ClientId>,
    /// Those that are free.
    #[arg(long)]
    pub(in crate::cli) free: bool,
    /// Temporary ones only.
    #[arg(long)]
    pub(in crate::cli) temporary: bool,
    /// Clients that get none, as one was revoked.
    #[arg(long)]
    pub(in crate::cli) barred: bool,
    /// For a product only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) product: Option<ProductId>,
    /// Print JSON, one license a line.
    #[arg(long)]
    pub(in crate::cli) json: bool,
}

#[derive(Subcommand)]
pub(in crate::cli) enum ImageCommand {
    /// Install the image of a client's release.
    Add {
        /// The image: the client's executable file.
        image: PathBuf,
        /// What its vendor signed for it.
        #[arg(long, value_name = "FILE")]
        statement: PathBuf,
    },
    /// List the images.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove an image: clients of that release get no more licenses.
    Remove {
        /// The client software id.
        software_id: ClientSoftwareId,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum GatewayCommand {
    /// Register a gateway.
    Add(AddGateway),
    /// List the gateways.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Register a gateway no longer.
    Remove {
        /// Its name.
        name: Label,
    },
}

#[derive(Args)]
#[command(group(ArgGroup::new("public_key").args(["key", "key_hex"]).required(true)))]
pub(in crate::cli) struct AddGateway {
    /// What you call it.
    pub(in crate::cli) name: Label,
    /// A file with its public key, in hexadecimal.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: Option<PathBuf>,
    /// Its public key, in hexadecimal.
    #[arg(long, value_name = "KEY")]
    pub(in crate::cli) key_hex: Option<String>,
}

#[derive(Subcommand)]
pub(in crate::cli) enum AuditCommand {
    /// Verify all records; fails if one is not as it was written, or is missing.
    Verify {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum RestoredCommand {
    /// Give out new licenses again: what clients and gateways have reported until now is all there is.
    Accept,
}

#[derive(Subcommand)]
pub(in crate::cli) enum ClientImageCommand {
    /// Make a key to sign with and a request for a certificate, as a vendor of clients.
    Init {
        /// The directory: `signing.key` and `request.pem`.
        directory: PathBuf,
        /// Your vendor number.
        #[arg(long, value_name = "NUMBER")]
        vendor: ImageVendorId,
        /// Your name.
        #[arg(long, value_name = "NAME")]
        name: Name,
    },
    /// Sign the image of a client's release, for those who run license servers.
    Sign(SignImage),
}

#[derive(Args)]
pub(in crate::cli) struct SignImage {
    /// The image: the client's executable file.
    pub(in crate::cli) image: PathBuf,
    /// Its client software id, of your vendor number, for each release another one.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) software_id: ClientSoftwareId,
    /// The client's name.
    #[arg(long)]
    pub(in crate::cli) name: Name,
    /// The client's version.
    #[arg(long)]
    pub(in crate::cli) version: Version,
    /// Your certificate as a vendor of clients, with its chain, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) certificate: PathBuf,
    /// Your key, PKCS#8 in DER.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) key: PathBuf,
    /// The file to write, which must not exist.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: PathBuf,
}
