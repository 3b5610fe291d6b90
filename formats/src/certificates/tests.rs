mod handmade;

use std::sync::LazyLock;

use der::asn1::OctetString;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use self::handmade::handmade;
use super::encode::{self, Body};
use super::*;
use crate::ids::{ClientId, PackId, PlatformType, SeatLicenseId};
use crate::instant::{DAY, Instant, Span};
use crate::keys::key_id;
use crate::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use crate::primitives::{DecryptionKey, EcdsaKey};
use crate::signed::FORMAT;

const YEAR: Span = Span::seconds(365 * 86_400);

fn now() -> Instant {
    Instant::from_unix(1_800_000_000).expect("an instant")
}

fn key() -> EcdsaKey {
    EcdsaKey::generate().expect("a key")
}

fn chain(certificates: &[&Certificate]) -> CertificateChain {
    CertificateChain::new(certificates.iter().map(|&it| it.clone()).collect()).expect("a chain")
}

/// A certifying authority, a license server and a client of it.
struct World {
    authority: DevelopmentAuthority,
    trusted: Authorities,
    issuer: LicenseIssuer,
    client: EcdsaKey,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let span = Span::seconds(10 * 31_557_600);
    let authority = DevelopmentAuthority::generate("Test", now().minus(DAY), span).expect("made");
    let trusted = Authorities::from_pem(&chain(&[authority.certificate()]).to_pem());
    let issuer_key = key();
    let certificate = issued(&authority, &issuer_key, Role::LicenseIssuer, "acme");
    let issuer = LicenseIssuer::new(issuer_key, chain(&[&certificate])).expect("an issuer");
    World { authority, trusted: trusted.expect("trusted"), issuer, client: key() }
});

fn issued(authority: &DevelopmentAuthority, key: &EcdsaKey, role: Role, id: &str) -> Certificate {
    let pem = CertificateRequest::to_sign_with(key, "Acme", id).expect("a request");
    let request = CertificateRequest::from_pem(&pem).expect("read");
    authority.issue(&request, role, now(), YEAR).expect("issued")
}

fn license(world: &World) -> SeatLicense {
    let pack = PackId::new();
    SeatLicense {
        format: FORMAT,
        license_id: SeatLicenseId::of_pack(pack, 1000, 0),
        client_id: ClientId::from_bytes(*key_id(world.client.spki()).as_bytes()),
        issued_at: now(),
        ends_at: Some(now().plus(YEAR)),
        license_server: world.issuer.id().clone(),
        kind: SeatLicenseKind::Permanent,
        pack_id: Some(pack),
        product_id: "com.example.suite".parse().expect("a product"),
        version: "5.0.0".parse().expect("a version"),
        features: vec!["drawing".parse().expect("a feature")],
        platform_type: PlatformType::NonWindows,
    }
}

#[test]
fn a_license_is_verified_up_to_the_authority() {
    let world = &*WORLD;
    let license = license(world);
    let certificate = world.issuer.issue(&license, world.client.spki()).expect("issued");
    let presented = world.issuer.chain().with_leaf(certificate).expect("a chain");
    let reread = CertificateChain::from_pem(&presented.to_pem()).expect("read");
    let verified = world.trusted.verify_license(&reread, now()).expect("verified");
    assert_eq!(verified.license(), &license);
    assert_eq!(verified.certificate().spki(), world.client.spki());
}

/// Authorities name keys in ways of their own, or not at all.
#[test]
fn what_a_license_server_signs_names_its_key_as_its_certificate_does() {
    let world = &*WORLD;
    let named = |identifier: Option<&[u8]>| {
        let key = key();
        let authority = world.authority.certificate();
        let mut extensions =
            extensions::of_role(Role::LicenseIssuer, key.spki(), authority).expect("extensions");
        extensions.retain(|it| it.extn_id != extensions::SUBJECT_KEY_IDENTIFIER);
        extensions.extend(identifier.map(|identifier| {
            let identifier = OctetString::new(identifier).expect("short");
            let named = SubjectKeyIdentifier(identifier);
            extensions::extension(extensions::SUBJECT_KEY_IDENTIFIER, false, &named).expect("DER")
        }));
        let body = Body {
            issuer: authority.parsed().tbs_certificate().subject().clone(),
            not_before: now(),
            not_after: now().plus(YEAR),
            subject: names::name("Acme", Some("acme")).expect("a name"),
            spki: key.spki(),
            extensions,
        };
        let certificate = encode::certificate(world.authority.key(), body).expect("signed");
        LicenseIssuer::new(key, chain(&[&certificate])).expect("an issuer")
    };
    for issuer in [named(Some(b"another way to name a key")), named(None)] {
        let license = issuer.issue(&license(world), world.client.spki()).expect("issued");
        let presented = issuer.chain().with_leaf(license).expect("a chain");
        assert_eq!(world.trusted.verify_license(&presented, now()).map(|_| ()), Ok(()));
        let list = issuer.revocation_list(Vec::new(), 1, now(), now().plus(DAY)).expect("signed");
        assert!(RevocationList::from_der(&list, issuer.chain().leaf()).is_ok());
    }
}

#[test]
fn a_license_lasts_until_its_end_or_that_of_its_license_server() {
    let world = &*WORLD;
    let issuer_end = world.issuer.chain().leaf().not_after();
    for (ends_at, end) in [
        (Some(now().plus(DAY)), now().plus(DAY)),
        (Some(now().plus(YEAR).plus(DAY)), issuer_end),
        (None, issuer_end),
    ] {
        let license = SeatLicense { ends_at, ..license(world) };
        let certificate = world.issuer.issue(&license, world.client.spki()).expect("issued");
        assert_eq!(certificate.not_after(), end);
        let presented = world.issuer.chain().with_leaf(certificate).expect("a chain");
        let verify = |at| world.trusted.verify_license(&presented, at).map(|_| ());
        assert_eq!(verify(end), Ok(()));
        assert_eq!(verify(end.plus(Span::seconds(1))), Err(CertificateError::Ended));
        assert_eq!(verify(now().minus(DAY)), Err(CertificateError::NotYetValid));
    }
}

#[test]
fn a_license_is_current_until_it_would_be_issued_for_longer_or_with_another_key() {
    let world = &*WORLD;
    let renewed = |key: EcdsaKey, name: &str, validity: Span| {
        let pem = CertificateRequest::to_sign_with(&key, name, "acme").expect("a request");
        let request = CertificateRequest::from_pem(&pem).expect("read");
        let role = Role::LicenseIssuer;
        let issued = world.authority.issue(&request, role, now(), validity).expect("issued");
        LicenseIssuer::new(key, chain(&[&issued])).expect("an issuer")
    };
    let pkcs8 = world.issuer.key().to_pkcs8().expect("a key");
    let same = || EcdsaKey::from_pkcs8(&pkcs8).expect("a key");
    let two_years = YEAR.plus(YEAR);
    let (soon, late) = (Some(now().plus(DAY)), Some(now().plus(YEAR).plus(DAY)));
    for (issuer, ends_at, current) in [
        (renewed(same(), "Acme", YEAR), late, true),
        (renewed(same(), "Acme", DAY), late, true),
        (renewed(same(), "Acme", two_years), soon, true),
        (renewed(same(), "Acme", two_years), late, false),
        (renewed(same(), "Acme", two_years), None, false),
        (renewed(same(), "Acme Ltd", YEAR), soon, false),
        (renewed(key(), "Acme", YEAR), soon, false),
    ] {
        let license = SeatLicense { ends_at, ..license(world) };
        let certificate = world.issuer.issue(&license, world.client.spki()).expect("issued");
        assert_eq!(issuer.is_current(&certificate, ends_at, now()), current, "{ends_at:?}");
        for (ahead, is_current) in [(300, current), (301, false), (86_400, false)] {
            let before = license.issued_at.minus(Span::seconds(ahead));
            assert_eq!(issuer.is_current(&certificate, ends_at, before), is_current, "{ahead}");
        }
    }
}

#[test]
fn a_license_of_a_newer_version_is_read_without_what_is_new() {
    let world = &*WORLD;
    let license = SeatLicense { format: 2, ..license(world) };
    let mut fields = serde_json::to_value(&license).expect("JSON");
    fields["seat_color"] = "green".into();
    let certificate = handmade(world, |body| body.fields = Some(fields.to_string()));
    let presented = world.issuer.chain().with_leaf(certificate).expect("a chain");
    let verified = world.trusted.verify_license(&presented, now()).expect("verified");
    assert_eq!(verified.license(), &license);
}

#[test]
fn each_role_is_good_for_itself_alone() {
    let world = &*WORLD;
    let decryption_key = DecryptionKey::generate().expect("a key");
    let pem = CertificateRequest::to_decrypt_with(&decryption_key, "Acme", "acme");
    let request = CertificateRequest::from_pem(&pem.expect("a request")).expect("read");
    let server = world.authority.issue(&request, Role::LicenseServer, now(), YEAR);
    let license = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    let chains = [
        chain(&[&issued(&world.authority, &key(), Role::Clearinghouse, "clearing")]),
        chain(&[&server.expect("issued")]),
        world.issuer.chain().clone(),
        chain(&[&issued(&world.authority, &key(), Role::ImageVendor, "7")]),
        world.issuer.chain().with_leaf(license).expect("a chain"),
    ];
    for (own, presented) in Role::ALL.into_iter().zip(&chains) {
        for role in Role::ALL {
            let verified = world.trusted.verify(presented, role, now()).map(|_| ());
            match role == own {
                true => assert_eq!(verified, Ok(()), "{own:?}"),
                false => assert_eq!(verified, Err(CertificateError::Role), "{own:?} as {role:?}"),
            }
        }
    }
}

#[test]
fn a_key_or_an_id_of_another_kind_gets_no_certificate() {
    let world = &*WORLD;
    let decryption_key = DecryptionKey::generate().expect("a key");
    let rsa = CertificateRequest::to_decrypt_with(&decryption_key, "Acme", "acme");
    let elliptic = |id| CertificateRequest::to_sign_with(&key(), "Acme", id);
    for (request, role) in [
        (rsa, Role::Clearinghouse),
        (elliptic("acme"), Role::LicenseServer),
        (elliptic("Acme"), Role::Clearinghouse),
        (elliptic("acme"), Role::ImageVendor),
        (elliptic("acme"), Role::SeatLicense),
    ] {
        let request = CertificateRequest::from_pem(&request.expect("a request")).expect("read");
        let refused = world.authority.issue(&request, role, now(), YEAR);
        assert!(matches!(refused, Err(IssueError::Invalid)), "{role:?}");
    }
}

#[test]
fn a_request_shows_that_its_maker_has_the_key() {
    let pem = CertificateRequest::to_sign_with(&key(), "Acme", "acme").expect("a request");
    let (label, mut der) = der::pem::decode_vec(pem.as_bytes()).expect("PEM");
    let last = der.len() - 1;
    der[last] ^= 1;
    let altered = der::pem::encode_string(label, der::pem::LineEnding::LF, &der).expect("PEM");
    assert_eq!(CertificateRequest::from_pem(&altered).err(), Some(CertificateError::Signature));
    assert_eq!(CertificateRequest::from_pem("").err(), Some(CertificateError::Malformed));
}

#[test]
fn another_authority_is_not_trusted_even_of_the_same_name() {
    let world = &*WORLD;
    let license = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    let presented = world.issuer.chain().with_leaf(license).expect("a chain");
    for name in ["Other", "Test"] {
        let other = DevelopmentAuthority::generate(name, now(), YEAR).expect("made");
        let trusted = Authorities::from_pem(&chain(&[other.certificate()]).to_pem()).expect("read");
        let refused = trusted.verify_license(&presented, now()).map(|_| ());
        assert_eq!(refused, Err(CertificateError::Untrusted), "{name}");
    }
}

#[test]
fn an_altered_certificate_is_refused_wherever_it_was_altered() {
    let world = &*WORLD;
    let certificate = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    for at in 0..certificate.der().len() {
        let mut der = certificate.der().to_vec();
        der[at] ^= 1;
        let Ok(altered) = Certificate::from_der(&der) else { continue };
        let presented = world.issuer.chain().with_leaf(altered).expect("a chain");
        assert!(world.trusted.verify_license(&presented, now()).is_err(), "byte {at}");
    }
    for length in 0..certificate.der().len() {
        let cut = Certificate::from_der(&certificate.der()[..length]);
        assert!(cut.is_err(), "{length} bytes");
    }
    let longer = [certificate.der(), &[0]].concat();
    assert!(Certificate::from_der(&longer).is_err());
}

#[test]
fn what_a_license_signed_is_not_trusted() {
    let world = &*WORLD;
    let license = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    let own = key();
    let body = Body {
        issuer: license.parsed().tbs_certificate().subject().clone(),
        not_before: now(),
        not_after: now().plus(DAY),
        subject: names::name("Thief", Some("acme")).expect("a name"),
        spki: own.spki(),
        extensions: extensions::of_role(Role::Clearinghouse, own.spki(), &license)
            .expect("extensions"),
    };
    let forged = encode::certificate(&world.client, body).expect("signed");
    let presented = world.issuer.chain().with_leaf(license).expect("a chain");
    let presented = presented.with_leaf(forged).expect("a chain");
    let refused = world.trusted.verify(&presented, Role::Clearinghouse, now()).map(|_| ());
    assert_eq!(refused, Err(CertificateError::Role));
}

#[test]
fn a_license_server_issues_licenses_alone() {
    let world = &*WORLD;
    for role in [Role::Clearinghouse, Role::ImageVendor, Role::LicenseIssuer] {
        let own = key();
        let body = Body {
            issuer: world.issuer.chain().leaf().parsed().tbs_certificate().subject().clone(),
            not_before: now(),
            not_after: now().plus(DAY),
            subject: names::name("Thief", Some("7")).expect("a name"),
            spki: own.spki(),
            extensions: extensions::of_role(role, own.spki(), world.issuer.chain().leaf())
                .expect("extensions"),
        };
        let forged = encode::certificate(world.issuer.key(), body).expect("signed");
        let presented = world.issuer.chain().with_leaf(forged).expect("a chain");
        let refused = world.trusted.verify(&presented, role, now()).map(|_| ());
        assert_eq!(refused, Err(CertificateError::Role), "{role:?}");
    }
}

#[test]
fn a_revocation_list_names_what_was_revoked_and_is_its_issuers() {
    let world = &*WORLD;
    let license = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    let other = world.issuer.issue(&self::license(world), world.client.spki()).expect("issued");
    let revoked = Revoked { serial: license.serial().expect("a serial"), at: now(), reason: None };
    let next = now().plus(DAY);
    let der = world.issuer.revocation_list(vec![revoked], 1, now(), next).expect("signed");
    let list = RevocationList::from_der(&der, world.issuer.chain().leaf()).expect("verified");
    assert!(list.contains(&license.serial().expect("a serial")));
    assert!(!list.contains(&other.serial().expect("a serial")));
    assert_eq!((list.number(), list.this_update(), list.next_update()), (1, now(), next));
    let empty = world.issuer.revocation_list(Vec::new(), 2, now(), next).expect("signed");
    let empty = RevocationList::from_der(&empty, world.issuer.chain().leaf()).expect("verified");
    assert!(empty.is_empty());
    let foreign = RevocationList::from_der(&der, world.authority.certificate());
    assert_eq!(foreign.err(), Some(CertificateError::Untrusted));
    let mut altered = der.clone();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let refused = RevocationList::from_der(&altered, world.issuer.chain().leaf());
    assert_eq!(refused.err(), Some(CertificateError::Signature));
}

#[test]
fn a_revocation_list_says_why_where_that_is_known() {
    let world = &*WORLD;
    let reasons =
        [None, Some(RevocationReason::Superseded), Some(RevocationReason::PrivilegeWithdrawn)];
    let revoked = reasons.map(|reason| Revoked { serial: Serial::random(), at: now(), reason });
    let next = now().plus(DAY);
    let der = world.issuer.revocation_list(revoked.to_vec(), 1, now(), next).expect("signed");
    let list = RevocationList::from_der(&der, world.issuer.chain().leaf()).expect("verified");
    for Revoked { serial, reason, .. } in &revoked {
        assert!(list.contains(serial) && list.reason(serial) == *reason, "{reason:?}");
        let spelled = reason.map(|reason| reason.to_string().parse());
        assert_eq!(spelled, reason.map(Ok));
    }
    assert_eq!(list.entries().count(), revoked.len());
    assert_eq!("Superseded".parse::<RevocationReason>(), Err(UnknownReason));
}

#[test]
fn chains_out_of_order_too_long_or_empty_are_refused() {
    let world = &*WORLD;
    let license = world.issuer.issue(&license(world), world.client.spki()).expect("issued");
    let issuer = world.issuer.chain().leaf();
    let root = world.authority.certificate();
    let verify = |certificates: &[&Certificate]| {
        world.trusted.verify_license(&chain(certificates), now()).map(|_| ())
    };
    assert_eq!(verify(&[&license, issuer, root]), Ok(()), "the authority may be enclosed");
    assert_eq!(verify(&[&license]), Err(CertificateError::Untrusted));
    assert_eq!(verify(&[&license, root]), Err(CertificateError::Chain));
    assert_eq!(verify(&[&license, root, issuer]), Err(CertificateError::Chain));
    assert!(CertificateChain::new(Vec::new()).is_err());
    assert!(CertificateChain::new(vec![license.clone(); 6]).is_err());
    assert!(CertificateChain::from_pem("").is_err());
}
