//! Purchase requests 106 (SL Fig. 4, step 150).

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use trybuy_formats::api::OrderState;
use trybuy_formats::ids::{Currency, Label, LicenseServerId, Name, OrderId, PackId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::pack::HumanDescription;
use trybuy_formats::limits;

use crate::store::columns::{Columns, json, number, word};
use crate::store::transaction::{Finish, Operation};
use crate::store::{PAGE_LIMIT, Page, Store, StoreError};

/// An order to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewOrder {
    /// The order.
    pub order: PurchaseOrder,
    /// How it came.
    pub source: OrderSource,
    /// The key that its pack is to be encrypted to, SubjectPublicKeyInfo in DER.
    pub recipient_key: Vec<u8>,
    /// What it was placed under.
    pub terms: OrderTerms,
    /// The whole fee, in the smallest unit of the currency.
    pub fee: u64,
    /// The currency.
    pub currency: Currency,
    /// When it came.
    pub received_at: Instant,
}

/// How an order came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderSource {
    /// From the license server itself.
    Online,
    /// As a file.
    File,
    /// In writing on paper, or orally by telephone: an operator typed it.
    Operator,
}

/// What an order was placed under: the offer as it was then.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderTerms {
    /// The product's family.
    pub family: Label,
    /// Who makes it.
    pub manufacturer: Name,
    /// What it is, in several languages.
    pub descriptions: Vec<HumanDescription>,
    /// The first active date; none for the date of issue.
    pub first_active_at: Option<Instant>,
    /// The expiration date, if one was agreed on. Then there is a first active date, too.
    pub ends_at: Option<Instant>,
    /// Else, how long the licenses last from the first active date; none for ever.
    pub valid_for: Option<Span>,
}

/// An order as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrderRecord {
    /// The order.
    pub order: PurchaseOrder,
    /// How it came.
    pub source: OrderSource,
    /// The key that its pack is encrypted to, SubjectPublicKeyInfo in DER.
    pub recipient_key: Vec<u8>,
    /// What it was placed under.
    pub terms: OrderTerms,
    /// The whole fee, in the smallest unit of the currency.
    pub fee: u64,
    /// The currency.
    pub currency: Currency,
    /// What was paid of it, or too much.
    pub paid: u64,
    /// When it came.
    pub received_at: Instant,
    /// When it was cancelled.
    pub cancelled_at: Option<Instant>,
    /// Its pack.
    pub pack_id: Option<PackId>,
}

/// How the placing of an order ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderPlaced {
    /// It is a new one.
    New(Box<OrderRecord>),
    /// It was placed before; nothing changed.
    Before(Box<OrderRecord>),
    /// Its id is that of an order with other contents.
    IdUsed,
    /// The license server has as many orders whose fees are due as it may have.
    TooMany,
}

/// How the cancelling of an order ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderCancelled {
    /// Nothing is issued for it any more, now or since before.
    Done {
        /// What was paid of its fee.
        paid: u64,
        /// The currency.
        currency: Currency,
    },
    /// There is no such order.
    NoOrder,
    /// Its pack was issued.
    Issued(PackId),
}

/// Which orders are listed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OrderFilter {
    /// Those of a license server only.
    pub license_server: Option<LicenseServerId>,
    /// Those after this one: the last one of the page before.
    pub after: Option<OrderId>,
}

macro_rules! order_columns {
    () => {
        "SELECT purchase_orders.id, purchase_orders.contents, source, recipient_key, terms, fee, \
        currency, paid, received_at, cancelled_at, issued_packs.id AS pack_id FROM purchase_orders \
        LEFT JOIN issued_packs ON issued_packs.order_id = purchase_orders.id "
    };
}
pub(super) const ONE: &str = concat!(order_columns!(), "WHERE purchase_orders.id = $1");
const PAGE: &str = concat!(
    order_columns!(),
    "WHERE ($1 = '' OR purchase_orders.license_server = $1) AND purchase_orders.id > $2 \
    ORDER BY purchase_orders.id LIMIT $3"
);
const UNPAID: &str = "SELECT COUNT(*) AS orders FROM purchase_orders WHERE license_server = $1 \
    AND cancelled_at IS NULL AND paid < fee";
const INSERT: &str = "INSERT INTO purchase_orders (id, license_server, contents, source, \
    recipient_key, terms, fee, currency, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const CANCEL: &str =
    "UPDATE purchase_orders SET cancelled_at = $2 WHERE id = $1 AND cancelled_at IS NULL";

impl Store {
    /// Stores an order, once.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn place_order(&self, order: &NewOrder) -> Result<OrderPlaced, StoreError> {
        self.write(order).await
    }

    /// An order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order(&self, id: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        let row = self.fetch_optional(sqlx::query(ONE).bind(id.to_string())).await?;
        row.map(|row| OrderRecord::from_columns(Columns(&row))).transpose()
    }

    /// A page of orders, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn orders(&self, filter: &OrderFilter) -> Result<Page<OrderRecord>, StoreError> {
        let server = filter.license_server.as_ref();
        let query = sqlx::query(PAGE)
            .bind(server.map_or("", LicenseServerId::as_str))
            .bind(filter.after.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(PAGE_LIMIT) + 1);
        let rows = self.fetch_all(query).await?;
        let entries: Result<_, _> =
            rows.iter().map(|row| OrderRecord::from_columns(Columns(row))).collect();
        Ok(Page::new(entries?, PAGE_LIMIT))
    }

    /// Cancels an order whose pack was not issued.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_order(
        &self,
        id: OrderId,
        now: Instant,
    ) -> Result<OrderCancelled, StoreError> {
        self.write(&Cancel(id, now)).await
    }
}

impl OrderRecord {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            order: columns.json("contents")?,
            source: columns.word("source")?,
            recipient_key: columns.bytes("recipient_key")?,
            terms: columns.json("terms")?,
            fee: columns.number("fee")?,
            currency: columns.text("currency")?,
            paid: columns.number("paid")?,
            received_at: columns.instant("received_at")?,
            cancelled_at: columns.optional_instant("cancelled_at")?,
            pack_id: columns.optional_text("pack_id")?,
        })
    }

    /// How much more was paid than its fee.
    pub fn overpaid(&self) -> u64 {
        self.paid.saturating_sub(self.fee)
    }

    /// How it is with it.
    pub fn state(&self) -> OrderState {
        match (self.pack_id, self.cancelled_at) {
            (Some(_), _) => OrderState::Issued,
            (None, Some(_)) => OrderState::Cancelled,
            (None, None) => OrderState::FeeDue,
        }
    }
}

impl OrderTerms {
    /// First active date and expiration date of a pack that is issued now.
    pub(super) fn dates(&self, issued_at: Instant) -> (Instant, Option<Instant>) {
        let first_active_at = self.first_active_at.unwrap_or(issued_at);
        let by_length = self.valid_for.map(|length| first_active_at.plus(length));
        (first_active_at, self.ends_at.or(by_length))
    }
}

impl Operation for NewOrder {
    type Answer = OrderPlaced;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<OrderPlaced>, StoreError> {
        let id = self.order.order_id.to_string();
        let found = sqlx::query(ONE).bind(id.as_str()).fetch_optional(&mut *connection).await?;
        if let Some(row) = found {
            let record = OrderRecord::from_columns(Columns(&row))?;
            return Ok(Finish::RollBack(if record.order == self.order {
                OrderPlaced::Before(Box::new(record))
            } else {
                OrderPlaced::IdUsed
            }));
        }
        let server = self.order.license_server.as_str();
        let row = sqlx::query(UNPAID).bind(server).fetch_one(&mut *connection).await?;
        let unpaid: usize = Columns(&row).number("orders")?;
        if unpaid >= limits::UNPAID_ORDERS {
            return Ok(Finish::RollBack(OrderPlaced::TooMany));
        }
        sqlx::query(INSERT)
            .bind(id)
            .bind(server)
            .bind(json(&self.order))
            .bind(word(&self.source))
            .bind(self.recipient_key.as_slice())
            .bind(json(&self.terms))
            .bind(number(self.fee))
            .bind(self.currency.as_str())
            .bind(self.received_at.unix())
            .execute(connection)
            .await?;
        Ok(Finish::Commit(OrderPlaced::New(Box::new(self.as_record()))))
    }
}

impl NewOrder {
    fn as_record(&self) -> OrderRecord {
        OrderRecord {
            order: self.order.clone(),
            source: self.source,
            recipient_key: self.recipient_key.clone(),
            terms: self.terms.clone(),
            fee: self.fee,
            currency: self.currency.clone(),
            paid: 0,
            received_at: self.received_at,
            cancelled_at: None,
            pack_id: None,
        }
    }
}

struct Cancel(OrderId, Instant);

impl Operation for Cancel {
    type Answer = OrderCancelled;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<OrderCancelled>, StoreError> {
        let id = self.0.to_string();
        let row = sqlx::query(ONE).bind(id.as_str()).fetch_optional(&mut *connection).await?;
        let Some(row) = row else {
            return Ok(Finish::RollBack(OrderCancelled::NoOrder));
        };
        let OrderRecord { pack_id, paid, currency, .. } = OrderRecord::from_columns(Columns(&row))?;
        if let Some(pack) = pack_id {
            return Ok(Finish::RollBack(OrderCancelled::Issued(pack)));
        }
        sqlx::query(CANCEL).bind(id).bind(self.1.unix()).execute(connection).await?;
        Ok(Finish::Commit(OrderCancelled::Done { paid, currency }))
    }
}
