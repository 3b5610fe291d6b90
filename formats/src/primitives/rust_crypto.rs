//! The primitives in pure Rust, by the RustCrypto and dalek libraries.

mod aead;
mod certificate_signature;
mod digests;
mod ecdsa;
mod oaep;
mod pss;
mod request_signature;
mod rsa_keys;

pub use aead::AeadKey;
pub use certificate_signature::verify_certificate_signature;
pub use digests::{
    Sha256, constant_time_eq, hkdf_sha256, hmac_sha256, random, sha256, verify_hmac_sha256,
};
pub use ecdsa::{EcdsaKey, EcdsaVerificationKey};
pub use oaep::{DecryptionKey, EncryptionKey};
pub use pss::{SignatureKey, VerificationKey};
pub use request_signature::{RequestSignatureKey, verify_request_signature};
