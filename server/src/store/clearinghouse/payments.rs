//! Fees (SL Fig. 4: "after collecting the fee").

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use trybuy_formats::ids::{Currency, OrderId, PackId, PaymentReference};
use trybuy_formats::instant::Instant;
use trybuy_formats::limits;

use super::orders::{self, OrderRecord};
use super::packs::{self, PackMaker};
use crate::store::columns::{Columns, number, word};
use crate::store::transaction::{Finish, Operation};
use crate::store::{Store, StoreError};

/// A payment to be recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPayment {
    /// For which order.
    pub order_id: OrderId,
    /// How much, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// What it is known by: the same payment counts once.
    pub reference: PaymentReference,
    /// Who says so.
    pub source: PaymentSource,
    /// When it is recorded.
    pub recorded_at: Instant,
}

/// Who says that something was paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaymentSource {
    /// An operator.
    Operator,
    /// A payment provider, in a signed message.
    Provider,
}

/// A payment as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PaymentRecord {
    /// How much, in the smallest unit of the order's currency.
    pub amount: u64,
    /// What it is known by.
    pub reference: PaymentReference,
    /// Who said so.
    pub source: PaymentSource,
    /// When it was recorded.
    pub recorded_at: Instant,
}

/// How the recording of a payment ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PaymentRecorded {
    /// It is recorded.
    New {
        /// The order, this payment counted.
        order: Box<OrderRecord>,
        /// The pack that was issued for it now.
        issued: Option<PackId>,
    },
    /// It was recorded before; nothing changed.
    Before(Box<OrderRecord>),
    /// There is no such order.
    NoOrder,
    /// The order's fee is in another currency.
    OtherCurrency(Currency),
    /// Its reference is that of a payment of another amount.
    ReferenceUsed {
        /// That amount.
        amount: u64,
    },
}

/// A payment, and what makes the pack if it is the last one.
struct Record<'a, M> {
    payment: &'a NewPayment,
    maker: &'a M,
}

const OF_REFERENCE: &str = "SELECT amount FROM fee_payments WHERE order_id = $1 AND reference = $2";
const OF_ORDER: &str = "SELECT amount, reference, source, recorded_at FROM fee_payments \
    WHERE order_id = $1 ORDER BY recorded_at, reference";
const INSERT: &str = "INSERT INTO fee_payments (order_id, reference, amount, source, recorded_at) \
    VALUES ($1, $2, $3, $4, $5)";
const COUNT: &str = "UPDATE purchase_orders SET paid = $2 WHERE id = $1";

impl Store {
    /// Records a payment, and issues the pack of its order if the whole fee is paid with it: both, or
    /// neither. For an order that was cancelled, nothing is issued.
    ///
    /// # Errors
    /// [`StoreError`]; the maker's own fault is inside.
    pub async fn record_payment<M: PackMaker>(
        &self,
        payment: &NewPayment,
        maker: &M,
    ) -> Result<Result<PaymentRecorded, M::Fault>, StoreError> {
        self.write(&Record { payment, maker }).await
    }

    /// The payments for an order, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn payments(&self, order: OrderId) -> Result<Vec<PaymentRecord>, StoreError> {
        let rows = self.fetch_all(sqlx::query(OF_ORDER).bind(order.to_string())).await?;
        rows.iter().map(|row| PaymentRecord::from_columns(Columns(row))).collect()
    }
}

impl PaymentRecord {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            amount: columns.number("amount")?,
            reference: columns.text("reference")?,
            source: columns.word("source")?,
            recorded_at: columns.instant("recorded_at")?,
        })
    }
}

impl<M: PackMaker> Operation for Record<'_, M> {
    type Answer = Result<PaymentRecorded, M::Fault>;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        let id = self.payment.order_id.to_string();
        let query = sqlx::query(orders::ONE).bind(id.as_str());
        let Some(row) = query.fetch_optional(&mut *connection).await? else {
            return Ok(Finish::RollBack(Ok(PaymentRecorded::NoOrder)));
        };
        let mut order = OrderRecord::from_columns(Columns(&row))?;
        if let Some(outcome) = self.is_known_or_refused(connection, &order).await? {
            return Ok(Finish::RollBack(Ok(outcome)));
        }
        // The payments themselves are kept; of a sum that exceeds every fee no more is known than that.
        order.paid = order.paid.saturating_add(self.payment.amount).min(limits::INTEGER);
        self.insert(connection, &order).await?;
        let is_due = order.pack_id.is_none() && order.cancelled_at.is_none();
        let mut issued = None;
        if is_due && order.paid >= order.fee {
            let now = self.payment.recorded_at;
            match packs::issue(connection, &order, self.maker, now).await? {
                Ok(pack) => issued = Some(pack),
                Err(fault) => return Ok(Finish::RollBack(Err(fault))),
            }
            order.pack_id = issued;
        }
        Ok(Finish::Commit(Ok(PaymentRecorded::New { order: Box::new(order), issued })))
    }
}

impl<M> Record<'_, M> {
    async fn is_known_or_refused(
        &self,
        connection: &mut AnyConnection,
        order: &OrderRecord,
    ) -> Result<Option<PaymentRecorded>, StoreError> {
        if order.currency != self.payment.currency {
            return Ok(Some(PaymentRecorded::OtherCurrency(order.currency.clone())));
        }
        let row = sqlx::query(OF_REFERENCE)
            .bind(self.payment.order_id.to_string())
            .bind(self.payment.reference.as_str())
            .fetch_optional(connection)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let amount = Columns(&row).number("amount")?;
        Ok(Some(if amount == self.payment.amount {
            PaymentRecorded::Before(Box::new(order.clone()))
        } else {
            PaymentRecorded::ReferenceUsed { amount }
        }))
    }

    async fn insert(
        &self,
        connection: &mut AnyConnection,
        order: &OrderRecord,
    ) -> Result<(), StoreError> {
        let id = self.payment.order_id.to_string();
        sqlx::query(INSERT)
            .bind(id.as_str())
            .bind(self.payment.reference.as_str())
            .bind(number(self.payment.amount))
            .bind(word(&self.payment.source))
            .bind(self.payment.recorded_at.unix())
            .execute(&mut *connection)
            .await?;
        sqlx::query(COUNT).bind(id).bind(number(order.paid)).execute(connection).await?;
        Ok(())
    }
}
