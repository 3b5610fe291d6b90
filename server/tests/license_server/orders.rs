//! Orders, from the first word to the installed pack.

use serde_json::{Value, json};

use crate::commands::{PRODUCT, with_clearinghouse};
use crate::support::{Program, Serving};

const ORDER: [&str; 2] = ["license-server", "order"];

/// A license server that orders at a clearinghouse which runs.
fn ordering() -> (Program, Serving) {
    let program = with_clearinghouse();
    let clearinghouse = program.serve_as("clearinghouse");
    let url = clearinghouse.url.trim_end_matches("/api/v1");
    let config = program.data().join("license-server/license-server.toml");
    let text = std::fs::read_to_string(&config).expect("read");
    let text =
        text.replace("# url = \"https://clearinghouse.example.com\"", &format!("url = \"{url}\""));
    std::fs::write(config, text).expect("written");
    (program, clearinghouse)
}

fn place(quantity: &'static str, more: &[&'static str]) -> Vec<&'static str> {
    let place = ["place", "--product", "com.example.desk", "--quantity", quantity];
    [&ORDER[..], &place, &PRODUCT, more].concat()
}

fn state(program: &Program, id: &str) -> Value {
    let listed = program.json(&[&ORDER[..], &["list", "--all", "--json"]].concat());
    let of = |it: &&Value| it["order_id"] == id;
    listed.as_array().expect("a list").iter().find(of).expect("the order")["state"].clone()
}

fn pay(program: &Program, id: &str, amount: &str) {
    let fee = ["clearinghouse", "fee", "record", id, "--amount", amount, "--currency", "EUR"];
    program.done(&[&fee[..], &["--reference", "invoice"]].concat());
}

#[test]
fn what_can_be_ordered_is_listed_in_the_language_of_the_user() {
    let (program, clearinghouse) = ordering();
    let add =
        ["clearinghouse", "product", "add", "--product", "com.example.desk", "--family", "desk"];
    let terms = ["--manufacturer", "Example", "--fee", "40", "--currency", "EUR"];
    let terms = [&terms[..], &["--valid-for", "365d"]].concat();
    let product = ["--version", "2.0.0", "--platform-type", "windows", "--upgrade-from", "1.0.0"];
    let words =
        ["--feature", "print", "--description", "de=Ein Tisch", "--description", "en=A desk"];
    program.done(&[&add[..], &terms, &product, &words].concat());
    let list = ["license-server", "product", "list"];
    for (locale, expected) in [("de_AT.UTF-8", "Ein Tisch"), ("en_GB", "A desk"), ("C", "A desk")] {
        let listed = program.done_with(&list, &[("LC_ALL", locale)]);
        let line =
            "com.example.desk 2.0.0 windows upgrade-from 1.0.0 +print  40 EUR  365d  Example  ";
        assert_eq!(listed.lines().last(), Some(&*format!("{line}{expected}")), "{listed}");
        assert_eq!(listed.lines().count(), 2, "{listed}");
        assert!(listed.contains(" EUR  no end said  Example  "), "{listed}");
    }
    let listed = program.json(&[&list[..], &["--json"]].concat());
    assert_eq!((&listed[1]["fee"], &listed[1]["valid_for"]), (&json!(40), &json!(31_536_000)));
    assert_eq!(listed[0].get("valid_for"), None);
    assert_eq!(listed[1]["descriptions"][1], json!({ "locale": "en", "text": "A desk" }));
    clearinghouse.stop();
    program.refused(&list, "server-unreachable");
}

#[test]
fn an_order_says_how_it_is_with_it_until_its_pack_is_installed() {
    let (program, _clearinghouse) = ordering();
    let id = program.done(&place("5", &[]));
    let id = id.trim();
    assert_eq!(state(&program, id), "fee-due");
    pay(&program, id, "500");
    assert_eq!(state(&program, id), "fee-due", "nobody has asked");
    let listed = program.done(&[&ORDER[..], &["list"]].concat());
    let words = "  5 of com.example.desk 2.0.0 non-windows upgrade-from 1.0.0 +print  20";
    assert!(listed.contains(words), "{listed}");
    let show = [&ORDER[..], &["show", id, "--json"]].concat();
    assert_eq!(program.json(&show)["state"], "issued");
    program.done(&["license-server", "pack", "fetch", id]);
    let pack = program.json(&["license-server", "pack", "list", "--json"])[0]["pack_id"].take();
    assert_eq!(state(&program, id), "installed");
    let shown = program.json(&show);
    assert_eq!((&shown["state"], &shown["pack_id"]), (&json!("installed"), &pack));
    let other = program.done(&place("6", &[]));
    assert_eq!(state(&program, other.trim()), "fee-due");
}

#[test]
fn an_order_that_was_refused_says_so_and_only_send_sends_it() {
    let (program, _clearinghouse) = ordering();
    let said = program.refused(&place("5", &["--feature", "fly"]), "order-refused");
    assert!(said.contains("product list"), "the clearinghouse says what to do: {said}");
    assert_eq!(program.done(&[&ORDER[..], &["list"]].concat()), "", "it is no open one");
    let listed = program.json(&[&ORDER[..], &["list", "--all", "--json"]].concat());
    assert_eq!(listed[0]["state"], "refused");
    assert!(listed[0]["refusal"]["title"].as_str().expect("words").contains("`fly`"), "{listed}");
    let id = listed[0]["order_id"].as_str().expect("an id");
    let shown = program.done(&[&ORDER[..], &["show", id]].concat());
    assert!(shown.contains("refused: "), "{shown}");
    // One that travels as a file is sent by nobody.
    let id = program.done(&place("5", &["--out", "order"]));
    let id = id.trim();
    for _ in 0..2 {
        let shown = program.json(&[&ORDER[..], &["show", id, "--json"]].concat());
        assert_eq!(shown["state"], "not-sent");
    }
    program.done(&[&ORDER[..], &["send", id]].concat());
    assert_eq!(state(&program, id), "fee-due");
}

#[test]
fn an_order_by_telephone_is_shown_too() {
    let (program, _clearinghouse) = ordering();
    let enter = ["clearinghouse", "order", "enter", "--license-server-certificate", "server.pem"];
    let what = ["--product", "com.example.desk", "--quantity", "2"];
    let id = program.done(&[&enter[..], &what, &PRODUCT].concat());
    let id = id.trim();
    let show = [&ORDER[..], &["show", id]].concat();
    let shown = program.done(&show);
    assert!(shown.contains("entered at the clearinghouse  the fee of 200 EUR is due"), "{shown}");
    let unknown = program.json(&[&show[..], &["--json"]].concat());
    assert_eq!((&unknown["product"], &unknown["answer"]["fee"]), (&Value::Null, &json!(200)));
    program.refused(&[&show[..], &["--offline"]].concat(), "not-found");
    let placed = program.done(&place("5", &["--out", "order"]));
    pay(&program, id, "200");
    program.done(&["license-server", "pack", "fetch", id]);
    let shown = program.json(&[&show[..], &["--offline", "--json"]].concat());
    assert_eq!((&shown["state"], &shown["quantity"]), (&json!("installed"), &json!(2)));
    assert_eq!(shown["product"]["features"], json!(["print"]));
    let listed = program.json(&[&ORDER[..], &["list", "--json"]].concat());
    assert_eq!(listed[0], shown);
    assert_eq!(listed[1]["order_id"], placed.trim());
    let members = |order: &Value| order.as_object().map(|it| it.keys().cloned().collect());
    let shape: Option<Vec<String>> = members(&listed[1]);
    assert_eq!((members(&shown), members(&unknown)), (shape.clone(), shape));
    let listed = program.done(&[&ORDER[..], &["list"]].concat());
    let words = "  2 of com.example.desk 2.0.0 non-windows upgrade-from 1.0.0 +print  entered at";
    assert!(listed.starts_with(&format!("{id}{words}")), "{listed}");
    let unknown = uuid::Uuid::now_v7().to_string();
    program.refused(&[&ORDER[..], &["show", &unknown]].concat(), "not-found");
}
