//! The cryptographic primitives, and the only place that calls a cryptographic library.
//!
//! Two implementations have the same interface, pass the same vectors and open each other's data:
//!
//! - `aws_lc` (feature `aws-lc`, the default): AWS-LC, constant-time and fastest.
//! - `rust_crypto` (feature `portable`): pure Rust, for platforms that AWS-LC does not build for, and
//!   the independent oracle of the tests. Its private-key RSA operations are blinded but not proven
//!   constant-time (RUSTSEC-2023-0071), so a process that answers the network must not use them.
//!
//! The names re-exported here are those of the active implementation: `aws_lc` where it is compiled in,
//! otherwise `rust_crypto`. Every other module of the workspace uses these names.
//!
//! | Name | Algorithm | Source |
//! |---|---|---|
//! | [`AeadKey`] | AES-256-GCM, 96-bit nonce, 128-bit tag, no associated data | NIST SP 800-38D |
//! | [`hkdf_sha256`] | HKDF with SHA-256 | RFC 5869 |
//! | [`hmac_sha256`] | HMAC with SHA-256 | RFC 2104 |
//! | [`Sha256`] | SHA-256 | FIPS 180-4 |
//! | [`DecryptionKey`], [`EncryptionKey`] | RSA-3072, OAEP with SHA-256 and MGF1-SHA-256 | RFC 8017, section 7.1 |
//! | [`SignatureKey`], [`VerificationKey`] | RSA-3072, PSS with SHA-256, MGF1-SHA-256 and a 32-byte salt (`PS256`) | RFC 8017, section 8.1; RFC 7518, section 3.5 |
//! | [`RequestSignatureKey`] | Ed25519, strict verification | RFC 8032 |
//! | [`EcdsaKey`], [`EcdsaVerificationKey`] | ECDSA on P-256 with SHA-256 (`ES256`) | FIPS 186-5, section 6; RFC 7518, section 3.4 |
//! | [`verify_certificate_signature`] | Verification alone, by each [`CertificateSignature`] | RFC 5280, section 4.1.1.2 |
//!
//! Every key and every message has exactly one accepted encoding: public RSA and ECDSA keys are
//! `SubjectPublicKeyInfo` (RFC 5280, section 4.1), the former with the `rsaEncryption` identifier, the latter
//! with an uncompressed point, private keys PKCS#8 (RFC 5208), both in DER and without anything after them.

#[cfg(feature = "aws-lc")]
pub mod aws_lc;
mod certificate_signature;
#[cfg(feature = "portable")]
pub mod rust_crypto;
mod strictness;

#[cfg(feature = "aws-lc")]
use aws_lc as active;
#[cfg(all(feature = "portable", not(feature = "aws-lc")))]
use rust_crypto as active;

#[cfg(not(any(feature = "aws-lc", feature = "portable")))]
compile_error!(
    "trybuy-formats has no cryptography: enable the feature `aws-lc` (the default) or `portable`"
);

pub use active::{
    AeadKey, DecryptionKey, EcdsaKey, EcdsaVerificationKey, EncryptionKey, RequestSignatureKey,
    Sha256, SignatureKey, VerificationKey, constant_time_eq, hkdf_sha256, hmac_sha256, random,
    sha256, verify_certificate_signature, verify_hmac_sha256, verify_request_signature,
};
pub use certificate_signature::CertificateSignature;

/// Bytes that sealing adds: the authentication tag of AES-GCM (NIST SP 800-38D, section 5.2.1.2).
pub const TAG_LENGTH: usize = 16;

/// The most bytes [`hkdf_sha256`] can derive at once: 255 blocks (RFC 5869, section 2.3).
pub const MAX_DERIVED_LENGTH: usize = 255 * 32;

/// Bytes of a wrapped secret: the length of the modulus of RSA-3072.
pub const WRAPPED_LENGTH: usize = RSA_MODULUS_LENGTH;

/// Bytes of a signature of a [`SignatureKey`]: the length of the modulus of RSA-3072.
pub const SIGNATURE_LENGTH: usize = RSA_MODULUS_LENGTH;

/// The most bytes [`EncryptionKey::wrap`] takes: the modulus less two digests and two bytes
/// (RFC 8017, section 7.1.1, step 1b).
pub const MAX_WRAPPABLE_LENGTH: usize = RSA_MODULUS_LENGTH - 2 * 32 - 2;

/// Bytes of the one accepted encoding of a public RSA-3072 key.
pub const SPKI_LENGTH: usize = strictness::SPKI_LENGTH;

/// Bytes of the one accepted encoding of an [`EcdsaVerificationKey`].
pub const ECDSA_SPKI_LENGTH: usize = 91;

/// Bytes of a signature of [`EcdsaKey::sign_fixed`]: two numbers of 256 bits.
pub const ECDSA_SIGNATURE_LENGTH: usize = 64;

/// The most bytes of a public key that [`verify_certificate_signature`] looks at. One of RSA-8192 takes
/// about 1,060.
pub const MAX_CERTIFICATE_SPKI_LENGTH: usize = 2048;

/// The most bytes of a PKCS#8 document that are looked at. One of RSA-3072 takes about 1,800.
pub const MAX_PKCS8_LENGTH: usize = 2048;

/// Why a primitive refused or failed. Nothing in it tells one forgery from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrimitiveError {
    /// Authentication failed: of sealed data, a wrapped secret, a tag or a signature.
    #[error("the data is not authentic: it was altered, or made with another key")]
    Tampered,
    /// The bytes are not a key of the wanted kind in its one accepted encoding.
    #[error("the bytes are not a key of the wanted kind")]
    InvalidKey,
    /// The caller's buffers do not fit each other, or what is to be wrapped is too long.
    #[error("a buffer has the wrong length")]
    InvalidLength,
    /// The cryptographic library failed by itself, for example for want of memory.
    #[error("the cryptographic library failed")]
    Failed,
}

const RSA_MODULUS_LENGTH: usize = strictness::RSA_MODULUS_LENGTH;
