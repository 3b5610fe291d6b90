//! The client image installer 118.

use trybuy_formats::certificates::Role;
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_server::license_server::LicenseServer;
use trybuy_server::license_server::images::ImageRefused;

use crate::support::{Authority, TestServer};

const ID: &str = "0200000100000007";

async fn install(
    server: &TestServer,
    statement: &str,
    image: &[u8],
) -> Result<ClientImage, ImageRefused> {
    let path = server.directory.path().join("candidate");
    std::fs::write(&path, image).expect("written");
    let LicenseServer { images, store, authorities, .. } = &*server.server;
    images.install(store, authorities, statement, &path, server.now()).await
}

#[tokio::test]
async fn only_what_its_vendor_signed_is_installed() {
    let server = TestServer::start().await;
    let vendor = server.authority.certified(Role::ImageVendor, "1");
    let now = server.now();
    let good = vendor.statement(ID, b"image", now);
    let forged = {
        let (signed, _) = good.rsplit_once('.').expect("a signature");
        let other = vendor.statement(ID, b"other", now);
        let (_, signature) = other.rsplit_once('.').expect("a signature");
        format!("{signed}.{signature}")
    };
    let of_role = server.authority.certified(Role::Clearinghouse, "house");
    let stranger = Authority::new(now).certified(Role::ImageVendor, "1");
    let neighbour = server.authority.certified(Role::ImageVendor, "2");
    for (statement, image, expected) in [
        (forged, &b"image"[..], "Statement"),
        (of_role.statement(ID, b"image", now), b"image", "Statement"),
        (stranger.statement(ID, b"image", now), b"image", "Statement"),
        (neighbour.statement(ID, b"image", now), b"image", "Vendor"),
        (good.clone(), b"imagf", "Content"),
        (good.clone(), b"imag", "Content"),
        (good.clone(), b"images", "Content"),
        ("no statement".to_owned(), b"image", "Statement"),
    ] {
        let refused = install(&server, &statement, image).await.expect_err("refused");
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?}");
        let software_id = ID.parse().expect("an id");
        assert_eq!(server.server.store.client_image(software_id).await.expect("answered"), None);
    }
    install(&server, &good, b"image").await.expect("installed");
    install(&server, &good, b"image").await.expect("the same again changes nothing");
    let other = vendor.statement(ID, b"other", now);
    let refused = install(&server, &other, b"other").await.expect_err("refused");
    assert!(matches!(refused, ImageRefused::Taken(_)), "{refused:?}");
}
