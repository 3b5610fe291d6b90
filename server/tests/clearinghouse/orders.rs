//! Orders: taken once, and only of license servers under the authority.

use serde_json::{Value, json};
use trybuy_formats::api::PlaceOrder;
use trybuy_formats::certificates::{CertificateChain, CertificateRequest, Role};
use trybuy_formats::ids::OrderId;
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::product::LicenseType;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::limits;
use trybuy_formats::primitives::EcdsaKey;
use trybuy_formats::slug::Slug;
use trybuy_server::store::OfferKey;

use crate::support::{Answer, Authority, LicenseServer, TestServer, begin, parsed};

#[tokio::test]
async fn what_is_offered_is_listed_until_it_is_withdrawn() {
    let server = TestServer::start().await;
    let listed: Value = Answer::of(server.get("/products")).await.json(200);
    let product = &listed["products"][0];
    assert_eq!(product["product"]["features"], json!(["edit", "print"]));
    assert_eq!((&product["fee"], &product["currency"]), (&json!(1200), &json!("EUR")));
    assert_eq!(product["valid_for"], json!(31_536_000));
    assert_eq!(product["descriptions"][0], json!({ "locale": "de", "text": "Ein Büro" }));
    let key = OfferKey::of(&crate::support::product());
    assert!(server.state.store.withdraw_offer(&key, begin()).await.expect("answered"));
    let listed: Value = Answer::of(server.get("/products")).await.json(200);
    assert_eq!(listed, json!({ "products": [] }));
    let license_server = server.license_server();
    let refused = server.place(license_server.sign(&license_server.order())).await;
    refused.refused(422, Slug::OrderRefused);
}

#[tokio::test]
async fn the_same_order_again_changes_nothing() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let order = license_server.order();
    let first: Value = server.place(license_server.sign(&order)).await.json(201);
    let expected = json!({
        "order_id": order.order_id, "state": "fee-due", "fee": 12_000, "currency": "EUR",
    });
    assert_eq!(first, expected);
    // Another signature, and what was offered then is not offered any more.
    let key = OfferKey::of(&order.product);
    server.state.store.withdraw_offer(&key, begin()).await.expect("answered");
    let again: Value = server.place(license_server.sign(&order)).await.json(200);
    assert_eq!(again, expected);
    let shown: Value =
        Answer::of(server.get(&format!("/orders/{}", order.order_id))).await.json(200);
    assert_eq!(shown, expected);
    let other = PurchaseOrder { quantity: 11, ..order };
    let said = server.place(license_server.sign(&other)).await.refused(422, Slug::OrderRefused);
    assert!(said.contains("another order"), "{said}");
}

#[tokio::test]
async fn an_order_may_be_old_but_not_of_the_future() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let year = |year: u32| parsed(&format!("{year}-01-01T00:00:00Z"));
    let ahead = |seconds| begin().plus(Span::seconds(seconds));
    for (ordered_at, is_taken) in
        [(year(1999), true), (ahead(300), true), (ahead(301), false), (year(2099), false)]
    {
        let order = PurchaseOrder { ordered_at, ..license_server.order() };
        let placed = server.place(license_server.sign(&order)).await;
        if is_taken {
            placed.json::<Value>(201);
        } else {
            let said = placed.refused(422, Slug::OrderRefused);
            assert!(said.contains(&format!("dated {ordered_at}")), "{said}");
        }
    }
}

/// A change to an order, what is said of it, and with which slug.
type Case = (fn(&mut PurchaseOrder), &'static str, Slug);

#[tokio::test]
async fn an_order_of_what_is_not_offered_is_refused() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let cases: [Case; 7] = [
        (
            |order| order.product.product_id = parsed("com.example.other"),
            "not offered",
            Slug::OrderRefused,
        ),
        (|order| order.product.version = parsed("6.0.0"), "not offered", Slug::OrderRefused),
        (
            |order| order.product.platform_type = trybuy_formats::ids::PlatformType::Windows,
            "not offered",
            Slug::OrderRefused,
        ),
        (
            |order| order.product.license_type = LicenseType::Upgrade { from: parsed("4.0.0") },
            "not offered",
            Slug::OrderRefused,
        ),
        (|order| order.product.features = vec![parsed("fly")], "feature `fly`", Slug::OrderRefused),
        (|order| order.license_server = parsed("other"), "signed by `acme`", Slug::OrderRefused),
        (
            |order| order.certificate = String::new(),
            "certificate in the order",
            Slug::CertificateRefused,
        ),
    ];
    for (change, expected, slug) in cases {
        let mut order = license_server.order();
        change(&mut order);
        let answer = server.place(license_server.sign(&order)).await;
        let status = if slug == Slug::CertificateRefused { 403 } else { 422 };
        let said = answer.refused(status, slug);
        assert!(said.contains(expected), "{said}");
        let unknown = Answer::of(server.get(&format!("/orders/{}", order.order_id))).await;
        unknown.refused(404, Slug::NotFound);
    }
}

#[tokio::test]
async fn certificates_of_others_are_refused() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let refused = async |text: String, status, slug, expected: &str| {
        let said = server.place(text).await.refused(status, slug);
        assert!(said.contains(expected), "{said}");
    };
    // Of an authority that is not trusted: the signer's, or the one that the pack would be encrypted to.
    let foreign = LicenseServer::new("acme", &Authority::new(begin()));
    let text = foreign.sign(&foreign.order());
    refused(text, 403, Slug::CertificateRefused, "signed under").await;
    let mixed = PurchaseOrder { certificate: foreign.chain.to_pem(), ..license_server.order() };
    refused(license_server.sign(&mixed), 403, Slug::CertificateRefused, "in the order").await;
    // Of another license server.
    let other = LicenseServer::new("other", &server.authority);
    let mixed = PurchaseOrder { certificate: other.chain.to_pem(), ..license_server.order() };
    refused(license_server.sign(&mixed), 422, Slug::OrderRefused, "is for `other`").await;
    // Of another role.
    let signer = license_server.issuer_chain.to_pem();
    let mixed = PurchaseOrder { certificate: signer, ..license_server.order() };
    refused(license_server.sign(&mixed), 403, Slug::CertificateRefused, "another use").await;
    let (key, chain) = vendor(&server);
    let text = sign_certified(&key, &chain, &license_server.order()).expect("signed");
    refused(text, 403, Slug::CertificateRefused, "another use").await;
    // Signed with a key that the certificate is not for.
    let text = sign_certified(&key, &license_server.issuer_chain, &license_server.order());
    refused(text.expect("signed"), 422, Slug::OrderRefused, "signature").await;
    // Expired.
    server.pass_days(731);
    let text = license_server.sign(&license_server.order());
    refused(text, 403, Slug::CertificateRefused, "not valid any more").await;
}

/// A key with a certificate of another role.
fn vendor(server: &TestServer) -> (EcdsaKey, CertificateChain) {
    let key = EcdsaKey::generate().expect("a key");
    let request = CertificateRequest::to_sign_with(&key, "Vendor", "7").expect("a request");
    let chain = server.authority.issue(&request, Role::ImageVendor);
    (key, chain)
}

#[tokio::test]
async fn what_is_no_order_is_refused() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let good = license_server.sign(&license_server.order());
    let (input, _) = good.rsplit_once('.').expect("a signature");
    let altered = license_server.sign(&license_server.order());
    let (_, signature) = altered.rsplit_once('.').expect("a signature");
    for (text, status, slug) in [
        (String::new(), 400, Slug::BadRequest),
        ("a.b.c".to_owned(), 400, Slug::BadRequest),
        (input.to_owned(), 400, Slug::BadRequest),
        (format!("{input}.{signature}"), 422, Slug::OrderRefused),
    ] {
        server.place(text).await.refused(status, slug);
    }
    let unknown = json!({ "order": good, "more": 1 });
    assert_eq!(Answer::of(server.post("/orders").json(&unknown)).await.status, 400);
    let large = PlaceOrder { order: "x".repeat(limits::CERTIFIED_DOCUMENT + 2048) };
    assert_eq!(Answer::of(server.post("/orders").json(&large)).await.status, 413);
    let at_cap = PlaceOrder { order: "x".repeat(limits::CERTIFIED_DOCUMENT) };
    Answer::of(server.post("/orders").json(&at_cap)).await.refused(400, Slug::BadRequest);
    let path = format!("/orders/{}", OrderId::new());
    Answer::of(server.get(&path)).await.refused(404, Slug::NotFound);
    assert_eq!(Answer::of(server.get("/orders/nonsense")).await.status, 404);
}

#[tokio::test]
async fn an_address_orders_so_often_a_minute() {
    let server = TestServer::with("[rate_limits]\norders_per_minute = 2").await;
    let license_server = server.license_server();
    let text = license_server.sign(&license_server.order());
    assert_eq!(server.place(text.clone()).await.status, 201);
    assert_eq!(server.place(text.clone()).await.status, 200);
    let refused = server.place(text).await;
    refused.refused(429, Slug::RateLimited);
    assert!(refused.headers.contains_key("retry-after"));
}
