//! What registered gateways may ask, and nobody else.

use serde::Serialize;
use trybuy_formats::api::{
    GatewayLicenseRequest, LicenseOutcome, LicenseServerInfo, SeenAnswer, SeenLicenses,
};
use trybuy_formats::ids::PlatformType;
use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::records::{RecordsMark, RecordsStatement};
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::request_signature::{Request, sign};
use trybuy_formats::slug::Slug;
use trybuy_server::license_server::LicenseServer;
use trybuy_server::store::LicenseGateway;

use crate::support::{Answer, TestClient, TestServer, pack};

struct Gateway(RequestSignatureKey);

impl Gateway {
    async fn registered(server: &TestServer) -> Self {
        let key = RequestSignatureKey::generate().expect("a key");
        let public_key = key.public_key();
        let gateway = LicenseGateway {
            name: "front".parse().expect("a name"),
            key_id: key_id(&public_key),
            public_key,
            added_at: server.now(),
        };
        assert!(server.server.store.add_license_gateway(&gateway).await.expect("added"));
        Self(key)
    }

    async fn post(&self, server: &TestServer, path: &str, body: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(body).expect("JSON");
        let whole = format!("/api/v1/{path}");
        let request = Request { method: "POST", path: &whole, query: None, body: &body };
        let id = key_id(&self.0.public_key()).to_string();
        let fields = sign(&self.0, &id, &request, server.now());
        let request = server.client.post(server.address(path)).body(body);
        Answer::of(
            request
                .header("content-digest", fields.content_digest)
                .header("signature-input", fields.signature_input)
                .header("signature", fields.signature),
        )
        .await
    }
}

fn request(client: &TestClient, platform_type: PlatformType) -> GatewayLicenseRequest {
    GatewayLicenseRequest {
        client_key: client.key.spki().to_vec(),
        encryption_key: client.decryption.encryption_key().spki().to_vec(),
        platform_type,
        product_id: "com.example.desk".parse().expect("a product"),
        version: "1.0.0".parse().expect("a version"),
        features: Vec::new(),
    }
}

#[tokio::test]
async fn a_registered_gateway_gets_licenses_for_clients_without_a_challenge() {
    let server = TestServer::start().await;
    let gateway = Gateway::registered(&server).await;
    let mut legacy = pack("1.0.0", 1);
    legacy.product.platform_type = PlatformType::Legacy;
    server.install(&legacy).await;
    let ada = TestClient::new();
    for expected in [LicenseOutcome::Granted, LicenseOutcome::Reissued] {
        let wanted = request(&ada, PlatformType::Legacy);
        let answer = gateway.post(&server, "gateways/licenses", &wanted).await;
        let (outcome, license) = ada.open(&server, &answer);
        assert_eq!(outcome, expected);
        assert_eq!(license.license().platform_type, PlatformType::Legacy);
    }
    // Each platform type has its own packs.
    let wanted = request(&TestClient::new(), PlatformType::DirectConnect);
    let answer = gateway.post(&server, "gateways/licenses", &wanted).await;
    answer.refused(403, Slug::NoFreeLicense);
    let wanted = request(&TestClient::new(), PlatformType::Legacy);
    let answer = gateway.post(&server, "gateways/licenses", &wanted).await;
    let answer: trybuy_formats::api::LicenseAnswer = answer.json(200);
    assert_eq!(answer.outcome, LicenseOutcome::Temporary);
    let features = ["print", "basic"].map(|name| name.parse().expect("a label")).to_vec();
    let wanted = GatewayLicenseRequest { features, ..wanted };
    gateway.post(&server, "gateways/licenses", &wanted).await.refused(400, Slug::BadRequest);
    let wanted = request(&ada, PlatformType::NonWindows);
    gateway.post(&server, "gateways/licenses", &wanted).await.refused(400, Slug::BadRequest);
}

#[tokio::test]
async fn who_is_not_registered_gets_nothing() {
    let server = TestServer::start().await;
    let stranger = Gateway(RequestSignatureKey::generate().expect("a key"));
    let wanted = request(&TestClient::new(), PlatformType::Legacy);
    let answer = stranger.post(&server, "gateways/licenses", &wanted).await;
    answer.refused(401, Slug::GatewayNotRegistered);
    let answer = server.post("gateways/licenses", &wanted).await;
    answer.refused(401, Slug::Unauthorized);
    let gateway = Gateway::registered(&server).await;
    let name = "front".parse().expect("a name");
    assert!(server.server.store.remove_license_gateway(&name).await.expect("removed"));
    let answer = gateway.post(&server, "gateways/licenses", &wanted).await;
    answer.refused(401, Slug::GatewayNotRegistered);
}

#[tokio::test]
async fn what_a_gateway_has_seen_is_assigned_again_and_foreign_licenses_are_not() {
    let server = TestServer::start().await;
    let gateway = Gateway::registered(&server).await;
    let pack = pack("1.0.0", 5);
    server.install(&pack).await;
    let (ada, eve) = (TestClient::new(), TestClient::new());
    let (_, license) = ada.license(&server, "1.0.0").await;
    // What the license server granted before it was restored.
    let mut fields = license.license().clone();
    fields.client_id = eve.id();
    fields.license_id = format!("{}.3", pack.pack_id).parse().expect("an id");
    let lost = server.server.issuer().issue(&fields, eve.key.spki()).expect("issued");
    let chain = server.server.issuer().chain().with_leaf(lost).expect("a chain");
    let other = server.authority.issuer("other");
    let mut foreign = fields.clone();
    foreign.license_server = other.id().clone();
    let foreign = other.issue(&foreign, eve.key.spki()).expect("issued");
    let foreign = other.chain().with_leaf(foreign).expect("a chain");
    let records = said(&server).await;
    let licenses = vec![chain.to_pem(), foreign.to_pem(), "no license".to_owned()];
    // Also where what it shows of the records is good for nothing.
    for (shown, unknown) in [("", 1), (records.as_str(), 0)] {
        let report = SeenLicenses { records: shown.to_owned(), licenses: licenses.clone() };
        let answer = gateway.post(&server, "gateways/seen", &report).await;
        let expected = SeenAnswer { unknown, restored: false };
        assert_eq!(answer.json::<SeenAnswer>(200), expected);
    }
    assert_eq!(eve.license(&server, "1.0.0").await.0, LicenseOutcome::Reissued);
    let many = SeenLicenses { records, licenses: vec![String::new(); 51] };
    gateway.post(&server, "gateways/seen", &many).await.refused(413, Slug::TooLarge);
}

/// What the license server says of its records.
async fn said(server: &TestServer) -> String {
    server.get("license-server").await.json::<LicenseServerInfo>(200).records
}

#[tokio::test]
async fn nothing_is_signed_that_the_records_do_not_say() {
    use sqlx::Connection as _;
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 5)).await;
    let url = server.server.config.database.url.to_string();
    let mut database = sqlx::AnyConnection::connect(&url).await.expect("the database");
    for (change, status) in [("records + 1000", 500), ("records - 1000", 200)] {
        let change = format!("UPDATE license_record_head SET records = {change}");
        let changed = sqlx::query(sqlx::AssertSqlSafe(change)).execute(&mut database).await;
        assert_eq!(changed.expect("changed").rows_affected(), 1);
        assert_eq!(server.get("license-server").await.status, status);
    }
}

#[tokio::test]
async fn only_what_a_license_server_once_said_itself_shows_that_it_was_restored() {
    let server = TestServer::start().await;
    let gateway = Gateway::registered(&server).await;
    server.install(&pack("1.0.0", 5)).await;
    let show = async |records: &str| {
        let report = SeenLicenses { records: records.to_owned(), licenses: Vec::new() };
        gateway.post(&server, "gateways/seen", &report).await
    };
    let restored = async |records: &str| show(records).await.json::<SeenAnswer>(200).restored;
    let ada = TestClient::new();
    let first = said(&server).await;
    ada.license(&server, "1.0.0").await;
    assert!(!restored(&first).await && !restored(&said(&server).await).await);
    // Made up by another license server of the same authority, in its own name and in this one's, and by nobody.
    let mark = server.server.store.record_head().await.expect("answered").mark;
    let farther = RecordsMark { records: 1_000, ..mark };
    let other = server.authority.issuer("other");
    let of_other = RecordsStatement::sign(&other, farther, false).expect("signed");
    let statement = RecordsStatement {
        format: 1,
        license_server: server.server.issuer().id().clone(),
        mark: farther,
        restored: false,
    };
    let in_its_name = sign_certified(other.key(), other.chain(), &statement).expect("signed");
    for made_up in [of_other.as_str(), &in_its_name, "", "a.b.c"] {
        assert!(!restored(made_up).await, "{made_up}");
    }
    let bob = TestClient::new();
    assert_eq!(bob.license(&server, "1.0.0").await.0, LicenseOutcome::Granted);
    // It said so before it was restored.
    let lost = RecordsStatement::sign(server.server.issuer(), farther, false).expect("signed");
    assert!(restored(&lost).await);
    let eve = TestClient::new();
    eve.ask(&server, "1.0.0").await.refused(503, Slug::LicenseServerRestored);
    assert_eq!(ada.license(&server, "1.0.0").await.0, LicenseOutcome::Reissued);
    let LicenseServer { store, .. } = &*server.server;
    let accepted = store.accept_restored(server.server.secret(), server.now()).await;
    assert!(accepted.expect("answered"));
    // Shown once more, by whoever has kept it.
    assert!(!restored(&lost).await);
    assert_eq!(eve.license(&server, "1.0.0").await.0, LicenseOutcome::Granted);
}
