//! Products that can be ordered.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Currency, Label, Name, PlatformType, ProductId, Version};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::pack::HumanDescription;
use trybuy_formats::licensing::product::{LicenseType, Product};

use crate::store::columns::{Columns, json, number};
use crate::store::transaction::{Finish, Operation};
use crate::store::{Store, StoreError};

/// A product that can be ordered, or could.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferRecord {
    /// The product; its features are all that can be ordered.
    pub product: Product,
    /// Its family.
    pub family: Label,
    /// Who makes it.
    pub manufacturer: Name,
    /// What it is, in several languages.
    pub descriptions: Vec<HumanDescription>,
    /// The fee of one license, in the smallest unit of the currency.
    pub fee: u64,
    /// The currency.
    pub currency: Currency,
    /// How long licenses last from their first active date; none for ever.
    pub valid_for: Option<Span>,
    /// Since when it can be ordered.
    pub added_at: Instant,
    /// Since when it cannot.
    pub withdrawn_at: Option<Instant>,
}

/// What an offer is known by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferKey {
    /// Product ID.
    pub product_id: ProductId,
    /// Product version.
    pub version: Version,
    /// Platform type.
    pub platform_type: PlatformType,
    /// License type.
    pub license_type: LicenseType,
}

/// How the adding of an offer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OfferAdded {
    /// It can be ordered.
    Done,
    /// The product can be ordered already.
    Exists,
}

macro_rules! offer_columns {
    () => {
        "SELECT product_id, version, platform_type, upgrade_from, features, family, manufacturer, \
        descriptions, fee, currency, valid_for, added_at, withdrawn_at FROM offered_products "
    };
}
macro_rules! of_key {
    () => {
        "WHERE product_id = $1 AND version = $2 AND platform_type = $3 AND upgrade_from = $4"
    };
}
const ALL: &str = concat!(
    offer_columns!(),
    "ORDER BY product_id, added_at, version, platform_type, upgrade_from"
);
const IN_FORCE: &str = concat!(offer_columns!(), of_key!(), " AND withdrawn_at IS NULL");
const REMOVE_WITHDRAWN: &str =
    concat!("DELETE FROM offered_products ", of_key!(), " AND withdrawn_at IS NOT NULL");
const INSERT: &str = "INSERT INTO offered_products (product_id, version, platform_type, upgrade_from, \
    features, family, manufacturer, descriptions, fee, currency, valid_for, added_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
const WITHDRAW: &str = concat!(
    "UPDATE offered_products SET withdrawn_at = $5 ",
    of_key!(),
    " AND withdrawn_at IS NULL"
);

impl Store {
    /// Offers a product. One that was withdrawn is offered anew.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_offer(&self, offer: &OfferRecord) -> Result<OfferAdded, StoreError> {
        self.write(offer).await
    }

    /// Every offer, also those that were withdrawn.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn offers(&self) -> Result<Vec<OfferRecord>, StoreError> {
        let rows = self.fetch_all(sqlx::query(ALL)).await?;
        rows.iter().map(|row| OfferRecord::from_columns(Columns(row))).collect()
    }

    /// The offer of a product, if it can be ordered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn offer_in_force(&self, key: &OfferKey) -> Result<Option<OfferRecord>, StoreError> {
        let query = sqlx::query(IN_FORCE)
            .bind(key.product_id.as_str())
            .bind(key.version.to_string())
            .bind(key.platform_type.as_str())
            .bind(upgrade_from(&key.license_type));
        let row = self.fetch_optional(query).await?;
        row.map(|row| OfferRecord::from_columns(Columns(&row))).transpose()
    }

    /// Takes no more orders of a product. Answers whether it could be ordered. Orders there are stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn withdraw_offer(&self, key: &OfferKey, now: Instant) -> Result<bool, StoreError> {
        let query = sqlx::query(WITHDRAW)
            .bind(key.product_id.as_str())
            .bind(key.version.to_string())
            .bind(key.platform_type.as_str())
            .bind(upgrade_from(&key.license_type))
            .bind(now.unix());
        Ok(self.execute(query).await?.rows_affected() > 0)
    }
}

impl OfferKey {
    /// That of a product.
    pub fn of(product: &Product) -> Self {
        Self {
            product_id: product.product_id.clone(),
            version: product.version.clone(),
            platform_type: product.platform_type,
            license_type: product.license_type.clone(),
        }
    }
}

impl OfferRecord {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let from: String = columns.text("upgrade_from")?;
        let license_type = match from.as_str() {
            "" => LicenseType::Full,
            _ => LicenseType::Upgrade { from: columns.text("upgrade_from")? },
        };
        let valid_for: Option<u64> = columns.optional_number("valid_for")?;
        Ok(Self {
            product: Product {
                product_id: columns.text("product_id")?,
                version: columns.text("version")?,
                license_type,
                platform_type: columns.text("platform_type")?,
                features: columns.json("features")?,
            },
            family: columns.text("family")?,
            manufacturer: columns.text("manufacturer")?,
            descriptions: columns.json("descriptions")?,
            fee: columns.number("fee")?,
            currency: columns.text("currency")?,
            valid_for: valid_for.map(Span::seconds),
            added_at: columns.instant("added_at")?,
            withdrawn_at: columns.optional_instant("withdrawn_at")?,
        })
    }
}

impl Operation for OfferRecord {
    type Answer = OfferAdded;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<OfferAdded>, StoreError> {
        let Product { product_id, version, license_type, platform_type, features } = &self.product;
        let version = version.to_string();
        sqlx::query(REMOVE_WITHDRAWN)
            .bind(product_id.as_str())
            .bind(version.as_str())
            .bind(platform_type.as_str())
            .bind(upgrade_from(license_type))
            .execute(&mut *connection)
            .await?;
        let inserted = sqlx::query(INSERT)
            .bind(product_id.as_str())
            .bind(version)
            .bind(platform_type.as_str())
            .bind(upgrade_from(license_type))
            .bind(json(features))
            .bind(self.family.as_str())
            .bind(self.manufacturer.as_str())
            .bind(json(&self.descriptions))
            .bind(number(self.fee))
            .bind(self.currency.as_str())
            .bind(self.valid_for.map(|span| number(span.as_seconds())))
            .bind(self.added_at.unix())
            .execute(connection)
            .await?;
        Ok(match inserted.rows_affected() {
            0 => Finish::RollBack(OfferAdded::Exists),
            _ => Finish::Commit(OfferAdded::Done),
        })
    }
}

fn upgrade_from(license_type: &LicenseType) -> String {
    match license_type {
        LicenseType::Full => String::new(),
        LicenseType::Upgrade { from } => from.to_string(),
    }
}
