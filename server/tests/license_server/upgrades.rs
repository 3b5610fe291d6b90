//! Upgrades (SL Fig. 8).

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::product::LicenseType;
use trybuy_formats::slug::Slug;

use crate::support::{Authority, TestClient, TestServer, pack};

#[tokio::test]
async fn an_older_license_is_upgraded_by_one_upgrade_license() {
    let server = TestServer::start().await;
    let full = pack("1.0.0", 2);
    let mut upgrade = pack("2.0.0", 1);
    let from = "1.0.0".parse().expect("a version");
    upgrade.product.license_type = LicenseType::Upgrade { from };
    server.install(&full).await;
    server.install(&upgrade).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, old) = ada.license(&server, "1.0.0").await;
    let (_, other) = bob.license(&server, "1.0.0").await;
    let (outcome, new) = ada.open(&server, &ada.upgrade(&server, &old, "2.0.0").await);
    assert_eq!(outcome, LicenseOutcome::Upgraded);
    assert_eq!(new.license().version.to_string(), "2.0.0");
    assert_eq!(new.license().license_id, old.license().license_id);
    // The answer may have been lost: the old license gets the new one again.
    let (again, same) = ada.open(&server, &ada.upgrade(&server, &old, "2.0.0").await);
    assert_eq!(again, LicenseOutcome::Reissued);
    assert_eq!(same.certificate().der(), new.certificate().der());
    assert_eq!(server.assigned(&upgrade).await, 1);
    bob.upgrade(&server, &other, "2.0.0").await.refused(403, Slug::NoFreeLicense);
    // One that has ended is as good for an upgrade.
    let mut more = pack("2.0.0", 1);
    more.product.license_type = upgrade.product.license_type.clone();
    more.ends_at = None;
    server.install(&more).await;
    server.pass(100 * 86_400);
    let (late, _) = bob.open(&server, &bob.upgrade(&server, &other, "2.0.0").await);
    assert_eq!(late, LicenseOutcome::Upgraded);
}

#[tokio::test]
async fn a_request_that_is_sent_again_uses_up_no_further_upgrade() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 1)).await;
    let ada = TestClient::new();
    let (_, old) = ada.license(&server, "1.0.0").await;
    let upgrade = || {
        let mut upgrade = pack("2.0.0", 1);
        let from = "1.0.0".parse().expect("a version");
        upgrade.product.license_type = LicenseType::Upgrade { from };
        upgrade
    };
    let (first, mut second) = (upgrade(), upgrade());
    server.install(&first).await;
    let request = ada.upgrade_request(&old, "2.0.0");
    let send = async || ada.send(&server, "upgrades", &request).await;
    assert_eq!(ada.open(&server, &send().await).0, LicenseOutcome::Upgraded);
    second.ends_at = None;
    server.install(&second).await;
    server.pass(100 * 86_400);
    send().await.refused(403, Slug::NoFreeLicense);
    assert_eq!(server.assigned(&second).await, 0);
    // Its client, who answers a challenge, gets it.
    assert_eq!(ada.license(&server, "2.0.0").await.0, LicenseOutcome::Upgraded);
    assert_eq!(server.assigned(&second).await, 1);
}

#[tokio::test]
async fn after_an_upgrade_that_ends_sooner_a_license_is_what_it_was() {
    let server = TestServer::start().await;
    let (mut full, mut upgrade) = (pack("1.0.0", 3), pack("2.0.0", 3));
    let end = |days: u64| Some(server.now().plus(Span::seconds(days * 86_400)));
    let from = "1.0.0".parse().expect("a version");
    upgrade.product.license_type = LicenseType::Upgrade { from };
    (full.ends_at, upgrade.ends_at) = (end(90), end(5));
    server.install(&full).await;
    server.install(&upgrade).await;
    // One that a client has, and one that is free.
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, first) = ada.license(&server, "1.0.0").await;
    let (outcome, upgraded) = ada.license(&server, "2.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Upgraded);
    assert_eq!(upgraded.license().ends_at, upgrade.ends_at);
    let (outcome, granted) = bob.license(&server, "2.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Granted);
    server.pass(5 * 86_400);
    let (outcome, again) = ada.license(&server, "1.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Reissued);
    // Presented to be upgraded, it is issued again where that does.
    let (outcome, of_bob) = bob.open(&server, &bob.upgrade(&server, &granted, "1.0.0").await);
    assert_eq!(outcome, LicenseOutcome::Reissued);
    for (license, before) in [(&again, &first), (&of_bob, &granted)] {
        let (license, before) = (license.license(), before.license());
        assert_eq!(license.license_id, before.license_id);
        assert_eq!(
            (license.version.to_string().as_str(), license.ends_at),
            ("1.0.0", full.ends_at)
        );
        assert_eq!(license.pack_id, Some(full.pack_id));
    }
    assert_ne!(again.certificate().der(), first.certificate().der());
    for pack in [&full, &upgrade] {
        assert_eq!(server.assigned(pack).await, 2);
    }
}

#[tokio::test]
async fn only_a_license_of_this_license_server_is_upgraded() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 2)).await;
    let ada = TestClient::new();
    let (_, license) = ada.license(&server, "1.0.0").await;
    for other in [server.authority.issuer("other"), Authority::new(server.now()).issuer("server")] {
        let mut fields = license.license().clone();
        fields.license_server = other.id().clone();
        let forged = other.issue(&fields, ada.key.spki()).expect("issued");
        let request = trybuy_formats::licensing::upgrade::UpgradeRequest {
            format: 1,
            license: forged.der().to_vec(),
            version: "1.0.0".parse().expect("a version"),
            features: Vec::new(),
            encryption_key: ada.decryption.encryption_key().spki().to_vec(),
        };
        ada.send(&server, "upgrades", &request).await.refused(403, Slug::LicenseForeign);
    }
}
