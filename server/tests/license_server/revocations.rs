//! The revocation list.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::RevocationList;
use trybuy_server::store::{Revocation, Revoked};

use crate::support::{TestClient, TestServer, pack};

#[tokio::test]
async fn a_revoked_license_is_on_the_list_and_its_seat_is_free() {
    let server = TestServer::start().await;
    let pack = pack("1.0.0", 1);
    server.install(&pack).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, license) = ada.license(&server, "1.0.0").await;
    let list = async || {
        let answer = server.get("revocations").await;
        assert_eq!(answer.headers["content-type"], "application/pkix-crl");
        RevocationList::from_der(&answer.body, server.server.issuer().chain().leaf())
            .expect("a list")
    };
    assert!(list().await.is_empty());
    let revocation = Revocation {
        license_id: license.license().license_id,
        client: None,
        note: "sold".parse().expect("a note"),
        bars: false,
        now: server.now(),
    };
    let revoked = server.server.store.revoke_license(server.server.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    let revoked = list().await;
    let serial = license.certificate().serial().expect("a serial number");
    assert!(revoked.contains(&serial) && revoked.len() == 1);
    let (outcome, other) = bob.license(&server, "1.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Granted);
    assert_eq!(other.license().license_id.to_string(), format!("{}.1.1", pack.pack_id));
    assert_eq!(ada.license(&server, "1.0.0").await.0, LicenseOutcome::Temporary);
    // It is signed anew when half of its time is over, and not for each who asks.
    let bytes = async || server.get("revocations").await.body;
    let first = bytes().await;
    server.pass(3 * 86_400);
    assert_eq!(bytes().await, first);
    server.pass(86_400);
    assert_ne!(bytes().await, first);
    // What would have ended anyway is left out.
    server.pass(100 * 86_400);
    assert!(list().await.is_empty());
}
