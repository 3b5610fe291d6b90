//! How a clearinghouse is made, and gets its certificate from an authority.

use trybuy_formats::certificates::{CertificateChain, CertificateRequest};
use trybuy_formats::primitives::EcdsaKey;

use crate::support::{Commands, is_private};

const DATABASE: &str = "data/trybuy.sqlite3";

/// An authority, and a clearinghouse that has no certificate yet.
fn without_certificate() -> Commands {
    let commands = Commands::new();
    commands.succeed(&["authority", "init", "authority", "--name", "Test"]);
    commands.succeed(&["clearinghouse", "init", "--id", "main", "--name", "Main Clearing"]);
    commands
}

fn install<'a>(certificate: &'a str, authority: &'a str) -> Vec<&'a str> {
    let install = ["clearinghouse", "certificate", "install", certificate];
    [&install[..], &["--authority", authority]].concat()
}

const SERVE: [&str; 3] = ["serve", "--role", "clearinghouse"];

#[test]
fn a_clearinghouse_is_made_once_for_its_owner_only() {
    let commands = Commands::new();
    commands.refused(&SERVE, "not-set-up");
    commands.refused(&["clearinghouse", "order", "list"], "not-set-up");
    let commands = without_certificate();
    commands.refused(&["authority", "init", "authority", "--name", "Test"], "local-file");
    commands.refused(&["clearinghouse", "init", "--id", "main"], "already-set-up");
    for secret in [
        "authority/authority.key",
        "data/clearinghouse/signing.key",
        "data/clearinghouse",
        DATABASE,
    ] {
        assert!(is_private(&commands.path(secret)), "{secret}");
    }
    // What was cut off before its end is repeated, and the key is kept.
    let key = commands.read("data/clearinghouse/signing.key");
    std::fs::remove_file(commands.path("data/clearinghouse/clearinghouse.toml")).expect("removed");
    commands.succeed(&["clearinghouse", "init", "--id", "main"]);
    assert!(commands.read("data/clearinghouse/signing.key") == key);
    // The catalog may live in the same directory.
    commands.succeed(&["init"]);
    commands.succeed(&["migrate", "--role", "clearinghouse"]);
    // A directory of others is left alone.
    let commands = Commands::new();
    std::fs::create_dir(commands.path("data")).expect("made");
    commands.write("data/diary.txt", "Dear diary");
    commands.refused(&["clearinghouse", "init", "--id", "main"], "local-file");
    assert!(!commands.path("data/clearinghouse").exists());
}

#[test]
fn only_the_clearinghouses_own_certificate_is_installed() {
    let commands = without_certificate();
    let key = EcdsaKey::generate().expect("a key");
    let cases = [
        ("key", "clearinghouse", "main"),
        ("id", "clearinghouse", "other"),
        ("role", "image-vendor", "7"),
    ];
    for (of_another, role, id) in cases {
        let request = CertificateRequest::to_sign_with(&key, "Other", id).expect("a request");
        commands.write("request.pem", request);
        let certificate = format!("{of_another}.pem");
        commands.sign("request.pem", role, id, &certificate);
        let install = install(&certificate, "authority/authority.pem");
        commands.refused(&install, "certificate-refused");
    }
    commands.sign("data/clearinghouse/request.pem", "clearinghouse", "main", "main.pem");
    commands.succeed(&["authority", "init", "foreign", "--name", "Foreign"]);
    commands.refused(&install("main.pem", "foreign/authority.pem"), "certificate-refused");
    commands.refused(&install("main.pem", "main.pem"), "certificate-refused");
    commands.refused(&install("missing.pem", "authority/authority.pem"), "local-file");
    commands.refused(&SERVE, "not-set-up");
    commands.install("main.pem");
    assert!(commands.serve().stop());
}

#[test]
fn a_database_and_the_files_beside_it_are_for_their_owner_only() {
    let commands = Commands::with_clearinghouse();
    let process = commands.serve();
    for file in ["", "-wal", "-shm"] {
        assert!(is_private(&commands.path(&format!("{DATABASE}{file}"))), "{file}");
    }
    assert!(process.stop());
}

#[test]
fn a_key_that_was_replaced_is_found_at_the_start() {
    let commands = Commands::with_clearinghouse();
    let key = EcdsaKey::generate().expect("a key").to_pkcs8().expect("PKCS#8");
    commands.write("data/clearinghouse/signing.key", &*key);
    commands.refused(&SERVE, "certificate-refused");
    commands.write("data/clearinghouse/signing.key", "damaged");
    commands.refused(&SERVE, "local-file");
}

#[test]
fn an_authority_signs_what_was_asked_for_only() {
    let commands = Commands::new();
    commands.succeed(&["authority", "init", "authority", "--name", "Test", "--valid-for", "30d"]);
    let key = EcdsaKey::generate().expect("a key");
    let request = CertificateRequest::to_sign_with(&key, "Acme", "acme").expect("a request");
    commands.write("request.pem", &request);
    commands.write("altered.pem", request.replacen("MI", "MJ", 1));
    let sign = |request, role, id, out| {
        let sign = ["authority", "sign", "authority", request, "--role", role];
        [&sign[..], &["--id", id, "--out", out]].concat()
    };
    for (wrong, slug) in [
        (sign("request.pem", "clearinghouse", "other", "out.pem"), "certificate-refused"),
        (sign("request.pem", "image-vendor", "acme", "out.pem"), "certificate-refused"),
        (sign("request.pem", "license-server", "acme", "out.pem"), "certificate-refused"),
        (sign("request.pem", "seat-license", "acme", "out.pem"), "usage"),
        (sign("altered.pem", "clearinghouse", "acme", "out.pem"), "certificate-refused"),
        (
            sign("authority/authority.pem", "clearinghouse", "acme", "out.pem"),
            "certificate-refused",
        ),
        (sign("missing.pem", "clearinghouse", "acme", "out.pem"), "local-file"),
        (sign("request.pem", "clearinghouse", "acme", "request.pem"), "local-file"),
    ] {
        commands.refused(&wrong, slug);
    }
    assert!(!commands.path("out.pem").exists());
    commands.succeed(&sign("request.pem", "clearinghouse", "acme", "out.pem"));
    let chain = CertificateChain::from_pem(&commands.text("out.pem")).expect("a chain");
    let authority = CertificateChain::from_pem(&commands.text("authority/authority.pem"));
    let ends = authority.expect("a certificate").leaf().not_after();
    assert_eq!(chain.leaf().not_after(), ends, "it ends with its authority's at the latest");
}

#[test]
fn an_authority_writes_a_list_that_openssl_reads() {
    let commands = Commands::new();
    commands.succeed(&["authority", "init", "authority", "--name", "Test"]);
    let write = ["authority", "revocation-list", "authority", "--out", "authority.crl"];
    commands.succeed(&write);
    commands.refused(&write, "local-file");
    let read = std::process::Command::new("openssl")
        .args(["crl", "-noout", "-in", "authority.crl"])
        .args(["-CAfile", "authority/authority.pem"])
        .current_dir(commands.path(""))
        .output()
        .expect("openssl");
    let said = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success() && said.contains("verify OK"), "{said}");
}
