//! Keys that buy: what a vendor sells and a user types.

use zeroize::Zeroizing;

use super::{MasterSecret, Secret, derive};
use crate::ids::Digest;
use crate::primitives::sha256;
use crate::typed_code;

/// Derivation of purchase keys.
const DERIVE_PURCHASE_KEY: &[u8] = b"trybuy/v1/purchase-key";
/// Characters of a key, five bits each: 125 bits.
const LENGTH: usize = 25;
/// Characters between two dashes.
const GROUP: usize = 5;

/// A purchase key, 25 characters. It has no `Debug`: whoever knows it can buy with it.
pub struct PurchaseKey(Zeroizing<String>);

impl PurchaseKey {
    /// The key of an id: `HKDF(master secret, id, label, 32)`, of whose first 25 bytes five bits count. So
    /// a server shows a key as often as its vendor asks, and keeps none.
    pub fn derive(master: &MasterSecret, id: &[u8; 16]) -> Self {
        let secret: Secret = derive(master.as_bytes(), id, &[DERIVE_PURCHASE_KEY]);
        Self(typed_code::spell(&secret[..LENGTH]))
    }

    /// The key that somebody typed; none if it cannot be one.
    pub fn read(typed: &str) -> Option<Self> {
        typed_code::read(typed, LENGTH).map(Self)
    }

    /// What is stored of it: its SHA-256.
    pub fn hash(&self) -> Digest {
        Digest::from_bytes(sha256(self.0.as_bytes()))
    }

    /// As it is sold: `ABCDE-FGHJK-LMNPQ-RSTUV-WXYZ2`.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + LENGTH / GROUP));
        for (at, character) in self.0.chars().enumerate() {
            if at > 0 && at.is_multiple_of(GROUP) {
                text.push('-');
            }
            text.push(character);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_sold() {
        let master = MasterSecret::generate();
        let key = PurchaseKey::derive(&master, &[7; 16]);
        let again = PurchaseKey::read(&key.reveal().to_lowercase()).expect("a key");
        assert_eq!(again.hash(), key.hash());
        assert_eq!(key.reveal().len(), 29);
        assert_ne!(PurchaseKey::derive(&master, &[8; 16]).hash(), key.hash());
        assert_ne!(PurchaseKey::derive(&MasterSecret::generate(), &[7; 16]).hash(), key.hash());
        assert!(PurchaseKey::read("ABCDE").is_none());
    }
}
