//! The command line, from the certifying authority to the audit.

use std::process::Command;

use trybuy_formats::certificates::CertificateRequest;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::limits;
use trybuy_formats::primitives::EcdsaKey;

use crate::support::Program;

/// A license server with its certificates.
pub(crate) fn installed() -> Program {
    let program = Program::new();
    program.done(&["authority", "init", "ca", "--name", "Test authority"]);
    program.done(&["license-server", "init", "--id", "server"]);
    let own = program.data().join("license-server");
    for (request, role, out) in [
        ("license-server.csr", "license-server", "server.pem"),
        ("issuer.csr", "license-issuer", "issuer.pem"),
    ] {
        let request = own.join(request);
        let request = request.to_str().expect("UTF-8");
        let sign = ["authority", "sign", "ca", request, "--role", role, "--id", "server"];
        program.done(&[&sign[..], &["--out", out]].concat());
    }
    program.done(&install("server.pem", "issuer.pem"));
    program
}

/// The same beside a clearinghouse that offers a product for 100 EUR.
pub(crate) fn with_clearinghouse() -> Program {
    let program = installed();
    program.done(&["clearinghouse", "init", "--id", "house"]);
    let request = program.data().join("clearinghouse/request.pem");
    let request = request.to_str().expect("UTF-8");
    let sign = ["authority", "sign", "ca", request, "--role", "clearinghouse", "--id", "house"];
    program.done(&[&sign[..], &["--out", "house.pem"]].concat());
    let install = ["clearinghouse", "certificate", "install", "house.pem"];
    program.done(&[&install[..], &["--authority", "ca/authority.pem"]].concat());
    let add =
        ["clearinghouse", "product", "add", "--product", "com.example.desk", "--family", "desk"];
    let terms = ["--manufacturer", "Example", "--fee", "100", "--currency", "EUR"];
    program.done(&[&add[..], &PRODUCT, &terms, &["--description", "en=Desk"]].concat());
    program
}

/// The same with a pack in a file, with which the license server gets its first record.
pub(crate) fn with_pack() -> Program {
    let program = with_clearinghouse();
    let place = ["license-server", "order", "place", "--product", "com.example.desk"];
    program.done(&[&place[..], &PRODUCT, &["--quantity", "5", "--out", "order"]].concat());
    let order = program.done(&["clearinghouse", "order", "import", "order"]);
    let fee = ["clearinghouse", "fee", "record", order.trim(), "--amount", "500"];
    program.done(&[&fee[..], &["--currency", "EUR", "--reference", "invoice 1"]].concat());
    program.done(&["clearinghouse", "pack", "export", order.trim(), "pack"]);
    program
}

/// What is offered.
pub(crate) const PRODUCT: [&str; 8] = [
    "--version",
    "2.0.0",
    "--platform-type",
    "non-windows",
    "--upgrade-from",
    "1.0.0",
    "--feature",
    "print",
];

fn install<'a>(server: &'a str, issuer: &'a str) -> [&'a str; 9] {
    [
        "license-server",
        "certificate",
        "install",
        "--license-server",
        server,
        "--issuer",
        issuer,
        "--authority",
        "ca/authority.pem",
    ]
}

#[test]
fn a_license_server_is_made_once_and_takes_only_its_own_certificates() {
    let program = installed();
    program.refused(&["license-server", "init", "--id", "server"], "already-set-up");
    program.refused(&install("issuer.pem", "server.pem"), "certificate-refused");
    program.refused(&install("missing.pem", "issuer.pem"), "local-file");
    let other = Program::new();
    other.refused(&["license-server", "pack", "list"], "not-set-up");
    other.done(&["license-server", "init", "--id", "server"]);
    // For the key of another license server that calls itself the same.
    let request = other.data().join("license-server/license-server.csr");
    let request = request.to_str().expect("UTF-8");
    let sign = ["authority", "sign", "ca", request, "--role", "license-server", "--id", "server"];
    program.done(&[&sign[..], &["--out", "foreign.pem"]].concat());
    let said = program.refused(&install("foreign.pem", "issuer.pem"), "certificate-refused");
    assert!(said.contains("made for another key"), "{said}");
    let order = [
        "license-server",
        "order",
        "place",
        "--product",
        "com.example.desk",
        "--version",
        "1.0.0",
        "--platform-type",
        "non-windows",
        "--quantity",
        "5",
        "--out",
        "order",
    ];
    other.refused(&order, "not-set-up");
    program.refused(&order[..order.len() - 2], "usage");
    let id = program.done(&order);
    let orders = program.json(&["license-server", "order", "list", "--json"]);
    assert_eq!(orders[0]["order_id"], id.trim());
    assert_eq!(orders[0]["quantity"], 5);
    program.done(&["license-server", "order", "export", id.trim(), "again"]);
    let file = std::fs::read_to_string(program.path("order")).expect("written");
    assert_eq!(std::fs::read_to_string(program.path("again")).expect("written"), file);
    assert!(file.len() < <PurchaseOrder as trybuy_formats::signed::Document>::PAYLOAD_CAP);
}

#[test]
fn a_pack_travels_as_a_file_and_is_installed_once() {
    let program = with_pack();
    program.done(&["license-server", "pack", "install", "pack"]);
    program.refused(&["license-server", "pack", "install", "pack"], "pack-installed");
    let file = std::fs::read_to_string(program.path("pack")).expect("read");
    program.write("altered", file.replacen('.', ".A", 1));
    program.refused(&["license-server", "pack", "install", "altered"], "pack-refused");
    let packs = program.json(&["license-server", "pack", "list", "--json"]);
    assert_eq!((&packs[0]["quantity"], &packs[0]["free"]), (&5.into(), &5.into()));
    let id = packs[0]["pack_id"].as_str().expect("an id");
    let listed = program.done(&["license-server", "pack", "list"]);
    for words in [
        "5 of 5 free  com.example.desk 2.0.0 non-windows upgrade-from 1.0.0 +print  begins 20",
        "Z  ends never\n",
    ] {
        assert!(listed.contains(words), "{listed}");
    }
    let shown = program.done(&["license-server", "pack", "show", id]);
    assert!(
        shown.contains("assigned: 0\n") && shown.contains("manufacturer: Example\n"),
        "{shown}"
    );
    let free = program.json(&["license-server", "licenses", "list", "--free", "--json"]);
    assert_eq!(free["pack_id"], id);
    let records = program.done(&["license-server", "records", "list"]);
    let lines: Vec<&str> = records.lines().collect();
    let found =
        lines.iter().map(|line| (line.contains("  pack-refused  pack-"), line.contains(id)));
    assert_eq!(
        found.collect::<Vec<_>>(),
        [(false, true), (true, true), (true, false)],
        "{records}"
    );
    let filters = ["--pack", id, "--reason", "pack-installed", "--until", "2999-01-01T00:00:00Z"];
    let found = program.done(&[&["license-server", "records", "list"], &filters[..]].concat());
    assert_eq!(found.lines().collect::<Vec<_>>(), lines[1..2]);
    let mark = program.data().join("license-server/records.mark");
    assert!(std::fs::read_to_string(mark).expect("a mark").contains("\"records\":3"));
}

#[test]
fn a_file_that_is_no_text_or_too_large_is_refused_as_a_pack_and_leaves_a_record() {
    let program = installed();
    let install = ["license-server", "pack", "install"];
    let large = vec![b'.'; limits::CERTIFIED_DOCUMENT + 1];
    for (number, file) in [b"\xff\xfe\x00".to_vec(), Vec::new(), large].into_iter().enumerate() {
        program.write("file", file);
        program.refused(&[&install[..], &["file"]].concat(), "pack-refused");
        let records = program.done(&["license-server", "records", "list"]);
        let lines: Vec<&str> = records.lines().collect();
        assert_eq!(lines.len(), number + 1, "{records}");
        assert!(lines[number].contains("  pack-refused  pack-unreadable"), "{records}");
    }
    // There is no pack to decide on.
    program.refused(&[&install[..], &["missing"]].concat(), "local-file");
    let records = program.done(&["license-server", "records", "list"]);
    assert_eq!(records.lines().count(), 3);
}

#[test]
fn images_and_gateways_are_added_listed_and_removed() {
    let program = installed();
    let key = EcdsaKey::generate().expect("a key");
    program.write("vendor.key", &*key.to_pkcs8().expect("encoded"));
    let request = CertificateRequest::to_sign_with(&key, "Vendor", "1").expect("a request");
    program.write("vendor.csr", request);
    let sign = ["authority", "sign", "ca", "vendor.csr", "--role", "image-vendor", "--id", "1"];
    program.done(&[&sign[..], &["--out", "vendor.pem"]].concat());
    program.write("client", "the image");
    let sign = |id: &'static str, out: &'static str| {
        [
            "client-image",
            "sign",
            "client",
            "--software-id",
            id,
            "--name",
            "Client",
            "--version",
            "1.0.0",
            "--certificate",
            "vendor.pem",
            "--key",
            "vendor.key",
            "--out",
            out,
        ]
    };
    program.refused(&sign("0200000200000001", "wrong"), "client-image-refused");
    let foreign = sign("0200000100000001", "wrong")
        .map(|word| if word == "vendor.pem" { "issuer.pem" } else { word });
    let said = program.refused(&foreign, "certificate-refused");
    assert!(said.contains("made for another key"), "{said}");
    // A certificate of the key that is used, for something else.
    let issuer_key = program.data().join("license-server/issuer.key");
    let issuer_key = issuer_key.to_str().expect("UTF-8");
    let other_role = sign("0200000100000001", "wrong").map(|word| match word {
        "vendor.pem" => "issuer.pem",
        "vendor.key" => issuer_key,
        word => word,
    });
    let said = program.refused(&other_role, "certificate-refused");
    assert!(said.contains("made for another use") && said.contains("image vendor"), "{said}");
    program.done(&sign("0200000100000001", "statement"));
    let made = Command::new("mkfifo").arg(program.path("pipe")).status();
    assert!(made.expect("run").success());
    let pipe = ["license-server", "image", "add", "pipe", "--statement", "statement"];
    let said = program.refused(&pipe, "local-file");
    assert!(said.contains("not a regular file"), "{said}");
    let add = ["license-server", "image", "add", "client", "--statement", "statement"];
    program.done(&add);
    program.done(&add);
    program.write("client", "another image");
    program.refused(&add, "client-image-refused");
    let images = program.json(&["license-server", "image", "list", "--json"]);
    assert_eq!(images[0]["software_id"], "0200000100000001");
    program.done(&["license-server", "image", "remove", "0200000100000001"]);
    program.refused(&["license-server", "image", "remove", "0200000100000001"], "not-found");
    let cache = program.data().join("license-server/images");
    assert_eq!(std::fs::read_dir(cache).expect("listed").count(), 0);
    let key = "7".repeat(64);
    let add = ["license-server", "gateway", "add", "front", "--key-hex", &key];
    program.done(&add);
    program.refused(&add, "usage");
    program.refused(&["license-server", "gateway", "add", "x", "--key-hex", "1"], "usage");
    let gateways = program.json(&["license-server", "gateway", "list", "--json"]);
    assert_eq!(gateways[0]["public_key"], key);
    program.done(&["license-server", "gateway", "remove", "front"]);
    program.refused(&["license-server", "gateway", "remove", "front"], "not-found");
}

#[test]
fn a_new_gateway_says_where_it_is_registered() {
    let program = installed();
    let license_server = program.serve();
    let url = license_server.url.trim_end_matches("/api/v1");
    let service = ["gateway", "init", "--service", "http://127.0.0.1:1", "--license-server", url];
    let product = ["--product", "com.example.desk", "--product-version", "1.0.0"];
    let authority = ["--authority", "ca/authority.pem"];
    let said = program.done(&[&service[..], &product, &authority].concat());
    let next = "next: trybuy-server --data-dir DIR license-server gateway add NAME --key-hex ";
    assert!(
        said.contains(next) && said.contains("DIR is the data directory of the license server")
    );
}

#[test]
fn a_missing_data_directory_ends_as_every_wrong_command_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
    command.args(["license-server", "licenses", "list"]).env_remove("TRYBUY_DATA_DIR");
    let output = command.output().expect("run");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.starts_with("error[usage]: ") && said.contains("--data-dir"), "{said}");
}

#[test]
fn nothing_is_listed_of_a_new_license_server() {
    let program = installed();
    for arguments in [
        &["license-server", "licenses", "list"][..],
        &["license-server", "licenses", "list", "--free", "--json"],
        &["license-server", "licenses", "list", "--temporary"],
        &["license-server", "records", "list", "--outcome", "granted", "--json"],
        &["license-server", "pack", "list"],
    ] {
        assert_eq!(program.done(arguments), "", "{arguments:?}");
    }
    let header = program.done(&["license-server", "records", "list", "--csv"]);
    assert!(header.starts_with("number,at,outcome,reason,client_id"));
    let audit = program.done(&["license-server", "audit", "verify"]);
    assert_eq!(
        audit,
        "all 0 records are as they were written; there is no records.mark, so it is not seen if some were removed at the \
         end\n"
    );
    program.done(&["license-server", "records", "export", "records.json"]);
    program.refused(&["license-server", "records", "export", "records.json"], "local-file");
    program.refused(&["license-server", "restored", "accept"], "usage");
    let id = format!("{}.1", uuid::Uuid::now_v7());
    let revoke = ["license-server", "revoke", &id, "--reason", "sold"];
    let said = program.refused(&revoke, "not-found");
    assert!(said.contains(&format!("there is no license {id}\n")), "{said}");
}

#[tokio::test]
async fn an_end_of_the_records_that_was_removed_is_said_to_be() {
    use sqlx::Connection as _;
    let program = installed();
    sqlx::any::install_default_drivers();
    let database = format!("sqlite:{}", program.data().join("trybuy.sqlite3").display());
    let mut connection = sqlx::AnyConnection::connect(&database).await.expect("the database");
    let removed = sqlx::query("DELETE FROM license_record_head").execute(&mut connection).await;
    assert_eq!(removed.expect("done").rows_affected(), 1);
    connection.close().await.expect("closed");
    let said = program.refused(&["license-server", "audit", "verify"], "state-damaged");
    assert!(said.contains("license_record_head"), "{said}");
    let client = "7".repeat(64);
    let readmit = ["license-server", "readmit", &client, "--product", "com.example.desk"];
    let readmit = [&readmit[..], &["--reason", "x"]].concat();
    let serve = ["serve", "--role", "license-server", "--listen", "127.0.0.1:0", "--log", "off"];
    for command in [&readmit[..], &["license-server", "restored", "accept"], &serve] {
        let said = program.refused(command, "state-damaged");
        assert!(said.contains("audit verify"), "{said}");
    }
}
