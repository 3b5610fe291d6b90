//! Signatures of certificates and web tokens.

use getrandom::SysRng;
use p256::ecdsa::signature::{RandomizedSigner as _, Verifier as _};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate as _;
use p256::pkcs8::{
    DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _,
};
use zeroize::Zeroizing;

use super::digests::constant_time_eq;
use crate::primitives::strictness::{check_p256_pkcs8, check_p256_spki};
use crate::primitives::{ECDSA_SIGNATURE_LENGTH, ECDSA_SPKI_LENGTH, PrimitiveError};

/// A key pair of ECDSA on P-256 with SHA-256 (FIPS 186-5, section 6), which JOSE calls `ES256`
/// (RFC 7518, section 3.4).
pub struct EcdsaKey {
    key: SigningKey,
    spki: [u8; ECDSA_SPKI_LENGTH],
}

impl EcdsaKey {
    /// Makes a new key pair.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        let key = SigningKey::try_generate_from_rng(&mut SysRng);
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
        let key = SigningKey::from_pkcs8_der(der).map_err(|_| PrimitiveError::InvalidKey)?;
        let key = Self::new(key)?;
        // The library computes the public half anew, so that comparing also checks that.
        let canonical = key.to_pkcs8()?;
        constant_time_eq(&canonical, der).then_some(key).ok_or(PrimitiveError::InvalidKey)
    }

    fn new(key: SigningKey) -> Result<Self, PrimitiveError> {
        let spki = key.verifying_key().to_public_key_der().map_err(|_| PrimitiveError::Failed)?;
        let spki = spki.as_bytes().try_into().map_err(|_| PrimitiveError::Failed)?;
        Ok(Self { key, spki })
    }

    /// The PKCS#8 document of this key: version 1, with the public key (RFC 5915, section 3).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        let der = self.key.to_pkcs8_der().map_err(|_| PrimitiveError::Failed)?;
        Ok(Zeroizing::new(der.as_bytes().to_vec()))
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
        self.sign_with_rng(message).map(|signature| signature.to_der().as_bytes().to_vec())
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
        self.sign_with_rng(message).map(|signature| signature.to_bytes().into())
    }

    fn sign_with_rng(&self, message: &[u8]) -> Result<Signature, PrimitiveError> {
        self.key.try_sign_with_rng(&mut SysRng, message).map_err(|_| PrimitiveError::Failed)
    }
}

/// The public half of an [`EcdsaKey`].
#[derive(Clone)]
pub struct EcdsaVerificationKey {
    key: VerifyingKey,
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
        let key =
            VerifyingKey::from_public_key_der(&spki).map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { key, spki })
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
        let signature = Signature::from_slice(signature).map_err(|_| PrimitiveError::Tampered)?;
        self.key.verify(message, &signature).map_err(|_| PrimitiveError::Tampered)
    }
}
