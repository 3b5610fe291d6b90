//! Packs: issued for the whole fee, for one license server, and delivered again byte for byte.

use serde_json::json;
use trybuy_formats::certificates::Role;
use trybuy_formats::ids::OrderId;
use trybuy_formats::instant::{DAY, Span};
use trybuy_formats::licensing::pack::{LicensePack, PackError, SealedPack};
use trybuy_formats::licensing::signing::open_certified;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::signed::Verified;
use trybuy_formats::slug::Slug;

use crate::support::{TestServer, offer, product};

/// A pack's file, its signature verified.
fn opened(server: &TestServer, file: Vec<u8>) -> Verified<SealedPack> {
    let text = String::from_utf8(file).expect("text");
    let opened =
        open_certified(&server.authority.trusted(), Role::Clearinghouse, server.now(), &text);
    let (signer, sealed) = opened.expect("signed by the clearinghouse");
    assert_eq!(signer.subject_id().as_deref(), Some("main"));
    sealed
}

#[tokio::test]
async fn nothing_is_issued_before_the_whole_fee_is_paid() {
    let server = TestServer::start().await;
    let order = server.placed(&server.license_server()).await;
    let said = server.pack(order).await.refused(402, Slug::FeeDue);
    assert_eq!(said, "of the fee of 12000 EUR, 0 is paid");
    server.pay(order, 11_999).await;
    let said = server.pack(order).await.refused(402, Slug::FeeDue);
    assert_eq!(said, "of the fee of 12000 EUR, 11999 is paid");
    assert_eq!(server.state_of(order).await, "fee-due");
    server.pack(OrderId::new()).await.refused(404, Slug::NotFound);
}

#[tokio::test]
async fn a_pack_has_every_field_of_table_1() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    let order = server.placed(&license_server).await;
    server.pay(order, 12_000).await;
    assert_eq!(server.state_of(order).await, "issued");
    let answer = server.pack(order).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (200, &"application/jose".parse().expect("a value"))
    );
    let sealed = opened(&server, answer.body);
    let pack = sealed.open(license_server.key()).expect("for this license server");
    let expected = LicensePack {
        format: 1,
        pack_id: pack.pack_id,
        clearinghouse: crate::support::parsed("main"),
        order_id: order,
        license_server: crate::support::parsed("acme"),
        issued_at: server.now(),
        first_active_at: server.now(),
        ends_at: Some(server.now().plus(Span::seconds(365 * DAY.as_seconds()))),
        begin_serial: 1,
        quantity: 10,
        descriptions: offer().descriptions,
        manufacturer: offer().manufacturer,
        family: offer().family,
        product: product(),
    };
    assert_eq!(pack, expected);
    let other = DecryptionKey::generate().expect("a key");
    assert_eq!(sealed.open(&other), Err(PackError::ForeignKey));
}

#[tokio::test]
async fn a_lost_pack_is_delivered_again_byte_for_byte() {
    let server = TestServer::start().await;
    let order = server.placed(&server.license_server()).await;
    server.pay(order, 12_000).await;
    let first = server.pack(order).await;
    server.pass_days(400);
    let again = server.pack(order).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
}

#[tokio::test]
async fn serial_numbers_go_on_with_the_next_pack() {
    let server = TestServer::start().await;
    let license_server = server.license_server();
    for begin in [1, 11, 21] {
        let order = server.placed(&license_server).await;
        server.pay(order, 12_000).await;
        let sealed = opened(&server, server.pack(order).await.body);
        let pack = sealed.open(license_server.key()).expect("a pack");
        assert_eq!(pack.begin_serial, begin);
    }
}

#[tokio::test]
async fn a_cancelled_order_has_no_pack() {
    let server = TestServer::start().await;
    let order = server.placed(&server.license_server()).await;
    server.state.store.cancel_order(order, server.now()).await.expect("answered");
    server.pay(order, 12_000).await;
    assert_eq!(server.state_of(order).await, json!("cancelled"));
    server.pack(order).await.refused(422, Slug::OrderRefused);
}
