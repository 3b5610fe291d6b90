//! What `clearinghouse` takes.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use trybuy_formats::ids::{
    ClearinghouseId, Currency, Label, LicenseServerId, Name, OrderId, PaymentReference,
    PlatformType, ProductId, Version,
};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::pack::HumanDescription;
use trybuy_formats::limits;

#[derive(Subcommand)]
pub(in crate::cli) enum ClearinghouseCommand {
    /// Make the clearinghouse: key, certificate request, database and a configuration file.
    Init {
        /// Its id, which its certificate will name.
        #[arg(long)]
        id: ClearinghouseId,
        /// Its name for people; without it, the id.
        #[arg(long, value_name = "NAME")]
        name: Option<Name>,
    },
    /// The clearinghouse's certificate.
    #[command(subcommand)]
    Certificate(CertificateCommand),
    /// What can be ordered.
    #[command(subcommand)]
    Product(ProductCommand),
    /// Orders of license servers.
    #[command(subcommand)]
    Order(OrderCommand),
    /// Fees.
    #[command(subcommand)]
    Fee(FeeCommand),
    /// License packs that were issued.
    #[command(subcommand)]
    Pack(PackCommand),
}

#[derive(Subcommand)]
pub(in crate::cli) enum CertificateCommand {
    /// Put the certificate there that a certifying authority issued for `request.pem`.
    Install {
        /// The certificate, and those it was issued under up to the authority's, in PEM.
        #[arg(value_name = "FILE")]
        certificate: PathBuf,
        /// The certifying authority's certificate, or those of several, in PEM.
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum ProductCommand {
    /// Offer a product.
    Add(Box<AddProduct>),
    /// List what is and was offered.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take no more orders of a product.
    Withdraw(ProductArguments),
}

/// What a product is known by.
#[derive(Args)]
pub(in crate::cli) struct ProductArguments {
    /// The product's id, such as com.example.office.
    #[arg(long = "product", value_name = "ID")]
    pub(in crate::cli) product_id: ProductId,
    /// Its version.
    #[arg(long)]
    pub(in crate::cli) version: Version,
    /// For which clients: windows, non-windows, legacy or direct-connect.
    #[arg(long, value_name = "TYPE")]
    pub(in crate::cli) platform_type: PlatformType,
    /// Upgrade licenses: they replace licenses of this version or a newer one.
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) upgrade_from: Option<Version>,
}

#[derive(Args)]
pub(in crate::cli) struct AddProduct {
    #[command(flatten)]
    pub(in crate::cli) product: ProductArguments,
    /// A feature that a license can enable; once for each.
    #[arg(long = "feature", value_name = "FEATURE")]
    pub(in crate::cli) features: Vec<Label>,
    /// The code of its family.
    #[arg(long)]
    pub(in crate::cli) family: Label,
    /// Who makes it.
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) manufacturer: Name,
    /// The fee of one license, in the smallest unit of the currency.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=limits::LICENSE_FEE))]
    pub(in crate::cli) fee: u64,
    /// The currency, such as EUR.
    #[arg(long)]
    pub(in crate::cli) currency: Currency,
    /// What it is, in the words of a language, such as `en=Office for one user`; once for each.
    #[arg(long = "description", value_name = "LOCALE=TEXT", required = true, value_parser = description)]
    pub(in crate::cli) descriptions: Vec<HumanDescription>,
    /// How long licenses last from their first active date, such as 365d; for ever without it.
    #[arg(long, value_name = "DURATION", value_parser = length)]
    pub(in crate::cli) valid_for: Option<Span>,
}

#[derive(Subcommand)]
pub(in crate::cli) enum OrderCommand {
    /// List orders.
    List {
        /// Those of one license server.
        #[arg(long, value_name = "ID")]
        license_server: Option<LicenseServerId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show an order and its payments.
    Show {
        /// The order's id.
        order: OrderId,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take an order that came as a file; prints its id.
    Import {
        /// The file that a license server wrote.
        file: PathBuf,
        #[command(flatten)]
        dates: DateArguments,
    },
    /// Enter an order that came on paper or by telephone; prints its id.
    Enter(Box<EnterOrder>),
    /// Cancel an order whose pack was not issued.
    Cancel {
        /// The order's id.
        order: OrderId,
    },
}

#[derive(Args)]
pub(in crate::cli) struct EnterOrder {
    /// The license server's certificate, and those it was issued under, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) license_server_certificate: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) product: ProductArguments,
    /// A feature that the licenses enable; once for each.
    #[arg(long = "feature", value_name = "FEATURE")]
    pub(in crate::cli) features: Vec<Label>,
    /// How many licenses.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::PACK_QUANTITY)))]
    pub(in crate::cli) quantity: u32,
    #[command(flatten)]
    pub(in crate::cli) dates: DateArguments,
}

/// The dates of a pack, where they are agreed on.
#[derive(Args)]
pub(in crate::cli) struct DateArguments {
    /// From when on the licenses can be used; without it, from their issue on.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(in crate::cli) first_active: Option<Instant>,
    /// When they end, such as 2030-01-01; without it, as the product says.
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(in crate::cli) ends: Option<Instant>,
}

#[derive(Subcommand)]
pub(in crate::cli) enum FeeCommand {
    /// Record a payment; with the whole fee, the pack is issued.
    Record {
        /// The id of the order that it is for.
        order: OrderId,
        /// How much, in the smallest unit of the currency.
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=limits::INTEGER))]
        amount: u64,
        /// The currency.
        #[arg(long)]
        currency: Currency,
        /// What the payment is known by; for one order the same one counts once.
        #[arg(long, value_name = "TEXT")]
        reference: PaymentReference,
    },
}

#[derive(Subcommand)]
pub(in crate::cli) enum PackCommand {
    /// List the packs that were issued.
    List {
        /// Those of one license server.
        #[arg(long, value_name = "ID")]
        license_server: Option<LicenseServerId>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a pack.
    Show {
        /// The id of the pack or of its order.
        #[arg(value_name = "PACK|ORDER")]
        id: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the file of a pack, the same bytes each time.
    Export {
        /// The id of the pack or of its order.
        #[arg(value_name = "PACK|ORDER")]
        id: String,
        /// The file, which must not exist.
        file: PathBuf,
    },
}

fn description(text: &str) -> Result<HumanDescription, String> {
    let (locale, text) = text.split_once('=').ok_or("not LOCALE=TEXT")?;
    Ok(HumanDescription {
        locale: locale.parse().map_err(|wrong| format!("{wrong}"))?,
        text: text.parse().map_err(|wrong| format!("{wrong}"))?,
    })
}

fn length(text: &str) -> Result<Span, String> {
    let span: Span = text.parse().map_err(|wrong| format!("{wrong}"))?;
    if span.as_seconds() == 0 { Err("it is at least 1s".to_owned()) } else { Ok(span) }
}

/// The beginning of a day in UTC, or an instant.
fn date(text: &str) -> Result<Instant, String> {
    let wrong = || "not a date such as 2030-01-01, nor an instant such as 2030-01-01T12:00:00Z";
    let day = || {
        let day = text.parse::<NaiveDate>().ok()?;
        Instant::try_from(day.and_time(chrono::NaiveTime::MIN).and_utc()).ok()
    };
    text.parse().ok().or_else(day).ok_or_else(|| wrong().to_owned())
}
