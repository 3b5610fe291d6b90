//! The revocation list.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::{RevocationList, RevocationReason, VerifiedLicense};
use trybuy_formats::licensing::product::LicenseType;
use trybuy_server::store::{Revocation, Revoked};

use crate::support::{TestClient, TestServer, pack};

async fn revoke(server: &TestServer, license: &VerifiedLicense) {
    let revocation = Revocation {
        license_id: license.license().license_id,
        client: None,
        note: "sold".parse().expect("a note"),
        bars: false,
        now: server.now(),
    };
    let revoked = server.server.store.revoke_license(server.server.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
}

async fn list(server: &TestServer) -> RevocationList {
    let answer = server.get("revocations").await;
    assert_eq!(answer.headers["content-type"], "application/pkix-crl");
    RevocationList::from_der(&answer.body, server.server.issuer().chain().leaf()).expect("a list")
}

#[tokio::test]
async fn a_license_without_end_is_listed_with_its_reason_until_its_certificate_ends() {
    let server = TestServer::start().await;
    let (mut full, mut upgrade) = (pack("1.0.0", 2), pack("2.0.0", 1));
    let from = "1.0.0".parse().expect("a version");
    upgrade.product.license_type = LicenseType::Upgrade { from };
    for pack in [&mut full, &mut upgrade] {
        pack.ends_at = None;
        server.install(pack).await;
    }
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, upgraded) = ada.license(&server, "1.0.0").await;
    let (outcome, _) = ada.license(&server, "2.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Upgraded);
    let (_, taken_back) = bob.license(&server, "1.0.0").await;
    revoke(&server, &taken_back).await;
    assert_eq!((upgraded.license().ends_at, taken_back.license().ends_at), (None, None));
    let listed = list(&server).await;
    for (license, reason) in [
        (&upgraded, RevocationReason::Superseded),
        (&taken_back, RevocationReason::PrivilegeWithdrawn),
    ] {
        let serial = license.certificate().serial().expect("a serial number");
        assert_eq!(listed.reason(&serial), Some(reason));
    }
    let end = upgraded.certificate().not_after();
    assert_eq!(end, taken_back.certificate().not_after());
    server.pass(end.since(server.now()).as_seconds().try_into().expect("a year"));
    assert_eq!(list(&server).await.len(), 2, "both are good in that second");
    server.pass(4 * 86_400);
    assert!(list(&server).await.is_empty());
}

#[tokio::test]
async fn a_revoked_license_is_on_the_list_and_its_seat_is_free() {
    let server = TestServer::start().await;
    let pack = pack("1.0.0", 1);
    server.install(&pack).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, license) = ada.license(&server, "1.0.0").await;
    assert!(list(&server).await.is_empty());
    revoke(&server, &license).await;
    let revoked = list(&server).await;
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
    assert!(list(&server).await.is_empty());
}
