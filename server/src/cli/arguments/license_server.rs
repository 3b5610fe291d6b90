//! What `license-server` and `client-image` take.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use trybuy_formats::ids::{
    ClientId, ClientSoftwareId, ImageVendorId, Label, LicenseServerId, Name, Note, OrderId, PackId,
    PlatformType, ProductId, SeatLicenseId, Version,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::{LicenseType, Product, in_order};
use trybuy_formats::limits;
use url::Url;

use crate::store::{DecisionOutcome, DecisionReason};

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
pub(in crate::cli) enum OrderCommand {
    /// Order licenses; prints the order's id. Sent to the clearinghouse, or written to a file.
    Place(PlaceOrder),
    /// Send an order that is kept here; where the clearinghouse has it already, nothing changes.
    Send {
        /// The order's id.
        order: OrderId,
    },
    /// Write the file of an order.
    Export {
        /// The order's id.
        order: OrderId,
        /// The file, which must not exist.
        file: PathBuf,
    },
    /// Ask the clearinghouse how it is with an order, also with one that was entered there.
    Show {
        /// The order's id.
        order: OrderId,
        /// Ask nobody; show what is known.
        #[arg(long)]
        offline: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List orders, but for those that were refused or cancelled.
    List {
        /// Those too.
        #[arg(long)]
        all: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(in crate::cli) struct PlaceOrder {
    /// The product's id, such as com.example.office.
    #[arg(long, value_name = "ID")]
    product: ProductId,
    /// Its version.
    #[arg(long)]
    version: Version,
    /// For which clients: windows, non-windows, legacy or direct-connect.
    #[arg(long, value_name = "TYPE")]
    platform_type: PlatformType,
    /// Upgrade licenses: they replace licenses of this version or a newer one.
    #[arg(long, value_name = "VERSION")]
    upgrade_from: Option<Version>,
    /// A feature that the licenses enable; once for each.
    #[arg(long = "feature", value_name = "FEATURE")]
    features: Vec<Label>,
    /// How many licenses.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::PACK_QUANTITY)))]
    pub(in crate::cli) quantity: u32,
    /// Write the order to this file, which must not exist, and send it nowhere.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}

impl PlaceOrder {
    /// What is ordered, with its features in order and each once.
    pub(in crate::cli) fn product(&self) -> Product {
        let from = self.upgrade_from.clone();
        Product {
            product_id: self.product.clone(),
            version: self.version.clone(),
            license_type: from.map_or(LicenseType::Full, |from| LicenseType::Upgrade { from }),
            platform_type: self.platform_type,
            features: in_order(self.features.clone()),
        }
    }
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
pub(in crate::cli) enum RecordsCommand {
    /// List records.
    List(ListRecords),
    /// Write all records to a file, one in JSON a line, with their authentication.
    Export {
        /// The file, which must not exist.
        file: PathBuf,
    },
}

#[derive(Args)]
pub(in crate::cli) struct ListRecords {
    /// Of a client only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) client: Option<ClientId>,
    /// With an outcome only, such as granted or refused.
    #[arg(long, value_parser = outcome)]
    pub(in crate::cli) outcome: Option<DecisionOutcome>,
    /// With a reason only, such as no-free-license or pack-forged.
    #[arg(long, value_parser = reason)]
    pub(in crate::cli) reason: Option<DecisionReason>,
    /// About a product only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) product: Option<ProductId>,
    /// About a pack only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) pack: Option<PackId>,
    /// About a license only.
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) license: Option<SeatLicenseId>,
    /// From an instant on, such as 2030-01-01T12:00:00Z.
    #[arg(long, value_name = "INSTANT")]
    pub(in crate::cli) since: Option<Instant>,
    /// Before an instant.
    #[arg(long, value_name = "INSTANT")]
    pub(in crate::cli) until: Option<Instant>,
    /// Print JSON, one record a line.
    #[arg(long, conflicts_with = "csv")]
    pub(in crate::cli) json: bool,
    /// Print comma-separated values.
    #[arg(long)]
    pub(in crate::cli) csv: bool,
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

fn outcome(text: &str) -> Result<DecisionOutcome, String> {
    serde_json::from_value(text.into()).map_err(|_| {
        "not an outcome: granted, reissued, upgraded, temporary, temporary-again, refused, \
         pack-installed, pack-refused, revoked, readmitted, adopted, seat-granted-twice, restored or restored-accepted"
            .to_owned()
    })
}

fn reason(text: &str) -> Result<DecisionReason, String> {
    serde_json::from_value(text.into()).map_err(|_| {
        "not a reason: client-image-unknown, challenge-wrong, challenge-late, challenge-repeated, \
         challenge-foreign, license-foreign, no-upgrade, client-barred, no-free-license, temporary-ended, \
         temporary-revoked, license-server-restored, fewer-records, other-records, pack-unknown, \
         pack-unreadable, pack-forged, clearinghouse-unknown, pack-foreign, pack-ended or pack-installed"
            .to_owned()
    })
}
