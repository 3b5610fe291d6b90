//! Whether a certificate is good for a role: the one place that decides it (`CT-2` to `CT-8`).

use der::Encode as _;
use der::asn1::ObjectIdentifier;
use x509_cert::certificate::Version;
use x509_cert::ext::pkix::KeyUsages;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier as Oid};

use super::chain::read_pem;
use super::encode::ECDSA_WITH_SHA256;
use super::extensions::Extensions;
use super::profile::KeyKind;
use super::{Certificate, CertificateChain, CertificateError, Role};
use crate::instant::Instant;
use crate::primitives::{
    CertificateSignature, EcdsaVerificationKey, EncryptionKey, PrimitiveError,
    verify_certificate_signature,
};

/// The certifying authorities that are trusted.
#[derive(Clone)]
pub struct Authorities(CertificateChain);

/// A certificate of an authority that names this usage restricts nothing (RFC 5280, section 4.2.1.12).
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

impl Authorities {
    /// Reads the certificates of one or more certifying authorities in PEM.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::Chain`] when they are none or too many, and
    /// [`CertificateError::Role`] when one is not an authority's.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let chain = CertificateChain::new(read_pem(text)?)?;
        for certificate in chain.certificates() {
            check_authority(certificate, None)?;
        }
        Ok(Self(chain))
    }

    /// Their certificates in PEM.
    pub fn to_pem(&self) -> String {
        self.0.to_pem()
    }

    /// Their certificates.
    pub fn certificates(&self) -> &[Certificate] {
        self.0.certificates()
    }

    /// Whether the leaf of a chain is good for a role at a time. Its id is one of the role.
    ///
    /// # Errors
    /// Why not.
    pub fn verify(
        &self,
        chain: &CertificateChain,
        role: Role,
        now: Instant,
    ) -> Result<Certificate, CertificateError> {
        self.check_path(chain.certificates(), role, now)?;
        check_role(chain.leaf(), role)?;
        if role == Role::SeatLicense {
            let issuer = chain.certificates().get(1).ok_or(CertificateError::Chain)?;
            check_role(issuer, Role::LicenseIssuer)?;
        }
        for certificate in chain.certificates() {
            check_dates(certificate, now)?;
        }
        Ok(chain.leaf().clone())
    }

    /// Whether each certificate was issued by the next one, and the last by an authority.
    fn check_path(
        &self,
        chain: &[Certificate],
        role: Role,
        now: Instant,
    ) -> Result<(), CertificateError> {
        // What issues licenses stands between them and its own issuer.
        let least = usize::from(role.is_authority());
        for (at, pair) in chain.windows(2).enumerate() {
            if !names(&pair[1], &pair[0])? {
                return Err(CertificateError::Chain);
            }
            check_authority(&pair[1], Some((least + at, role)))?;
            check_signature(&pair[0], &pair[1])?;
        }
        let last = chain.last().ok_or(CertificateError::Chain)?;
        let mut refusal = None;
        for anchor in self.0.certificates() {
            if anchor != last && !names(anchor, last)? {
                continue;
            }
            // Several can have the name, as after a renewal: one that is good is enough.
            match check_anchor(anchor, last, (least + chain.len() - 1, role), now) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        Err(refusal.unwrap_or(CertificateError::Untrusted))
    }
}

/// Whether a certificate is that of an authority, or was issued by it; and whether that is valid.
fn check_anchor(
    anchor: &Certificate,
    last: &Certificate,
    place: (usize, Role),
    now: Instant,
) -> Result<(), CertificateError> {
    if anchor != last {
        check_authority(anchor, Some(place))?;
        check_signature(last, anchor)?;
    }
    check_dates(anchor, now)
}

fn check_dates(certificate: &Certificate, now: Instant) -> Result<(), CertificateError> {
    if now < certificate.not_before() {
        return Err(CertificateError::NotYetValid);
    }
    if now > certificate.not_after() {
        return Err(CertificateError::Ended);
    }
    Ok(())
}

/// Whether a certificate names another one as its issuer.
pub(super) fn names(
    issuer: &Certificate,
    certificate: &Certificate,
) -> Result<bool, CertificateError> {
    let (above, below) = (Extensions::of(issuer)?, Extensions::of(certificate)?);
    let same_key = match (above.subject_key, below.authority_key) {
        (Some(subject), Some(authority)) => subject == authority,
        _ => true,
    };
    let subject = issuer.parsed().tbs_certificate().subject();
    Ok(same_key && subject == certificate.parsed().tbs_certificate().issuer())
}

/// Whether a certificate may issue others, in its place where that is known: how many authorities stand
/// between it and the leaf, and the leaf's role.
fn check_authority(
    certificate: &Certificate,
    place: Option<(usize, Role)>,
) -> Result<(), CertificateError> {
    let extensions = check_form(certificate)?;
    let constraints = extensions.basic_constraints.ok_or(CertificateError::Role)?;
    let usage = extensions.key_usage.ok_or(CertificateError::Role)?;
    let may_sign = constraints.critical
        && constraints.value.ca
        && usage.critical
        && usage.value.0.contains(KeyUsages::KeyCertSign);
    let purposes = extensions.extended_key_usage.map(|usages| usages.value.0);
    let fits_place = place.is_none_or(|(below, role)| {
        let length = constraints.value.path_len_constraint;
        length.is_none_or(|most| below <= usize::from(most))
            && purposes.is_none_or(|purposes| covers(&purposes, role))
    });
    (may_sign && fits_place).then_some(()).ok_or(CertificateError::Role)
}

/// Whether the usages of an authority include those of a role.
fn covers(usages: &[ObjectIdentifier], role: Role) -> bool {
    let mut wanted = role.extended_key_usage().into_iter();
    usages.contains(&ANY_USAGE) || wanted.all(|usage| usages.contains(&usage))
}

/// Whether a certificate is exactly what one of a role is (`CT-6` to `CT-8`).
pub(super) fn check_role(certificate: &Certificate, role: Role) -> Result<(), CertificateError> {
    let extensions = check_form(certificate)?;
    let usage = extensions.key_usage.ok_or(CertificateError::Role)?;
    let mut purposes = extensions.extended_key_usage.ok_or(CertificateError::Role)?;
    purposes.value.0.sort();
    let mut expected = role.extended_key_usage();
    expected.sort();
    let constraints = extensions.basic_constraints.map(|constraints| {
        (constraints.critical, constraints.value.ca, constraints.value.path_len_constraint)
    });
    let fits_constraints = match constraints {
        None => !role.is_authority(),
        Some((_, false, length)) => !role.is_authority() && length.is_none(),
        Some((critical, true, length)) => role.is_authority() && critical && length == Some(0),
    };
    let is_of_role = usage.critical
        && usage.value.0 == role.key_usage()
        && purposes.critical
        && purposes.value.0 == expected
        && fits_constraints;
    if !is_of_role {
        return Err(CertificateError::Role);
    }
    check_key(certificate, role)?;
    let has_id = certificate.subject_id().is_some_and(|id| role.is_id(&id));
    has_id.then_some(()).ok_or(CertificateError::Profile)
}

fn check_key(certificate: &Certificate, role: Role) -> Result<(), CertificateError> {
    let spki = certificate.spki();
    let read = match role.key_kind() {
        KeyKind::P256 => EcdsaVerificationKey::from_spki(&spki).map(|_| ()),
        KeyKind::Rsa3072 => EncryptionKey::from_spki(&spki).map(|_| ()),
    };
    read.map_err(|_| CertificateError::Key)
}

/// What holds for every certificate (`CT-8`).
fn check_form(certificate: &Certificate) -> Result<Extensions, CertificateError> {
    let parsed = certificate.parsed();
    let body = parsed.tbs_certificate();
    let is_of_profile = body.version() == Version::V3
        && certificate.serial().is_some()
        && body.issuer_unique_id().is_none()
        && body.subject_unique_id().is_none()
        && !body.subject().is_empty()
        && !body.issuer().is_empty();
    if !is_of_profile {
        return Err(CertificateError::Profile);
    }
    Extensions::of(certificate)
}

/// Whether one certificate was signed with the key of another (`CT-4`).
fn check_signature(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<(), CertificateError> {
    let parsed = certificate.parsed();
    if parsed.tbs_certificate().signature() != parsed.signature_algorithm() {
        return Err(CertificateError::Algorithm);
    }
    let body = parsed.tbs_certificate().to_der().map_err(|_| CertificateError::Malformed)?;
    let signature = parsed.signature().as_bytes().ok_or(CertificateError::Signature)?;
    check_signed(parsed.signature_algorithm(), &issuer.spki(), &body, signature)
}

/// Whether bytes were signed with a key.
pub(super) fn check_signed(
    algorithm: &AlgorithmIdentifierOwned,
    spki: &[u8],
    bytes: &[u8],
    signature: &[u8],
) -> Result<(), CertificateError> {
    let algorithm = accepted(algorithm).ok_or(CertificateError::Algorithm)?;
    verify_certificate_signature(algorithm, spki, bytes, signature).map_err(|error| match error {
        PrimitiveError::InvalidKey => CertificateError::Algorithm,
        _ => CertificateError::Signature,
    })
}

/// The algorithm that an identifier names, where it is accepted and its parameters are as they have to be
/// (RFC 4055, 5758 and 8410).
fn accepted(identifier: &AlgorithmIdentifierOwned) -> Option<CertificateSignature> {
    const ECDSA_WITH_SHA384: Oid = Oid::new_unwrap("1.2.840.10045.4.3.3");
    const ED25519: Oid = Oid::new_unwrap("1.3.101.112");
    const RSA_WITH_SHA256: Oid = Oid::new_unwrap("1.2.840.113549.1.1.11");
    const RSA_WITH_SHA384: Oid = Oid::new_unwrap("1.2.840.113549.1.1.12");
    const RSA_WITH_SHA512: Oid = Oid::new_unwrap("1.2.840.113549.1.1.13");
    let parameters = identifier.parameters.as_ref();
    let none = parameters.is_none();
    let null = parameters.is_some_and(der::asn1::Any::is_null);
    match identifier.oid {
        oid if oid == ECDSA_WITH_SHA256.oid && none => Some(CertificateSignature::EcdsaP256Sha256),
        ECDSA_WITH_SHA384 if none => Some(CertificateSignature::EcdsaP384Sha384),
        ED25519 if none => Some(CertificateSignature::Ed25519),
        RSA_WITH_SHA256 if null => Some(CertificateSignature::RsaPkcs1Sha256),
        RSA_WITH_SHA384 if null => Some(CertificateSignature::RsaPkcs1Sha384),
        RSA_WITH_SHA512 if null => Some(CertificateSignature::RsaPkcs1Sha512),
        _ => None,
    }
}
