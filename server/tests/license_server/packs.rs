//! The license pack installer 110: what it takes, and what it refuses for which reason.

use trybuy_formats::certificates::Role;
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::slug::Slug;
use trybuy_server::license_server::packs::{PackRefused, open};
use trybuy_server::refusal::Refusal as _;

use crate::support::{Authority, SERVER, pack};

#[test]
fn a_pack_is_refused_for_every_fault() {
    let good = pack("1.0.0", 3);
    let now = good.issued_at;
    let (authority, stranger) = (Authority::new(now), Authority::new(now));
    let house = authority.certified(Role::Clearinghouse, "house");
    let (key, other_key) =
        (DecryptionKey::generate().expect("a key"), DecryptionKey::generate().expect("a key"));
    let altered = |alter: &dyn Fn(&mut LicensePack)| {
        let mut pack = good.clone();
        alter(&mut pack);
        house.pack(&pack, &key)
    };
    let forged = {
        let text = house.pack(&good, &key);
        let (signed, _) = text.rsplit_once('.').expect("a signature");
        let other = altered(&|pack| pack.quantity = 9);
        format!("{signed}.{}", other.rsplit_once('.').expect("a signature").1)
    };
    let day = Span::seconds(86_400);
    let opened = |file: &str, at| {
        open(&authority.authorities(), &SERVER.parse().expect("an id"), &key, file, at)
    };
    let file = house.pack(&good, &key);
    assert_eq!(opened(&file, now).expect("opened"), good);
    assert_eq!(opened(&file, now.plus(day)).expect("opened"), good);
    let elsewhere = altered(&|pack| pack.license_server = "elsewhere".parse().expect("an id"));
    let mismatch = altered(&|pack| pack.clearinghouse = "other".parse().expect("an id"));
    let ended = altered(&|pack| pack.ends_at = Some(now.plus(Span::seconds(1))));
    let before = altered(&|pack| pack.issued_at = now.minus(Span::seconds(1)));
    let short = authority.certified_for(Role::Clearinghouse, "house", Span::seconds(10));
    let of_role = authority.certified(Role::ImageVendor, "1");
    let foreign = stranger.certified(Role::Clearinghouse, "house");
    let later = now.plus(day);
    for (file, at, slug, expected) in [
        (forged, now, Slug::PackRefused, "Signature"),
        (foreign.pack(&good, &key), now, Slug::CertificateRefused, "Signature"),
        (of_role.pack(&good, &key), now, Slug::CertificateRefused, "Signature"),
        (short.pack(&good, &key), later, Slug::CertificateRefused, "Signature"),
        (elsewhere, now, Slug::PackRefused, "LicenseServer"),
        (house.pack(&good, &other_key), now, Slug::PackRefused, "Contents"),
        (mismatch, now, Slug::PackRefused, "Clearinghouse"),
        (ended, later, Slug::PackRefused, "Ended"),
        (before, now, Slug::PackRefused, "IssueDate"),
        ("no pack".to_owned(), now, Slug::PackRefused, "Signature"),
    ] {
        let refused = opened(&file, at).expect_err(expected);
        assert!(format!("{refused:?}").starts_with(expected), "{refused:?}");
        assert_eq!(refused.slug(), slug, "{expected}");
        assert!(refused.help().is_some());
    }
    assert_eq!(PackRefused::Installed.slug(), Slug::PackInstalled);
}
