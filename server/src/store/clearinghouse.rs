//! The clearinghouse's tables (SL Fig. 4): what it offers, orders, fees, and the master license database
//! 100.
//!
//! A pack is made in the transaction in which the whole fee of its order is recorded, so there is never the
//! one without the other.

mod offers;
mod orders;
mod packs;
mod payments;

pub use offers::{OfferAdded, OfferKey, OfferRecord};
pub use orders::{
    NewOrder, OrderCancelled, OrderFilter, OrderPlaced, OrderRecord, OrderSource, OrderTerms,
};
pub use packs::PackMaker;
pub use payments::{NewPayment, PaymentRecord, PaymentRecorded, PaymentSource};
