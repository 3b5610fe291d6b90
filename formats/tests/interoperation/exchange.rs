// What `maker` makes and `reader` reads; `interoperation.rs` includes this once for each direction.

use std::sync::LazyLock;

use trybuy_formats::primitives::{
    MAX_WRAPPABLE_LENGTH, PrimitiveError, SIGNATURE_LENGTH, WRAPPED_LENGTH,
};

const LABEL: &[u8] = b"the label of a wrapped file key";
const MESSAGE: &[u8] = b"what was signed";
const NONCE: [u8; 12] = [3; 12];
const SECRET: [u8; 32] = [7; 32];

/// Making an RSA key takes long enough to share it.
static DECRYPTION_KEY: LazyLock<maker::DecryptionKey> =
    LazyLock::new(|| maker::DecryptionKey::generate().expect("a new key"));
static SIGNATURE_KEY: LazyLock<maker::SignatureKey> =
    LazyLock::new(|| maker::SignatureKey::generate().expect("a new key"));

#[test]
fn sealed_data_opens_in_place_and_apart() {
    for length in [0, 1, 15, 16, 17, 64 * 1024 + 5] {
        let plaintext = vec![0x5a; length];
        let mut sealed = vec![0; length + TAG];
        maker::AeadKey::new(&SECRET).seal_into(NONCE, &plaintext, &mut sealed).expect("sealed");

        let key = reader::AeadKey::new(&SECRET);
        let mut apart = vec![0; length];
        assert_eq!(key.open_into(NONCE, &sealed, &mut apart), Ok(()));
        assert_eq!(apart, plaintext);
        assert_eq!(key.open_in_place(NONCE, &mut sealed).map(|opened| &*opened), Ok(&*plaintext));
    }
}

#[test]
fn wrapped_secrets_unwrap_under_a_key_read_from_its_document() {
    let document = DECRYPTION_KEY.to_pkcs8().expect("a document");
    let private = reader::DecryptionKey::from_pkcs8(&document).expect("the other reads it");
    let public = maker::EncryptionKey::from_spki(private.encryption_key().spki()).expect("a key");
    for secret in [&SECRET[..], &[], &[1; MAX_WRAPPABLE_LENGTH]] {
        for label in [LABEL, &[]] {
            let wrapped = public.wrap(label, secret).expect("wrapped");
            assert_eq!(wrapped.len(), WRAPPED_LENGTH);
            assert_eq!(*private.unwrap(label, &wrapped).expect("unwrapped"), secret);
        }
    }
}

#[test]
fn signatures_verify_under_a_key_read_from_its_encoding() {
    let spki = SIGNATURE_KEY.verification_key().spki().to_vec();
    let public = reader::VerificationKey::from_spki(&spki).expect("the other reads it");
    let signature = SIGNATURE_KEY.sign(MESSAGE).expect("a signature");
    assert_eq!(signature.len(), SIGNATURE_LENGTH);
    assert_eq!(public.verify(MESSAGE, &signature), Ok(()));

    let document = SIGNATURE_KEY.to_pkcs8().expect("a document");
    let private = reader::SignatureKey::from_pkcs8(&document).expect("the other reads it");
    let signature = private.sign(MESSAGE).expect("a signature");
    assert_eq!(SIGNATURE_KEY.verification_key().verify(MESSAGE, &signature), Ok(()));
}

#[test]
fn documents_and_encodings_of_keys_are_the_same_bytes() {
    let document = DECRYPTION_KEY.to_pkcs8().expect("a document");
    let read = reader::DecryptionKey::from_pkcs8(&document).expect("the other reads it");
    assert_eq!(*read.to_pkcs8().expect("a document"), *document);
    assert_eq!(read.encryption_key().spki(), DECRYPTION_KEY.encryption_key().spki());
    assert_eq!(read.encryption_key().spki().len(), trybuy_formats::primitives::SPKI_LENGTH);
}

#[test]
fn request_signatures_are_the_same_bytes_and_verify() {
    let key = maker::RequestSignatureKey::generate().expect("a new key");
    let document = key.to_pkcs8().expect("a document");
    let read = reader::RequestSignatureKey::from_pkcs8(&document).expect("the other reads it");
    assert_eq!(*read.to_pkcs8().expect("a document"), *document);
    assert_eq!(read.public_key(), key.public_key());
    assert_eq!(read.sign(MESSAGE), key.sign(MESSAGE));
    let signature = key.sign(MESSAGE);
    assert_eq!(reader::verify_request_signature(&key.public_key(), MESSAGE, &signature), Ok(()));
}
