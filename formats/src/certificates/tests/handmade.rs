//! Certificates of clients that are made by hand, each wrong in one way.

use der::asn1::Utf8StringRef;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use super::*;
use crate::certificates::profile::LICENSE_FIELDS;

/// What a certificate of a client is made of, to be made wrong.
pub(super) struct Handmade {
    pub(super) fields: Option<String>,
    usage: KeyUsage,
    usage_is_critical: bool,
    purposes: Vec<der::asn1::ObjectIdentifier>,
    purposes_are_critical: bool,
    constraints: BasicConstraints,
    id: String,
    not_after: Instant,
    spki: Vec<u8>,
    more: Vec<Extension>,
}

pub(super) fn handmade(world: &World, change: impl FnOnce(&mut Handmade)) -> Certificate {
    let license = license(world);
    let mut it = Handmade {
        fields: Some(serde_json::to_string(&license).expect("JSON")),
        usage: KeyUsage(Role::SeatLicense.key_usage()),
        usage_is_critical: true,
        purposes: Role::SeatLicense.extended_key_usage(),
        purposes_are_critical: true,
        constraints: BasicConstraints { ca: false, path_len_constraint: None },
        id: license.client_id.to_string(),
        not_after: now().plus(DAY),
        spki: world.client.spki().to_vec(),
        more: Vec::new(),
    };
    change(&mut it);
    let extension = |oid: &str, critical, value: &dyn Fn() -> Vec<u8>| Extension {
        extn_id: der::asn1::ObjectIdentifier::new_unwrap(oid),
        critical,
        extn_value: der::asn1::OctetString::new(value()).expect("octets"),
    };
    let to_der = |value: &dyn Fn() -> der::Result<Vec<u8>>| value().expect("DER");
    use der::Encode as _;
    let mut extensions = vec![
        extension("2.5.29.19", true, &|| to_der(&|| it.constraints.to_der())),
        extension("2.5.29.15", it.usage_is_critical, &|| to_der(&|| it.usage.to_der())),
        extension("2.5.29.37", it.purposes_are_critical, &|| {
            to_der(&|| ExtendedKeyUsage(it.purposes.clone()).to_der())
        }),
    ];
    if let Some(fields) = &it.fields {
        let text = Utf8StringRef::new(fields).expect("UTF-8");
        extensions.push(extensions::extension(LICENSE_FIELDS, false, &text).expect("DER"));
    }
    extensions.extend(it.more.clone());
    let issuer = world.issuer.chain().leaf().parsed().tbs_certificate().subject().clone();
    let body = Body {
        issuer,
        not_before: now().minus(DAY),
        not_after: it.not_after,
        subject: names::name("Client", Some(&it.id)).expect("a name"),
        spki: &it.spki,
        extensions,
    };
    encode::certificate(world.issuer.key(), body).expect("signed")
}

#[test]
fn a_license_outside_of_the_profile_is_refused() {
    use CertificateError::{Key, LicenseFields, Profile, Role as OtherRole};
    type Change = fn(&mut Handmade);
    let unknown = || Extension {
        extn_id: der::asn1::ObjectIdentifier::new_unwrap("1.2.3.4"),
        critical: true,
        extn_value: der::asn1::OctetString::new(vec![5, 0]).expect("octets"),
    };
    let cases: &[(&str, Change, Option<CertificateError>)] = &[
        ("as it should be", |_| {}, None),
        ("may issue", |it| it.constraints.ca = true, Some(OtherRole)),
        ("has a path length", |it| it.constraints.path_len_constraint = Some(0), Some(OtherRole)),
        ("may sign certificates", |it| it.usage.0 |= KeyUsages::KeyCertSign, Some(OtherRole)),
        ("usage not critical", |it| it.usage_is_critical = false, Some(OtherRole)),
        ("purposes not critical", |it| it.purposes_are_critical = false, Some(OtherRole)),
        ("client authentication alone", |it| it.purposes.truncate(1), Some(OtherRole)),
        (
            "without client authentication",
            |it| it.purposes = vec![Role::SeatLicense.purpose()],
            Some(OtherRole),
        ),
        (
            "a server as well",
            |it| it.purposes.push(der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1")),
            Some(OtherRole),
        ),
        (
            "code signing as well",
            |it| it.purposes.push(der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3")),
            Some(OtherRole),
        ),
        (
            "a clearinghouse as well",
            |it| it.purposes.extend(Role::Clearinghouse.extended_key_usage()),
            Some(OtherRole),
        ),
        ("no fields", |it| it.fields = None, Some(LicenseFields)),
        ("no JSON", |it| it.fields = Some("{".into()), Some(LicenseFields)),
        (
            "another spelling",
            |it| it.fields = it.fields.take().map(|json| format!(" {json}")),
            Some(LicenseFields),
        ),
        ("an id that is none", |it| it.id = "acme".into(), Some(Profile)),
        ("the id of another client", |it| it.id = "0".repeat(64), Some(LicenseFields)),
        ("another client's key", |it| it.spki = key().spki().to_vec(), Some(LicenseFields)),
        (
            "a key that decrypts",
            |it| {
                let key = DecryptionKey::generate().expect("a key");
                it.spki = key.encryption_key().spki().to_vec();
            },
            Some(Key),
        ),
        (
            "valid for longer than the license",
            |it| it.not_after = now().plus(YEAR).plus(DAY),
            Some(LicenseFields),
        ),
        (
            "usage twice",
            |it| {
                let usage = KeyUsage(KeyUsages::DigitalSignature.into());
                let oid = der::asn1::ObjectIdentifier::new_unwrap("2.5.29.15");
                it.more.push(extensions::extension(oid, true, &usage).expect("DER"));
            },
            Some(Profile),
        ),
    ];
    let world = &*WORLD;
    let verify = |certificate| {
        let presented = world.issuer.chain().with_leaf(certificate).expect("a chain");
        world.trusted.verify_license(&presented, now()).map(|_| ()).err()
    };
    for (case, change, expected) in cases {
        assert_eq!(verify(handmade(world, change)), *expected, "{case}");
    }
    let critical = handmade(world, |it| it.more.push(unknown()));
    assert_eq!(verify(critical), Some(Profile));
}
