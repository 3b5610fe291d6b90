//! Whether a license server can answer.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde_json::Value;
use trybuy_formats::api::LicenseServerInfo;
use trybuy_formats::certificates::Serial;
use trybuy_formats::licensing::records::RecordsMark;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use trybuy_server::license_server::revocation_list::SignedList;
use trybuy_server::store::{DecisionOutcome, LicenseDecision, PresentedLicense, SeenReport};

use crate::support::{TestClient, TestServer, pack};

const DOCUMENTATION: &str = include_str!("../../../docs/licensing.md");

#[tokio::test]
async fn a_license_server_says_what_keeps_it_from_granting_licenses_until_it_is_mended() {
    let server = TestServer::start().await;
    // A disk that was tried is not tried again for a moment.
    let told = async |expected: &str| {
        let begun = Instant::now();
        let health = loop {
            let health: Value = server.get("../../healthz").await.json(200);
            if health["status"] == expected {
                break health;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{expected}: {health}");
        };
        assert_eq!(health["help"].is_string(), expected != "ok", "{health}");
        assert!(DOCUMENTATION.contains(&format!("| `{expected}` |")), "{expected}");
    };
    told("ok").await;
    let directory = &server.directory.path().join("license-server");
    let mark = directory.join("records.mark");
    std::fs::write(&mark, "nonsense").expect("damaged");
    told("local-file").await;
    std::fs::remove_file(&mark).expect("removed");
    told("ok").await;
    let away = server.directory.path().join("away");
    std::fs::rename(directory, &away).expect("moved");
    told("local-file").await;
    let says = async || server.get("license-server").await.json::<LicenseServerInfo>(200);
    assert!(says().await.cannot_write, "gateways are told, too");
    std::fs::rename(&away, directory).expect("moved back");
    told("ok").await;
    assert!(!says().await.cannot_write);
    let (store, secret) = (&server.server.store, server.server.secret());
    let lost = RecordsMark { records: 1000, ..RecordsMark::BEGIN };
    let decision = LicenseDecision::of(DecisionOutcome::Restored, server.now());
    store.compare_records(secret, lost, decision).await.expect("compared");
    told("license-server-restored").await;
    store.accept_restored(secret, server.now()).await.expect("accepted");
    told("ok").await;
    // Another client shows a license of the seat: the store has forgotten it, and nothing else has shown that.
    server.install(&pack("1.0.0", 1)).await;
    let (_, license) = TestClient::new().license(&server, "1.0.0").await;
    let client_id = TestClient::new().id();
    let shown = PresentedLicense {
        license: SeatLicense { client_id, ..license.license().clone() },
        certificate_serial: Serial::random(),
        certificate: license.certificate().der().to_vec(),
    };
    let gateway = "front".parse().expect("a label");
    let report = SeenReport { gateway, licenses: vec![shown], now: server.now() };
    store.take_report(secret, &report).await.expect("taken");
    told("seat-granted-twice").await;
    store.accept_restored(secret, server.now()).await.expect("accepted");
    told("ok").await;
}

#[tokio::test]
async fn a_license_server_says_that_it_is_well_as_the_other_roles_do() {
    let server = TestServer::start().await;
    let health: Value = server.get("../../healthz").await.json(200);
    assert_eq!(health["status"], "ok");
    server.server.store.close().await;
    server.get("../../healthz").await.refused(503, Slug::ServerError);
}

#[tokio::test]
async fn an_operator_is_told_in_time_that_the_revocation_list_gets_too_long() {
    let server = TestServer::start().await;
    let mark = server.server.store.record_head().await.expect("answered").mark;
    let signed = |bytes: usize| SignedList {
        mark,
        signed_at: server.now(),
        renewed_at: server.now(),
        der: Bytes::from(vec![0; bytes]),
    };
    const MOST: usize = limits::REVOCATION_LIST;
    for (bytes, status) in [
        (MOST / 4 * 3 - 1, "ok"),
        (MOST / 4 * 3, "revocation-list-nearly-full"),
        (MOST + 1, "revocation-list-too-long"),
    ] {
        server.server.last_list.put(signed(bytes));
        let health: Value = server.get("../../healthz").await.json(200);
        assert_eq!(health["status"], status);
        assert!(DOCUMENTATION.contains(&format!("| `{status}` |")), "{status}");
        let help = health["help"].as_str().map(|help| help.contains("another license server"));
        assert_eq!(help, (status != "ok").then_some(true), "{health}");
    }
    // The next list is shorter.
    server.get("revocations").await;
    let health: Value = server.get("../../healthz").await.json(200);
    assert_eq!(health["status"], "ok");
}
