//! The purchase requests 106 of a license server, and what the clearinghouse last said of them.

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use trybuy_formats::api::{OrderAnswer, OrderState, Problem};
use trybuy_formats::ids::{OrderId, PackId, PlatformType, ProductId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::Product;

use crate::store::columns::{Columns, json};
use crate::store::connections::in_time;
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A purchase request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenseOrder {
    /// Its id.
    pub order_id: OrderId,
    /// The signed request, as it is sent.
    pub document: String,
    /// What was ordered.
    pub product: Product,
    /// How many licenses.
    pub quantity: u32,
    /// When.
    pub ordered_at: Instant,
    /// What the clearinghouse last said of it; nothing where it has not been asked.
    pub said: Option<OrderSaid>,
    /// Its pack, if that is installed.
    pub pack_id: Option<PackId>,
}

/// What a clearinghouse said of an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrderSaid {
    /// How it is with it.
    Answer(OrderAnswer),
    /// Why it does not take it.
    Refused(Box<Problem>),
}

const INSERT: &str = "INSERT INTO license_orders (id, document, product, quantity, ordered_at, \
    answer) VALUES ($1, $2, $3, $4, $5, NULL)";
const SET_ANSWER: &str = "UPDATE license_orders SET answer = $2 WHERE id = $1";
/// Declares a query of orders, each with its pack.
macro_rules! orders {
    ($conditions:literal) => {
        concat!(
            "SELECT id, document, product, quantity, ordered_at, answer, \
             (SELECT MIN(license_packs.id) FROM license_packs WHERE order_id = license_orders.id) \
             AS pack_id \
             FROM license_orders ",
            $conditions
        )
    };
}
const ONE: &str = orders!("WHERE id = $1");
const LIST: &str = orders!("WHERE id > $1 ORDER BY id LIMIT $2");
const PACK: &str = "SELECT id FROM license_packs WHERE order_id = $1 ORDER BY id LIMIT 1";
const PLACED: &str = "SELECT product, answer FROM license_orders WHERE ordered_at > $1 \
    AND product LIKE '%\"product_id\":\"' || $2 || '\"%' \
    AND product LIKE '%\"platform_type\":\"' || $3 || '\"%' \
    ORDER BY ordered_at DESC, id";

impl Store {
    /// Keeps a purchase request, before it is sent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_license_order(&self, order: &LicenseOrder) -> Result<(), StoreError> {
        let query = sqlx::query(INSERT)
            .bind(order.order_id.to_string())
            .bind(order.document.as_str())
            .bind(json(&order.product))
            .bind(i64::from(order.quantity))
            .bind(order.ordered_at.unix());
        self.execute(query).await.map(drop)
    }

    /// Keeps what the clearinghouse said of an order, if it is one that is kept here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn keep_order_said(&self, id: OrderId, said: &OrderSaid) -> Result<(), StoreError> {
        let query = sqlx::query(SET_ANSWER).bind(id.to_string()).bind(json(said));
        self.execute(query).await.map(drop)
    }

    /// The pack of an order, if that is installed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pack_of_order(&self, id: OrderId) -> Result<Option<PackId>, StoreError> {
        in_time(async { pack(&mut *self.readers.acquire().await?, id).await }).await
    }

    /// A purchase request.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_order(&self, id: OrderId) -> Result<Option<LicenseOrder>, StoreError> {
        let row = self.fetch_optional(sqlx::query(ONE).bind(id.to_string())).await?;
        row.map(|row| LicenseOrder::from_columns(Columns(&row))).transpose()
    }

    /// A page of them, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_orders(
        &self,
        after: Option<OrderId>,
    ) -> Result<Vec<LicenseOrder>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(LIST).bind(after).bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| LicenseOrder::from_columns(Columns(row))).collect()
    }
}

impl OrderSaid {
    /// Whether its licenses may still come, or have.
    fn is_open(&self) -> bool {
        match self {
            Self::Answer(answer) => answer.state != OrderState::Cancelled,
            Self::Refused(_) => false,
        }
    }
}

impl LicenseOrder {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            order_id: columns.text("id")?,
            document: columns.text("document")?,
            product: columns.json("product")?,
            quantity: columns.number("quantity")?,
            ordered_at: columns.instant("ordered_at")?,
            said: columns.optional_json("answer")?,
            pack_id: columns.optional_text("pack_id")?,
        })
    }
}

/// The pack of an order, if that is installed.
pub(super) async fn pack(
    connection: &mut AnyConnection,
    id: OrderId,
) -> Result<Option<PackId>, StoreError> {
    let row = sqlx::query(PACK).bind(id.to_string()).fetch_optional(connection).await?;
    row.map(|row| Columns(&row).text("id")).transpose()
}

/// What was ordered of a product after an instant, the newest first, but for what the clearinghouse does not fulfil.
pub(super) async fn placed(
    connection: &mut AnyConnection,
    product: &ProductId,
    platform: PlatformType,
    after: Instant,
) -> Result<Vec<Product>, StoreError> {
    let query =
        sqlx::query(PLACED).bind(after.unix()).bind(product.as_str()).bind(platform.as_str());
    let rows = query.fetch_all(connection).await?;
    let read = |columns: Columns<'_>| {
        let said: Option<OrderSaid> = columns.optional_json("answer")?;
        let is_open = said.is_none_or(|said| said.is_open());
        is_open.then(|| columns.json("product")).transpose()
    };
    rows.iter().filter_map(|row| read(Columns(row)).transpose()).collect()
}
