//! Keys that all tests share: making one takes a fifth of a second.

use std::sync::LazyLock;

use trybuy_formats::primitives::{DecryptionKey, SignatureKey};

static SIGNATURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = SignatureKey::generate().expect("a key");
    key.to_pkcs8().expect("encoded").to_vec()
});

static DECRYPTION: [LazyLock<Vec<u8>>; 3] = [const { LazyLock::new(decryption_key) }; 3];

fn decryption_key() -> Vec<u8> {
    let key = DecryptionKey::generate().expect("a key");
    key.to_pkcs8().expect("encoded").to_vec()
}

/// The signature key of every test server.
pub(crate) fn signature() -> SignatureKey {
    SignatureKey::from_pkcs8(&SIGNATURE).expect("a key")
}

/// One of three decryption keys.
pub(crate) fn decryption(index: usize) -> DecryptionKey {
    DecryptionKey::from_pkcs8(&DECRYPTION[index]).expect("a key")
}
