//! An order as `trybuy-server license-server order` shows it.

use serde_json::{Value, json};
use trybuy_formats::api::OrderState;
use trybuy_formats::ids::{OrderId, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::product::Product;
use trybuy_formats::terminal_text::one_line;

use crate::cli::output;
use crate::license_server::orders::OrderStanding;
use crate::store::{LicenseOrder, OrderSaid};

/// An order that was placed here, or entered at the clearinghouse.
pub(super) struct ShownOrder {
    order_id: OrderId,
    /// When it was placed here; nothing where it was entered at the clearinghouse.
    ordered_at: Option<Instant>,
    /// What was ordered, and how many licenses; of an order that was entered at the clearinghouse nothing, until its
    /// pack is installed.
    licenses: Option<(Product, u32)>,
    said: Option<OrderSaid>,
    pack_id: Option<PackId>,
}

impl From<LicenseOrder> for ShownOrder {
    fn from(order: LicenseOrder) -> Self {
        Self {
            order_id: order.order_id,
            ordered_at: Some(order.ordered_at),
            licenses: Some((order.product, order.quantity)),
            said: order.said,
            pack_id: order.pack_id,
        }
    }
}

impl ShownOrder {
    /// One that was entered at the clearinghouse: what is known of it is what that says, and the pack.
    pub(super) fn entered(
        order_id: OrderId,
        said: Option<OrderSaid>,
        pack: Option<LicensePack>,
    ) -> Self {
        let pack_id = pack.as_ref().map(|pack| pack.pack_id);
        let licenses = pack.map(|pack| (pack.product, pack.quantity));
        Self { order_id, ordered_at: None, licenses, said, pack_id }
    }

    pub(super) fn as_json(&self) -> Value {
        let (answer, refusal) = match &self.said {
            Some(OrderSaid::Answer(answer)) => (Some(answer), None),
            Some(OrderSaid::Refused(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let (product, quantity) = self.licenses.as_ref().map(|(what, many)| (what, many)).unzip();
        json!({
            "order_id": self.order_id,
            "product": product,
            "quantity": quantity,
            "ordered_at": self.ordered_at,
            "state": self.standing(),
            "answer": answer,
            "refusal": refusal,
            "pack_id": self.pack_id,
        })
    }

    pub(super) fn as_line(&self) -> String {
        let licenses = self.licenses.as_ref().map(|(product, quantity)| {
            format!("{quantity} of {}  ", output::product_as_words(product))
        });
        let ordered_at = self.ordered_at.map(|at| at.to_string());
        format!(
            "{}  {}{}  {}\n",
            self.order_id,
            licenses.unwrap_or_default(),
            ordered_at.as_deref().unwrap_or("entered at the clearinghouse"),
            in_words(self.said.as_ref(), self.pack_id)
        )
    }

    /// Whether something may still come of it, or did.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.standing(), OrderStanding::Refused | OrderStanding::Cancelled)
    }

    fn standing(&self) -> OrderStanding {
        OrderStanding::of(self.said.as_ref(), self.pack_id)
    }
}

/// How it is with an order.
pub(super) fn in_words(said: Option<&OrderSaid>, pack: Option<PackId>) -> String {
    match (pack, said) {
        (Some(pack), _) => format!("installed as {pack}"),
        (None, None) => "not sent, or not answered".to_owned(),
        (None, Some(OrderSaid::Refused(problem))) => {
            // The words come from the network, and are to stay in their line.
            format!("refused: {}", one_line(&problem.title))
        }
        (None, Some(OrderSaid::Answer(answer))) => match answer.state {
            OrderState::FeeDue => format!("the fee of {} {} is due", answer.fee, answer.currency),
            OrderState::Issued => "the pack is issued".to_owned(),
            OrderState::Cancelled => "cancelled".to_owned(),
        },
    }
}
