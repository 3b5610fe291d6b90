//! `trybuy-server clearinghouse fee`

use anyhow::Result;
use trybuy_formats::api::OrderState;

use super::{Place, now, refused};
use crate::clearinghouse::identity::Identity;
use crate::clearinghouse::payments::{self, Recorded};
use crate::cli::arguments::FeeCommand;
use crate::cli::output;
use crate::store::{NewPayment, PaymentSource};

pub(super) fn run(place: &Place, command: FeeCommand) -> Result<()> {
    let FeeCommand::Record { order, amount, currency, reference } = command;
    let identity = Identity::load(&place.directory, place.config.id.clone(), now())?;
    let payment = NewPayment {
        order_id: order,
        amount,
        currency,
        reference,
        source: PaymentSource::Operator,
        recorded_at: now(),
    };
    let recorded = place.with_store(async |store| {
        payments::record(store, &identity, &payment).await.map_err(refused)
    })?;
    output::print(&said(&recorded))
}

fn said(Recorded { order, issued, is_new }: &Recorded) -> String {
    let was = if *is_new { "recorded" } else { "was recorded before" };
    let mut lines = format!("{was}: {} of {} {} is paid\n", order.paid, order.fee, order.currency);
    if let Some(pack) = issued {
        lines.push_str(&format!("issued the pack {pack}\n"));
    }
    if order.state() == OrderState::Cancelled {
        lines.push_str("the order was cancelled: nothing is issued, and it is to be paid back\n");
    }
    if order.overpaid() > 0 {
        lines.push_str(&format!("{} {} too much is paid\n", order.overpaid(), order.currency));
    }
    lines
}
