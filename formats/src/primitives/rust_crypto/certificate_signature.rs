//! Signatures of certificates.

use rsa::pkcs1v15;
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use sha2::{Sha256, Sha384, Sha512};

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
    let verify = match algorithm {
        CertificateSignature::EcdsaP256Sha256 => {
            verify::<p256::ecdsa::VerifyingKey, p256::ecdsa::DerSignature>
        }
        CertificateSignature::EcdsaP384Sha384 => {
            verify::<p384::ecdsa::VerifyingKey, p384::ecdsa::DerSignature>
        }
        CertificateSignature::RsaPkcs1Sha256 => {
            verify::<pkcs1v15::VerifyingKey<Sha256>, pkcs1v15::Signature>
        }
        CertificateSignature::RsaPkcs1Sha384 => {
            verify::<pkcs1v15::VerifyingKey<Sha384>, pkcs1v15::Signature>
        }
        CertificateSignature::RsaPkcs1Sha512 => {
            verify::<pkcs1v15::VerifyingKey<Sha512>, pkcs1v15::Signature>
        }
        CertificateSignature::Ed25519 => verify_ed25519,
    };
    verify(spki, message, signature)
}

fn verify<K, S>(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), PrimitiveError>
where
    K: DecodePublicKey + Verifier<S>,
    S: for<'a> TryFrom<&'a [u8]>,
{
    let key = K::from_public_key_der(spki).map_err(|_| PrimitiveError::InvalidKey)?;
    let signature = S::try_from(signature).map_err(|_| PrimitiveError::Tampered)?;
    key.verify(message, &signature).map_err(|_| PrimitiveError::Tampered)
}

fn verify_ed25519(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), PrimitiveError> {
    let public_key = spki.last_chunk().ok_or(PrimitiveError::InvalidKey)?;
    let signature = signature.try_into().map_err(|_| PrimitiveError::Tampered)?;
    verify_request_signature(public_key, message, signature)
}
