//! `trybuy-server clearinghouse product`

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::Label;
use trybuy_formats::licensing::product::{LicenseType, Product, in_order};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use super::{Place, now};
use crate::cli::arguments::{AddProduct, ProductArguments, ProductCommand};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::store::{OfferAdded, OfferKey, OfferRecord};

pub(super) fn run(place: &Place, command: ProductCommand) -> Result<()> {
    match command {
        ProductCommand::Add(product) => add(place, *product),
        ProductCommand::List { json } => list(place, json),
        ProductCommand::Withdraw(product) => withdraw(place, product),
    }
}

fn add(place: &Place, options: AddProduct) -> Result<()> {
    let mut descriptions = options.descriptions;
    descriptions.sort_by(|one, next| one.locale.cmp(&next.locale));
    let is_sorted = descriptions.is_sorted_by(|one, next| one.locale < next.locale);
    if !is_sorted || descriptions.len() > limits::DESCRIPTIONS {
        let what = format!("at most {} descriptions, each of another locale", limits::DESCRIPTIONS);
        return Err(Failure::new(Slug::Usage, what).help("give each locale once").into());
    }
    let offer = OfferRecord {
        product: options.product.with_features(options.features)?,
        family: options.family,
        manufacturer: options.manufacturer,
        descriptions,
        fee: options.fee,
        currency: options.currency,
        valid_for: options.valid_for,
        added_at: now(),
        withdrawn_at: None,
    };
    let added = place.with_store(async |store| Ok(store.add_offer(&offer).await?))?;
    match added {
        OfferAdded::Done => output::print(&format!("offered: {}\n", as_line(&offer))),
        OfferAdded::Exists => {
            let what = "the product is offered already, with one fee for all features";
            Err(Failure::new(Slug::OrderRefused, what)
                .help(
                    "to change its fee or features, withdraw it and add it anew; orders that were placed keep \
                     their fees",
                )
                .into())
        }
    }
}

fn list(place: &Place, json: bool) -> Result<()> {
    let offers = place.with_store(async |store| Ok(store.offers().await?))?;
    let lines = if json {
        let listed: Vec<Value> = offers.iter().map(as_json).collect();
        format!("{}\n", Value::from(listed))
    } else {
        offers.iter().map(|offer| as_line(offer) + "\n").collect()
    };
    output::print(&lines)
}

fn withdraw(place: &Place, product: ProductArguments) -> Result<()> {
    let key = OfferKey::of(&product.with_features(Vec::new())?);
    let withdrawn =
        place.with_store(async |store| Ok(store.withdraw_offer(&key, now()).await?))?;
    if withdrawn {
        return output::print("withdrawn: orders that were placed stay\n");
    }
    Err(Failure::new(Slug::NotFound, "this product is not offered")
        .help("`trybuy-server clearinghouse product list` shows what is")
        .into())
}

impl ProductArguments {
    /// The product with these features.
    pub(super) fn with_features(self, features: Vec<Label>) -> Result<Product> {
        let features = in_order(features);
        if features.len() > limits::FEATURES {
            let what = format!("a license has at most {} features", limits::FEATURES);
            return Err(Failure::new(Slug::Usage, what).help("name fewer").into());
        }
        let license_type = match self.upgrade_from {
            None => LicenseType::Full,
            Some(from) if from.precedes(&self.version) => LicenseType::Upgrade { from },
            Some(from) => {
                let what = format!("{from} does not come before {}", self.version);
                return Err(Failure::new(Slug::Usage, what)
                    .help("name with `--upgrade-from` the oldest version that is replaced")
                    .into());
            }
        };
        Ok(Product {
            product_id: self.product_id,
            version: self.version,
            license_type,
            platform_type: self.platform_type,
            features,
        })
    }
}

fn as_line(offer: &OfferRecord) -> String {
    let OfferRecord { fee, currency, manufacturer, .. } = offer;
    let lasts = offer.valid_for.map_or_else(|| "for ever".to_owned(), |span| span.to_string());
    let state = if offer.withdrawn_at.is_some() { "  withdrawn" } else { "" };
    let product = output::product_as_words(&offer.product);
    format!("{product}  {fee} {currency}  {lasts}  {manufacturer}{state}")
}

fn as_json(offer: &OfferRecord) -> Value {
    json!({
        "product": offer.product,
        "family": offer.family,
        "manufacturer": offer.manufacturer,
        "descriptions": offer.descriptions,
        "fee": offer.fee,
        "currency": offer.currency,
        "valid_for": offer.valid_for,
        "added_at": offer.added_at,
        "withdrawn_at": offer.withdrawn_at,
    })
}
