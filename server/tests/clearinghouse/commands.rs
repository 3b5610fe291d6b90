//! The commands of operators, as processes.

use serde_json::{Value, json};
use trybuy_formats::certificates::{Authorities, Role};
use trybuy_formats::ids::OrderId;
use trybuy_formats::licensing::pack::{LicensePack, SealedPack};
use trybuy_formats::licensing::signing::open_certified;
use trybuy_server::clock::{Clock as _, SystemClock};

use crate::support::{Answer, Commands, Orderer};

const OFFICE: [&str; 6] =
    ["--product", "com.example.office", "--version", "5.0.0", "--platform-type", "non-windows"];

fn pay<'a>(order: &'a str, amount: &'a str, reference: &'a str) -> Vec<&'a str> {
    let fee = ["clearinghouse", "fee", "record", order, "--amount", amount];
    [&fee[..], &["--currency", "EUR", "--reference", reference]].concat()
}

#[tokio::test]
async fn an_order_travels_as_a_file_and_its_pack_back() {
    let commands = Commands::with_clearinghouse();
    let orderer = Orderer::new(&commands);
    let (id, order) = orderer.order(&commands);
    let id = id.to_string();
    commands.write("acme.order", format!("{order}\n"));
    let import = ["clearinghouse", "order", "import", "acme.order"];
    assert_eq!(commands.succeed(&import), format!("{id}\n"));
    assert_eq!(commands.succeed(&import), format!("{id}\n"), "the same again changes nothing");
    let export = ["clearinghouse", "pack", "export", &id, "acme.pack"];
    commands.refused(&export, "not-found");
    assert_eq!(
        commands.succeed(&pay(&id, "3000", "first half")),
        "recorded: 3000 of 3600 EUR is paid\n"
    );
    commands.refused(&export, "not-found");
    let said = commands.succeed(&pay(&id, "700", "second half"));
    assert!(said.starts_with("recorded: 3700 of 3600 EUR is paid\nissued the pack "), "{said}");
    assert!(said.ends_with("100 EUR too much is paid\n"), "{said}");
    let listed = commands.succeed(&["clearinghouse", "order", "list"]);
    assert!(listed.contains("  3700 of 3600 EUR, 100 too much  issued "), "{listed}");
    let listed = commands.json(&["clearinghouse", "order", "list"]);
    assert_eq!(listed[0]["overpaid"], 100);
    let again = commands.succeed(&pay(&id, "700", "second half"));
    assert!(again.starts_with("was recorded before: 3700 of 3600"), "{again}");
    commands.succeed(&export);
    commands.refused(&export, "local-file");
    // Online it is the same, byte for byte.
    let process = commands.serve();
    let url = format!("{}/orders/{id}/pack", process.url);
    let online = Answer::of(reqwest::Client::new().get(url)).await;
    assert_eq!((online.status, &online.body), (200, &commands.read("acme.pack")));
    assert!(process.stop());
    let pack = opened(&commands, &orderer);
    let shown = commands.json(&["clearinghouse", "pack", "show", &pack.pack_id.to_string()]);
    assert_eq!(shown, serde_json::to_value(&pack).expect("JSON"));
    assert_eq!(commands.json(&["clearinghouse", "pack", "list"]), json!([shown]));
    let lines = commands.succeed(&["clearinghouse", "pack", "show", &id]);
    assert!(lines.contains("\nmanufacturer: Example Inc\n"), "{lines}");
}

/// What is in the pack that was exported.
fn opened(commands: &Commands, orderer: &Orderer) -> LicensePack {
    let trusted = Authorities::from_pem(&commands.text("authority/authority.pem"));
    let opened = open_certified::<SealedPack>(
        &trusted.expect("an authority"),
        Role::Clearinghouse,
        SystemClock.now(),
        &commands.text("acme.pack"),
    );
    opened.expect("signed").1.open(&orderer.key).expect("encrypted to the key")
}

#[test]
fn an_operator_enters_an_order_taken_by_telephone() {
    let commands = Commands::with_clearinghouse();
    Orderer::new(&commands);
    let enter = ["clearinghouse", "order", "enter", "--license-server-certificate", "server.pem"];
    let enter = [&enter[..], &OFFICE, &["--feature", "print", "--quantity", "2"]].concat();
    let dates = ["--first-active", "2030-01-01", "--ends", "2031-01-01T12:00:00Z"];
    let id = commands.succeed(&[&enter[..], &dates].concat());
    let id = id.trim();
    let shown = commands.json(&["clearinghouse", "order", "show", id]);
    assert_eq!(shown["source"], "operator");
    assert_eq!((&shown["license_server"], &shown["state"]), (&json!("acme"), &json!("fee-due")));
    commands.succeed(&pay(id, "2400", "invoice 7"));
    let pack = commands.json(&["clearinghouse", "pack", "show", id]);
    assert_eq!(pack["first_active_at"], "2030-01-01T00:00:00Z");
    assert_eq!(pack["ends_at"], "2031-01-01T12:00:00Z");
    assert_eq!(pack["product"]["features"], json!(["print"]));
    let shown = commands.json(&["clearinghouse", "order", "show", id]);
    assert_eq!(shown["payments"][0]["reference"], "invoice 7");
    for (wrong, slug) in [
        (&["--ends", "2031-01-01", "--first-active", "2031-01-01"][..], "order-refused"),
        (&["--ends", "2001-01-01"], "order-refused"),
        (&["--ends", "tomorrow"], "usage"),
        (&["--upgrade-from", "4.0.0"], "order-refused"),
        (&["--upgrade-from", "5.0.0"], "usage"),
        (&["--feature", "fly"], "order-refused"),
    ] {
        commands.refused(&[&enter[..], wrong].concat(), slug);
    }
    let other = enter.iter().map(|word| if *word == "server.pem" { "issuer.pem" } else { word });
    commands.refused(&other.collect::<Vec<_>>(), "certificate-refused");
    let none =
        enter.iter().map(|word| if *word == "server.pem" { "server.request.pem" } else { word });
    commands.refused(&none.collect::<Vec<_>>(), "certificate-refused");
    let zero = enter.iter().map(|word| if *word == "2" { "0" } else { word });
    commands.refused(&zero.collect::<Vec<_>>(), "usage");
    let orders = commands.json(&["clearinghouse", "order", "list", "--license-server", "acme"]);
    assert_eq!(orders.as_array().map(Vec::len), Some(1), "{orders}");
}

#[test]
fn an_order_is_cancelled_as_long_as_its_pack_is_not_issued() {
    let commands = Commands::with_clearinghouse();
    let orderer = Orderer::new(&commands);
    let placed = |name: &str| {
        commands.write(name, orderer.order(&commands).1);
        let id = commands.succeed(&["clearinghouse", "order", "import", name]);
        id.trim().to_owned()
    };
    let (one, other) = (placed("one"), placed("other"));
    let cancel = ["clearinghouse", "order", "cancel", &one];
    assert_eq!(commands.succeed(&cancel), "cancelled: nothing was paid\n");
    let said = commands.succeed(&pay(&one, "3600", "a"));
    assert!(said.contains("nothing is issued"), "{said}");
    assert_eq!(commands.succeed(&cancel), "cancelled: 3600 EUR are to be paid back\n");
    commands.refused(&["clearinghouse", "pack", "show", &one], "not-found");
    commands.succeed(&pay(&other, "3600", "a"));
    commands.refused(&["clearinghouse", "order", "cancel", &other], "order-refused");
    let orders = commands.json(&["clearinghouse", "order", "list"]);
    let states: Vec<&Value> =
        orders.as_array().expect("a list").iter().map(|it| &it["state"]).collect();
    assert_eq!(states, ["cancelled", "issued"]);
    for (wrong, slug) in [
        (pay(&one, "1", "a"), "order-refused"),
        (pay(&one, "0", "b"), "usage"),
        (pay("nonsense", "1", "b"), "usage"),
    ] {
        commands.refused(&wrong, slug);
    }
    let mut dollars = pay(&one, "1", "b");
    dollars[7] = "USD";
    commands.refused(&dollars, "order-refused");
    let unknown = OrderId::new().to_string();
    commands.refused(&pay(&unknown, "1", "b"), "not-found");
    commands.refused(&["clearinghouse", "order", "cancel", &unknown], "not-found");
    commands.refused(&["clearinghouse", "order", "show", &unknown], "not-found");
}

#[test]
fn a_file_that_is_no_order_is_refused() {
    let commands = Commands::with_clearinghouse();
    let orderer = Orderer::new(&commands);
    let (_, order) = orderer.order(&commands);
    for (content, slug) in [
        (String::new(), "bad-request"),
        ("nonsense".to_owned(), "bad-request"),
        (order[..order.len() - 8].to_owned() + "AAAAAAAA", "order-refused"),
        ("x".repeat((2 << 20) + 1), "local-file"),
    ] {
        commands.write("wrong", content);
        commands.refused(&["clearinghouse", "order", "import", "wrong"], slug);
    }
    commands.refused(&["clearinghouse", "order", "import", "missing"], "local-file");
}

#[test]
fn products_are_offered_once_and_withdrawn() {
    let commands = Commands::with_clearinghouse();
    let listed = commands.json(&["clearinghouse", "product", "list"]);
    assert_eq!(listed[0]["product"]["features"], json!(["edit", "print"]));
    let add = [&["clearinghouse", "product", "add"], &OFFICE[..]].concat();
    let rest = ["--family", "office", "--manufacturer", "M", "--fee", "1", "--currency", "EUR"];
    let add = [&add[..], &rest].concat();
    let named = [&add[..], &["--description", "en=Again"]].concat();
    commands.refused(&named, "order-refused");
    let features = [&named[..], &["--feature", "fly"]].concat();
    let said = commands.refused(&features, "order-refused");
    assert!(said.contains("one fee for all features"), "{said}");
    for wrong in [
        &[][..],
        &["--description", "english"],
        &["--description", "EN=x"],
        &["--description", "en=x", "--description", "en=y"],
        &["--description", "en=x", "--fee", "0"],
        &["--description", "en=x", "--valid-for", "0d"],
        &["--description", "en=x", "--upgrade-from", "5.0.1"],
    ] {
        commands.refused(&[&add[..], wrong].concat(), "usage");
    }
    commands.add_office(&["--upgrade-from", "4.0.0"]);
    let withdraw = [&["clearinghouse", "product", "withdraw"], &OFFICE[..]].concat();
    commands.succeed(&withdraw);
    commands.refused(&withdraw, "not-found");
    let lines = commands.succeed(&["clearinghouse", "product", "list"]);
    assert!(lines.contains(" withdrawn\n") && lines.contains(" upgrade-from 4.0.0 "), "{lines}");
    commands.succeed(&named);
}
