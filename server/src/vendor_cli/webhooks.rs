//! `trybuy-vendor webhook`.

use std::io::{self, Write};

use trybuy_formats::api::{AddWebhook, Delivery, EventKind, NewWebhookAnswer, Webhook};
use trybuy_formats::ids::{ApplicationId, WebhookId};
use trybuy_formats::terminal_text::one_line;

use super::arguments::WebhookAction;
use super::client::Client;
use super::failure::Failure;
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
    writeln!(out, "{}  {}{}", webhook.id, one_line(&webhook.url), state.unwrap_or_default())?;
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
                line(delivery, webhook.is_none(), count == 1, out)
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

/// A line of the log. It names the webhook where the log is that of all.
fn line(delivery: &Delivery, of_all: bool, first: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut row = |id: &str, webhook: &str, cells: [&str; 4], result: &str| {
        let webhook = if of_all { format!("{webhook:36}  ") } else { String::new() };
        let [event, application, occurred_at, attempts] = cells;
        let about = format!("{event:19}  {application:24}  {occurred_at:20}  {attempts:8}");
        writeln!(out, "{id:36}  {webhook}{about}  {result}")
    };
    if first {
        row("DELIVERY", "WEBHOOK", ["EVENT", "APPLICATION", "HAPPENED", "ATTEMPTS"], "RESULT")?;
    }
    let Delivery { id, webhook_id, event, application, occurred_at, attempts, .. } = delivery;
    let cells = [
        event.as_str(),
        application.as_ref().map_or("", ApplicationId::as_str),
        &occurred_at.to_string(),
        &attempts.to_string(),
    ];
    row(&id.to_string(), &webhook_id.to_string(), cells, &result(delivery))
}

/// What became of it so far, and what comes next.
fn result(delivery: &Delivery) -> String {
    let status = delivery.last_status.map(|status| format!("answered {status}"));
    let error = delivery.last_error.as_deref().map(one_line);
    let last = status.or(error);
    match (delivery.delivered_at, delivery.next_attempt_at, last) {
        (Some(at), ..) => format!("delivered {at}"),
        (None, Some(next), Some(last)) => format!("{last}; next attempt {next}"),
        (None, Some(next), None) => format!("next attempt {next}"),
        (None, None, Some(last)) => format!("{last}; given up"),
        (None, None, None) => "given up".to_owned(),
    }
}
