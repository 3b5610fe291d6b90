//! The extensions of the profile (`CT-8`).

use der::asn1::{ObjectIdentifier, OctetString};
use der::flagset::FlagSet;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::encode::invalid;
use super::profile::LICENSE_FIELDS;
use super::{Certificate, CertificateError, IssueError, Role};
use crate::primitives::sha256;

pub(super) const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.5.29.14");
pub(super) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
pub(super) const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.5.29.17");
pub(super) const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
pub(super) const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.5.29.35");
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// The extensions of a certificate that mean something here.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) basic_constraints: Option<Read<BasicConstraints>>,
    pub(super) key_usage: Option<Read<KeyUsage>>,
    pub(super) extended_key_usage: Option<Read<ExtendedKeyUsage>>,
    pub(super) subject_key: Option<Vec<u8>>,
    pub(super) authority_key: Option<Vec<u8>>,
    pub(super) license_fields: Option<Vec<u8>>,
}

/// An extension that was read.
pub(super) struct Read<T> {
    pub(super) critical: bool,
    pub(super) value: T,
}

impl Extensions {
    /// Those of a certificate. One that stands there twice, or is critical and unknown, is refused.
    pub(super) fn of(certificate: &Certificate) -> Result<Self, CertificateError> {
        let extensions = certificate.parsed().tbs_certificate().extensions();
        let mut found = Self::default();
        for (at, extension) in extensions.into_iter().flatten().enumerate() {
            let before = extensions.into_iter().flatten().take(at);
            if before.into_iter().any(|other| other.extn_id == extension.extn_id) {
                return Err(CertificateError::Profile);
            }
            found.take(extension)?;
        }
        Ok(found)
    }

    fn take(&mut self, extension: &Extension) -> Result<(), CertificateError> {
        let bytes = extension.extn_value.as_bytes();
        let can_be_critical = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE];
        if extension.critical && !can_be_critical.contains(&extension.extn_id) {
            return Err(CertificateError::Profile);
        }
        match extension.extn_id {
            BASIC_CONSTRAINTS => self.basic_constraints = Some(read(extension)?),
            KEY_USAGE => self.key_usage = Some(read(extension)?),
            EXTENDED_KEY_USAGE => self.extended_key_usage = Some(read(extension)?),
            SUBJECT_KEY_IDENTIFIER => {
                let key: SubjectKeyIdentifier = decode(bytes)?;
                self.subject_key = Some(key.0.as_bytes().to_vec());
            }
            AUTHORITY_KEY_IDENTIFIER => {
                let key: AuthorityKeyIdentifier = decode(bytes)?;
                self.authority_key = key.key_identifier.map(|key| key.as_bytes().to_vec());
            }
            LICENSE_FIELDS => self.license_fields = Some(bytes.to_vec()),
            _ => {}
        }
        Ok(())
    }
}

fn read<T: for<'a> Decode<'a, Error = der::Error> + Encode>(
    extension: &Extension,
) -> Result<Read<T>, CertificateError> {
    let value = decode(extension.extn_value.as_bytes())?;
    Ok(Read { critical: extension.critical, value })
}

/// Reads a value in its one encoding: the reader lets some others pass, for example of bits.
pub(super) fn decode<T>(bytes: &[u8]) -> Result<T, CertificateError>
where
    T: for<'a> Decode<'a, Error = der::Error> + Encode,
{
    let value = T::from_der(bytes).map_err(|_| CertificateError::Profile)?;
    let is_canonical = value.to_der().is_ok_and(|written| written == bytes);
    is_canonical.then_some(value).ok_or(CertificateError::Profile)
}

/// The extensions of a certificate of a role, for a key.
pub(super) fn of_role(
    role: Role,
    spki: &[u8],
    issuer: &Certificate,
) -> Result<Vec<Extension>, IssueError> {
    let constraints = BasicConstraints {
        ca: role.is_authority(),
        path_len_constraint: role.is_authority().then_some(0),
    };
    Ok(vec![
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(KEY_USAGE, true, &KeyUsage(role.key_usage()))?,
        extension(EXTENDED_KEY_USAGE, true, &ExtendedKeyUsage(role.extended_key_usage()))?,
        subject_key(spki)?,
        authority_key(issuer)?,
    ])
}

/// The extensions of a certifying authority's own certificate.
pub(super) fn of_authority(spki: &[u8]) -> Result<Vec<Extension>, IssueError> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: None };
    let usage: FlagSet<KeyUsages> = KeyUsages::KeyCertSign | KeyUsages::CRLSign;
    Ok(vec![
        extension(BASIC_CONSTRAINTS, true, &constraints)?,
        extension(KEY_USAGE, true, &KeyUsage(usage))?,
        subject_key(spki)?,
    ])
}

/// An extension with a value.
pub(super) fn extension(
    extn_id: ObjectIdentifier,
    critical: bool,
    value: &impl Encode,
) -> Result<Extension, IssueError> {
    let value = value.to_der().and_then(OctetString::new).map_err(invalid)?;
    Ok(Extension { extn_id, critical, extn_value: value })
}

/// Which key issued something: as the issuer's certificate calls it, where it does. Another authority may have made
/// that name in its own way.
pub(super) fn authority_key(issuer: &Certificate) -> Result<Extension, IssueError> {
    let named = Extensions::of(issuer).map_err(|_| IssueError::Invalid)?.subject_key;
    let key = named.map_or_else(|| key_identifier(&issuer.spki()), Ok)?;
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(key).map_err(invalid)?),
        ..AuthorityKeyIdentifier::default()
    };
    extension(AUTHORITY_KEY_IDENTIFIER, false, &identifier)
}

fn subject_key(spki: &[u8]) -> Result<Extension, IssueError> {
    let identifier = OctetString::new(key_identifier(spki)?).map_err(invalid)?;
    extension(SUBJECT_KEY_IDENTIFIER, false, &SubjectKeyIdentifier(identifier))
}

/// The leftmost 160 bits of SHA-256 of the key's bits (RFC 7093, section 2, method 1).
fn key_identifier(spki: &[u8]) -> Result<Vec<u8>, IssueError> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(invalid)?;
    Ok(sha256(spki.subject_public_key.raw_bytes())[..20].to_vec())
}
