//! Fees: when the whole fee of an order is recorded, its pack is issued (SL Fig. 4, steps 152 to 160).

use trybuy_formats::ids::{Currency, OrderId, PackId};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use super::identity::{Identity, PackFault};
use crate::refusal::Refusal;
use crate::store::{NewPayment, OrderRecord, PaymentRecorded, Store, StoreError};

/// A payment that is recorded.
pub struct Recorded {
    /// The order, the payment counted.
    pub order: OrderRecord,
    /// The pack that was issued for it now.
    pub issued: Option<PackId>,
    /// Whether it was not recorded before.
    pub is_new: bool,
}

/// Why a payment was not recorded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// There is no such order.
    #[error("there is no order {0}")]
    NoOrder(OrderId),
    /// The amount is out of its range.
    #[error("an amount is between 1 and {}", limits::INTEGER)]
    Amount,
    /// The order's fee is in another currency.
    #[error("the fee of the order is in {0}")]
    OtherCurrency(Currency),
    /// Its reference is that of a payment of another amount.
    #[error("a payment of {amount} was recorded for this order under the same reference")]
    ReferenceUsed {
        /// That amount.
        amount: u64,
    },
    /// The pack could not be made; so the payment was not recorded either.
    #[error("the pack cannot be issued")]
    Pack(#[source] PackFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Records a payment, and issues the pack if the whole fee is paid with it.
///
/// # Errors
/// [`PaymentError`]; then nothing is recorded.
pub async fn record(
    store: &Store,
    identity: &Identity,
    payment: &NewPayment,
) -> Result<Recorded, PaymentError> {
    if !(1..=limits::INTEGER).contains(&payment.amount) {
        return Err(PaymentError::Amount);
    }
    let recorded = store.record_payment(payment, identity).await?.map_err(PaymentError::Pack)?;
    match recorded {
        PaymentRecorded::New { order, issued } => {
            tracing::info!(order = %payment.order_id, amount = payment.amount, "a payment is recorded");
            Ok(Recorded { order: *order, issued, is_new: true })
        }
        PaymentRecorded::Before(order) => {
            Ok(Recorded { order: *order, issued: None, is_new: false })
        }
        PaymentRecorded::NoOrder => Err(PaymentError::NoOrder(payment.order_id)),
        PaymentRecorded::OtherCurrency(currency) => Err(PaymentError::OtherCurrency(currency)),
        PaymentRecorded::ReferenceUsed { amount } => Err(PaymentError::ReferenceUsed { amount }),
    }
}

impl Refusal for PaymentError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoOrder(_) => Slug::NotFound,
            Self::Amount => Slug::BadRequest,
            Self::OtherCurrency(_) | Self::ReferenceUsed { .. } => Slug::OrderRefused,
            Self::Pack(_) => Slug::ServerError,
            Self::Store(error) => error.slug(),
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoOrder(_) => "`trybuy-server clearinghouse order list` shows the orders",
            Self::Amount => "name it in the smallest unit of the currency",
            Self::OtherCurrency(_) => "pay in the currency of the order",
            Self::ReferenceUsed { .. } => "name the reference of this payment",
            Self::Pack(_) => "see to the clearinghouse's certificate, and record it again",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
