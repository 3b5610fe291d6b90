//! Signatures of certificates and web tokens.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use zeroize::Zeroizing;

use crate::primitives::strictness::{check_p256_pkcs8, check_p256_spki};
use crate::primitives::{ECDSA_SIGNATURE_LENGTH, ECDSA_SPKI_LENGTH, PrimitiveError};

/// A key pair of ECDSA on P-256 with SHA-256 (FIPS 186-5, section 6), which JOSE calls `ES256`
/// (RFC 7518, section 3.4).
pub struct EcdsaKey {
    key: EcdsaKeyPair,
    spki: [u8; ECDSA_SPKI_LENGTH],
}

impl EcdsaKey {
    /// Makes a new key pair.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::new(key.map_err(|_| PrimitiveError::Failed)?)
    }

    /// Reads a PKCS#8 document of version 1 whose `ECPrivateKey` has the public key and no parameters
    /// (RFC 5915, section 3), and checks that the two halves belong together.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of a P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_p256_pkcs8(der)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
        Self::new(key.map_err(|_| PrimitiveError::InvalidKey)?)
    }

    fn new(key: EcdsaKeyPair) -> Result<Self, PrimitiveError> {
        let spki: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| PrimitiveError::Failed)?;
        let spki = spki.as_ref().try_into().map_err(|_| PrimitiveError::Failed)?;
        Ok(Self { key, spki })
    }

    /// The PKCS#8 document of this key: version 1, with the public key (RFC 5915, section 3).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        let der = self.key.to_pkcs8v1().map_err(|_| PrimitiveError::Failed)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The `SubjectPublicKeyInfo` of the public half.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// `sign[key](message)`: signs a message (FIPS 186-5, section 6.4.1). The result is the DER of an
    /// `ECDSA-Sig-Value` (RFC 3279, section 2.2.3), as certificates hold it, and differs each time.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
        self.sign_fixed(message).map(|signature| sig_value(&signature))
    }

    /// `sign[key](message)`: signs a message (FIPS 186-5, section 6.4.1). The result is `r` and `s` after
    /// each other (RFC 7518, section 3.4), as web tokens hold it, and differs each time.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn sign_fixed(
        &self,
        message: &[u8],
    ) -> Result<[u8; ECDSA_SIGNATURE_LENGTH], PrimitiveError> {
        let signature = self.key.sign(&SystemRandom::new(), message);
        let signature = signature.map_err(|_| PrimitiveError::Failed)?;
        signature.as_ref().try_into().map_err(|_| PrimitiveError::Failed)
    }
}

/// The public half of an [`EcdsaKey`].
#[derive(Clone)]
pub struct EcdsaVerificationKey {
    key: Arc<ParsedPublicKey>,
    spki: [u8; ECDSA_SPKI_LENGTH],
}

impl EcdsaVerificationKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5480, section 2).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an uncompressed point of
    /// P-256.
    pub fn from_spki(der: &[u8]) -> Result<Self, PrimitiveError> {
        let spki = *check_p256_spki(der)?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, spki)
            .map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { key: Arc::new(key), spki })
    }

    /// The `SubjectPublicKeyInfo` of this key.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies a signature made by [`EcdsaKey::sign_fixed`] (FIPS 186-5, section 6.4.2).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Tampered`] if it is not the signature of this message by this key.
    pub fn verify_fixed(&self, message: &[u8], signature: &[u8]) -> Result<(), PrimitiveError> {
        if signature.len() != ECDSA_SIGNATURE_LENGTH {
            return Err(PrimitiveError::Tampered);
        }
        self.key.verify_sig(message, signature).map_err(|_| PrimitiveError::Tampered)
    }
}

/// `SEQUENCE { INTEGER r, INTEGER s }` (RFC 3279, section 2.2.3). Each number is at most 33 bytes, so
/// that every length is a single byte.
fn sig_value(signature: &[u8; ECDSA_SIGNATURE_LENGTH]) -> Vec<u8> {
    let mut content = Vec::with_capacity(2 * (2 + 33));
    for number in signature.chunks(ECDSA_SIGNATURE_LENGTH / 2) {
        let leading_zeroes = number.iter().take_while(|byte| **byte == 0).count();
        let magnitude = &number[leading_zeroes..];
        // Without this byte the number would be negative, or have no bytes at all.
        let padding = magnitude.first().is_none_or(|byte| *byte >= 0x80);
        content.extend([0x02, magnitude.len() as u8 + u8::from(padding)]);
        content.extend(padding.then_some(0));
        content.extend(magnitude);
    }
    [&[0x30, content.len() as u8], content.as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_written_as_positive_and_without_leading_zeroes() {
        let mut signature = [0; ECDSA_SIGNATURE_LENGTH];
        assert_eq!(sig_value(&signature), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        (signature[31], signature[62]) = (0x7f, 0x80);
        assert_eq!(sig_value(&signature), [0x30, 8, 2, 1, 0x7f, 2, 3, 0, 0x80, 0]);
        let longest = [&[0x30, 70, 2, 33, 0][..], &[0xff; 32], &[2, 33, 0], &[0xff; 32]].concat();
        assert_eq!(sig_value(&[0xff; ECDSA_SIGNATURE_LENGTH]), longest);
    }
}
