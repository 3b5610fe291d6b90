//! Licenses that outlive the certificate that they were issued under.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::{LicenseIssuer, RevocationList, VerifiedLicense};
use trybuy_formats::instant::{DAY, Span};
use trybuy_formats::licensing::product::LicenseType;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::primitives::EcdsaKey;
use trybuy_server::license_server::license_state::LicenseState;
use trybuy_server::store::{Assignment, LicenseQuery};

use crate::support::{SERVER, TestClient, TestServer, pack};

const YEAR: u64 = 365;

/// Whose certificate a license server goes on with.
#[derive(Clone, Copy, Debug)]
enum Renewal {
    SameKey,
    OtherKey,
}

impl Renewal {
    const ALL: [Self; 2] = [Self::SameKey, Self::OtherKey];

    async fn of(self, server: TestServer, days: u64) -> TestServer {
        let key = match self {
            Self::SameKey => server.server.issuer().key().to_pkcs8(),
            Self::OtherKey => EcdsaKey::generate().and_then(|key| key.to_pkcs8()),
        };
        let key = EcdsaKey::from_pkcs8(&key.expect("a key")).expect("a key");
        let validity = Span::seconds(days * DAY.as_seconds());
        let issuer: LicenseIssuer = server.authority.issuer_with(key, SERVER, validity);
        server.restarted_with(issuer).await
    }
}

async fn pass_days(server: &TestServer, days: u64) {
    server.pass(i64::try_from(days * DAY.as_seconds()).expect("few"));
}

async fn is_on_the_list(server: &TestServer, license: &VerifiedLicense) -> bool {
    let list = server.get("revocations").await.body;
    let list = RevocationList::from_der(&list, server.server.issuer().chain().leaf());
    list.expect("a list").contains(&license.certificate().serial().expect("a serial number"))
}

async fn licenses_of(server: &TestServer, client: &TestClient) -> Vec<Assignment> {
    let of = LicenseQuery::OfClient(client.id());
    server.server.store.licenses(of, None).await.expect("answered")
}

#[tokio::test]
async fn a_license_outlives_the_certificate_that_it_was_issued_under() {
    for renewal in Renewal::ALL {
        let server = TestServer::start().await;
        let mut full = pack("1.0.0", 2);
        full.ends_at = None;
        server.install(&full).await;
        let ada = TestClient::new();
        let (_, first) = ada.license(&server, "1.0.0").await;
        pass_days(&server, YEAR + 1).await;
        assert!(first.certificate().not_after() < server.now());
        let state = async |server: &TestServer| {
            LicenseState::of_assigned(&licenses_of(server, &ada).await[0], server.now())
        };
        assert_eq!(state(&server).await, LicenseState::CertificateEnded);
        let server = renewal.of(server, 2 * YEAR).await;
        let (outcome, anew) = ada.license(&server, "1.0.0").await;
        assert_eq!(outcome, LicenseOutcome::Reissued, "{renewal:?}");
        assert_eq!(anew.license().license_id, first.license().license_id);
        assert_eq!(anew.license().pack_id, Some(full.pack_id));
        assert!(anew.certificate().not_after() > server.now(), "{renewal:?}");
        assert_eq!(state(&server).await, LicenseState::Valid);
        let (_, same) = ada.license(&server, "1.0.0").await;
        assert_eq!(same.certificate().der(), anew.certificate().der(), "signed once");
        assert_eq!(server.assigned(&full).await, 1);
        assert_eq!(licenses_of(&server, &ada).await.len(), 1);
        assert!(!is_on_the_list(&server, &first).await, "it has ended anyway");
    }
}

#[tokio::test]
async fn a_license_that_would_last_longer_now_is_signed_anew_and_the_one_before_refused() {
    for renewal in Renewal::ALL {
        let server = TestServer::start().await;
        let mut full = pack("1.0.0", 1);
        full.ends_at = None;
        server.install(&full).await;
        let ada = TestClient::new();
        let (_, first) = ada.license(&server, "1.0.0").await;
        pass_days(&server, 300).await;
        let server = renewal.of(server, 2 * YEAR).await;
        let (outcome, anew) = ada.license(&server, "1.0.0").await;
        assert_eq!(outcome, LicenseOutcome::Reissued, "{renewal:?}");
        assert!(anew.certificate().not_after() > first.certificate().not_after(), "{renewal:?}");
        assert!(is_on_the_list(&server, &first).await, "{renewal:?}");
        assert!(!is_on_the_list(&server, &anew).await, "{renewal:?}");
        // Its answer may have been lost: with the one before its client gets the same.
        let challenge = ada.challenge(&server, "1.0.0").await;
        let mut response = ada.response(&challenge, "1.0.0");
        response.held_license = Some(first.certificate().der().to_vec());
        let answer = ada.send(&server, "challenge-responses", &response).await;
        assert_eq!(ada.open(&server, &answer).1.certificate().der(), anew.certificate().der());
        assert!(!is_on_the_list(&server, &anew).await, "{renewal:?}");
        // It is listed until it ends.
        pass_days(&server, 70).await;
        assert!(!is_on_the_list(&server, &first).await, "{renewal:?}");
    }
}

#[tokio::test]
async fn what_was_issued_while_the_clock_was_ahead_is_dated_anew_once_it_is_right() {
    for seconds in [6 * 60, 61 * DAY.as_seconds()] {
        dated_anew(i64::try_from(seconds).expect("few")).await;
    }
}

/// By a clock that was so many seconds ahead.
async fn dated_anew(ahead_by: i64) {
    let server = TestServer::start().await;
    let mut full = pack("1.0.0", 1);
    full.ends_at = None;
    server.install(&full).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    server.pass(ahead_by);
    let (_, ahead) = ada.license(&server, "1.0.0").await;
    let (outcome, temporary) = bob.license(&server, "1.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Temporary);
    let lasts = |license: &VerifiedLicense| {
        let SeatLicense { issued_at, ends_at, .. } = license.license();
        ends_at.expect("an end").since(*issued_at)
    };
    server.pass(-ahead_by);
    for (client, ahead) in [(&ada, ahead), (&bob, temporary)] {
        let (_, anew) = client.license(&server, "1.0.0").await;
        assert_eq!(anew.license().license_id, ahead.license().license_id);
        assert_eq!(anew.license().issued_at, server.now());
        assert!(anew.certificate().not_before() <= server.now());
        if ahead.license().ends_at.is_some() {
            assert_eq!(lasts(&anew), lasts(&ahead));
        }
        let (_, same) = client.license(&server, "1.0.0").await;
        assert_eq!(same.certificate().der(), anew.certificate().der(), "signed once");
        assert!(is_on_the_list(&server, &ahead).await, "it would be good one day, or is");
    }
    assert_eq!(server.assigned(&full).await, 1);
}

#[tokio::test]
async fn a_license_that_ends_before_its_certificate_would_is_issued_as_it_was() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 1)).await;
    let ada = TestClient::new();
    let (_, first) = ada.license(&server, "1.0.0").await;
    let server = Renewal::SameKey.of(server, 2 * YEAR).await;
    let (_, again) = ada.license(&server, "1.0.0").await;
    assert_eq!(again.certificate().der(), first.certificate().der());
}

#[tokio::test]
async fn an_upgraded_license_is_signed_anew_as_what_it_was_upgraded_to() {
    let server = TestServer::start().await;
    let (mut full, mut upgrade) = (pack("1.0.0", 1), pack("2.0.0", 1));
    let from = "1.0.0".parse().expect("a version");
    upgrade.product.license_type = LicenseType::Upgrade { from };
    upgrade.product.features.push("more".parse().expect("a label"));
    (full.ends_at, upgrade.ends_at) = (None, None);
    server.install(&full).await;
    server.install(&upgrade).await;
    let ada = TestClient::new();
    let (_, old) = ada.license(&server, "1.0.0").await;
    let (outcome, new) = ada.open(&server, &ada.upgrade(&server, &old, "2.0.0").await);
    assert_eq!(outcome, LicenseOutcome::Upgraded);
    pass_days(&server, YEAR + 1).await;
    let server = Renewal::OtherKey.of(server, 2 * YEAR).await;
    let (outcome, anew) = ada.license(&server, "2.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Reissued);
    let expected = SeatLicense { issued_at: server.now(), ..new.license().clone() };
    assert_eq!(anew.license(), &expected);
    assert_eq!((server.assigned(&full).await, server.assigned(&upgrade).await), (1, 1));
}

#[tokio::test]
async fn a_temporary_license_outlives_the_certificate_that_it_was_issued_under() {
    for renewal in Renewal::ALL {
        let server = TestServer::start().await;
        let full = pack("1.0.0", 1);
        let server = Renewal::SameKey.of(server, 30).await;
        server.order(&full).await;
        let ada = TestClient::new();
        let (outcome, first) = ada.license(&server, "1.0.0").await;
        assert_eq!(outcome, LicenseOutcome::Temporary);
        pass_days(&server, 31).await;
        let server = renewal.of(server, 2 * YEAR).await;
        let (outcome, anew) = ada.license(&server, "1.0.0").await;
        assert_eq!(outcome, LicenseOutcome::TemporaryAgain, "{renewal:?}");
        assert_eq!(anew.license().license_id, first.license().license_id);
        assert_eq!(anew.license().ends_at, first.license().ends_at, "it lasts no longer");
        assert!(anew.certificate().not_after() > server.now(), "{renewal:?}");
        let (_, same) = ada.license(&server, "1.0.0").await;
        assert_eq!(same.certificate().der(), anew.certificate().der(), "signed once");
    }
}
