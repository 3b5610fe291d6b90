//! The purchase request 106 of a license server (SL Fig. 4, step 150).

use serde::{Deserialize, Serialize};

use super::product::Product;
use crate::ids::{LicenseServerId, OrderId};
use crate::instant::Instant;
use crate::limits;
use crate::signed::{Document, FORMAT};

/// The payload of a purchase request: signed by the license server as the issuer of its licenses, with that
/// certificate enclosed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurchaseOrder {
    /// Version of this structure, 1.
    pub format: u32,
    /// The order: the same request again is the same order.
    pub order_id: OrderId,
    /// Who orders.
    pub license_server: LicenseServerId,
    /// What.
    pub product: Product,
    /// How many licenses, 1 to [`limits::PACK_QUANTITY`].
    pub quantity: u32,
    /// "The license server's certificate", which holds the key that the pack is encrypted to, and those up
    /// to the certifying authority, in PEM.
    pub certificate: String,
    /// When it was ordered.
    pub ordered_at: Instant,
}

impl Document for PurchaseOrder {
    const TYPE: &'static str = "trybuy-purchase-order";
    const PAYLOAD_CAP: usize = limits::PURCHASE_ORDER_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == FORMAT && self.product.is_valid() && is_quantity(self.quantity)
    }
}

/// Whether that many licenses can be in a pack.
pub(super) fn is_quantity(quantity: u32) -> bool {
    (1..=limits::PACK_QUANTITY).contains(&quantity)
}
