//! Orders of a license server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trybuy_formats::ids::{Label, OrderId, PlatformType, ProductId, Version};
use trybuy_formats::licensing::product::{LicenseType, Product, in_order};
use trybuy_formats::limits;

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
