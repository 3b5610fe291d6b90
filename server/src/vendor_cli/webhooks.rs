//! `trybuy-vendor webhook`.

use std::io::{self, Write};

use trybuy_formats::api::{AddWebhook, Delivery, EventKind, NewWebhookAnswer, Webhook};
use trybuy_formats::ids::WebhookId;

use super::arguments::WebhookAction;
use super::client::Client;
use super::failure::{Failure, printable};
use super::json;
use super::pages::pages;

/// Does what was asked for.
pub(super) fn execute(
    client: &Client,
    action: &WebhookAction,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut say = |line: String| writeln!(out, "{line}").map_err(Failure::output);
    match action {
        WebhookAction::Add { url, events, json } => {
            add(client, AddWebhook { url: url.clone(), events: events.clone() }, *json, out)
        }
        WebhookAction::List { json } => list(client, *json, out),
        WebhookAction::Remove { webhook } => {
            client.remove_webhook(*webhook)?;
            say(format!("removed    {webhook}"))
        }
        WebhookAction::Enable { webhook } => {
            client.enable_webhook(*webhook)?;
            say(format!("enabled    {webhook}"))
        }
        WebhookAction::Test { webhook } => {
            let ping = client.test_webhook(*webhook)?;
            say(format!("ping       {}", ping.delivery_id))?;
            say(format!("`trybuy-vendor webhook deliveries {webhook}` shows what became of it."))
        }
        WebhookAction::Deliveries { webhook, failed, json } => {
            deliveries(client, *webhook, *failed, *json, out)
        }
        WebhookAction::Redeliver { delivery } => {
            client.redeliver(*delivery)?;
            say(format!("sent again {delivery}"))
        }
    }
}

fn add(
    client: &Client,
    request: AddWebhook,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = client.add_webhook(&request)?;
    if as_json {
        return json::print(&answer, out);
    }
    let NewWebhookAnswer { webhook, secret } = &answer;
    writeln!(out, "webhook    {}\nsecret     {}", webhook.id, secret.0.as_str())
        .and_then(|()| writeln!(out, "Keep the secret: it is shown only now."))
        .map_err(Failure::output)
}

fn list(client: &Client, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let webhooks = client.webhooks()?.webhooks;
    if as_json {
        return json::print(&webhooks, out);
    }
    if webhooks.is_empty() {
        return writeln!(out, "There are no webhooks yet.").map_err(Failure::output);
    }
    webhooks.iter().try_for_each(|webhook| describe(webhook, out)).map_err(Failure::output)
}

fn describe(webhook: &Webhook, out: &mut dyn Write) -> io::Result<()> {
    let events: Vec<&str> = webhook.events.iter().copied().map(EventKind::as_str).collect();
    let state = webhook.disabled_at.map(|since| format!("  disabled since {since}"));
    writeln!(out, "{}  {}{}", webhook.id, printable(&webhook.url), state.unwrap_or_default())?;
    writeln!(out, "  {}", events.join(", "))
}

fn deliveries(
    client: &Client,
    webhook: Option<WebhookId>,
    failed: bool,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut before = if as_json { "[\n" } else { "" };
    let mut count = 0_u64;
    pages(|after| {
        let page = client.deliveries(webhook, failed, after)?;
        for delivery in &page.deliveries {
            count += 1;
            out.write_all(before.as_bytes()).map_err(Failure::output)?;
            let printed = if as_json {
                before = ",\n";
                serde_json::to_writer(&mut *out, delivery).map_err(io::Error::from)
            } else {
                line(delivery, count == 1, out)
            };
            printed.map_err(Failure::output)?;
        }
        Ok(page.next)
    })?;
    let end = match (as_json, count) {
        (true, 0) => "[]\n",
        (true, _) => "\n]\n",
        (false, 0) => "Nothing was sent.\n",
        (false, _) => "",
    };
    out.write_all(end.as_bytes()).map_err(Failure::output)
}

fn line(delivery: &Delivery, first: bool, out: &mut dyn Write) -> io::Result<()> {
    if first {
        let head = ["DELIVERY", "EVENT", "HAPPENED", "ATTEMPTS"];
        writeln!(out, "{:36}  {:19}  {:20}  {:8}  RESULT", head[0], head[1], head[2], head[3])?;
    }
    let Delivery { id, event, occurred_at, attempts, .. } = delivery;
    let occurred_at = occurred_at.to_string();
    writeln!(out, "{id}  {event:19}  {occurred_at:20}  {attempts:8}  {}", result(delivery))
}

/// What became of it so far, and what comes next.
fn result(delivery: &Delivery) -> String {
    let status = delivery.last_status.map(|status| format!("answered {status}"));
    let error = delivery.last_error.as_deref().map(printable);
    let last = status.or(error);
    match (delivery.delivered_at, delivery.next_attempt_at, last) {
        (Some(at), ..) => format!("delivered {at}"),
        (None, Some(next), Some(last)) => format!("{last}; next attempt {next}"),
        (None, Some(next), None) => format!("next attempt {next}"),
        (None, None, Some(last)) => format!("{last}; given up"),
        (None, None, None) => "given up".to_owned(),
    }
}
