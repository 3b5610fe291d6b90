//! Signatures of certificates.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};

use super::request_signature::verify_request_signature;
use crate::primitives::{CertificateSignature, PrimitiveError};

/// Verifies the signature of a certificate by the key of its issuer (RFC 5280, section 4.1.1.3).
///
/// `spki` is the canonical `SubjectPublicKeyInfo` of a key for this algorithm: with an uncompressed point
/// for ECDSA, of 2048 to 8192 bits for RSA. Signatures of ECDSA are the DER of an `ECDSA-Sig-Value`
/// (RFC 3279, section 2.2.3); those of Ed25519 are verified as by [`verify_request_signature`].
///
/// # Errors
///
/// [`PrimitiveError::InvalidKey`] if it is another key, and [`PrimitiveError::Tampered`] if it is not the
/// signature of this message by this key.
pub fn verify_certificate_signature(
    algorithm: CertificateSignature,
    spki: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), PrimitiveError> {
    algorithm.check_key(spki)?;
    let algorithm: &'static dyn VerificationAlgorithm = match algorithm {
        CertificateSignature::EcdsaP256Sha256 => &ECDSA_P256_SHA256_ASN1,
        CertificateSignature::EcdsaP384Sha384 => &ECDSA_P384_SHA384_ASN1,
        CertificateSignature::RsaPkcs1Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        CertificateSignature::RsaPkcs1Sha384 => &RSA_PKCS1_2048_8192_SHA384,
        CertificateSignature::RsaPkcs1Sha512 => &RSA_PKCS1_2048_8192_SHA512,
        CertificateSignature::Ed25519 => return verify_ed25519(spki, message, signature),
    };
    ParsedPublicKey::new(algorithm, spki)
        .map_err(|_| PrimitiveError::InvalidKey)?
        .verify_sig(message, signature)
        .map_err(|_| PrimitiveError::Tampered)
}

fn verify_ed25519(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), PrimitiveError> {
    let public_key = spki.last_chunk().ok_or(PrimitiveError::InvalidKey)?;
    let signature = signature.try_into().map_err(|_| PrimitiveError::Tampered)?;
    verify_request_signature(public_key, message, signature)
}
