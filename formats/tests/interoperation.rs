//! The two implementations of the primitives against each other: what one makes the other reads, both
//! refuse the same, and where there is no randomness both produce the same bytes.

use proptest::prelude::*;
use trybuy_formats::primitives::{TAG_LENGTH, aws_lc, rust_crypto};

mod aws_lc_to_rust_crypto {
    use trybuy_formats::primitives::{aws_lc as maker, rust_crypto as reader};

    include!("interoperation/exchange.rs");
    include!("interoperation/refusals.rs");
    include!("interoperation/ecdsa.rs");
    include!("interoperation/certificates.rs");
}

mod rust_crypto_to_aws_lc {
    use trybuy_formats::primitives::{aws_lc as reader, rust_crypto as maker};

    include!("interoperation/exchange.rs");
    include!("interoperation/refusals.rs");
    include!("interoperation/ecdsa.rs");
    include!("interoperation/certificates.rs");
}

#[test]
fn sha256_of_the_standards_example_is_the_standards_digest() {
    // FIPS 180-4's companion examples: SHA-256 of "abc".
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(hex::encode(aws_lc::sha256(b"abc")), expected);
    assert_eq!(hex::encode(rust_crypto::sha256(b"abc")), expected);
}

proptest! {
    #[test]
    fn both_hash_alike_whole_and_in_pieces(message: Vec<u8>, cut: prop::sample::Index) {
        let (start, end) = message.split_at(cut.index(message.len() + 1));
        let mut one = aws_lc::Sha256::new();
        let mut other = rust_crypto::Sha256::new();
        for piece in [start, end] {
            one.update(piece);
            other.update(piece);
        }
        let digest = aws_lc::sha256(&message);
        prop_assert_eq!(rust_crypto::sha256(&message), digest);
        prop_assert_eq!(one.finish(), digest);
        prop_assert_eq!(other.finish(), digest);
    }

    #[test]
    fn both_tag_alike(key: Vec<u8>, message: Vec<u8>) {
        let tag = aws_lc::hmac_sha256(&key, &message);
        prop_assert_eq!(rust_crypto::hmac_sha256(&key, &message), tag);
        prop_assert_eq!(aws_lc::verify_hmac_sha256(&key, &message, &tag), Ok(()));
        prop_assert_eq!(rust_crypto::verify_hmac_sha256(&key, &message, &tag), Ok(()));
    }

    #[test]
    fn both_derive_alike(
        ikm: Vec<u8>,
        salt: Vec<u8>,
        info: Vec<Vec<u8>>,
        length in 0_usize..600,
    ) {
        let parts: Vec<&[u8]> = info.iter().map(Vec::as_slice).collect();
        let (mut one, mut other, mut joined) = (vec![0; length], vec![0; length], vec![0; length]);
        aws_lc::hkdf_sha256(&ikm, &salt, &parts, &mut one);
        rust_crypto::hkdf_sha256(&ikm, &salt, &parts, &mut other);
        rust_crypto::hkdf_sha256(&ikm, &salt, &[&info.concat()], &mut joined);
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &joined);
    }

    #[test]
    fn both_seal_alike(key: [u8; 32], nonce: [u8; 12], plaintext: Vec<u8>) {
        let (one, other) = (aws_lc::AeadKey::new(&key), rust_crypto::AeadKey::new(&key));
        let mut sealed = [vec![0; plaintext.len() + TAG_LENGTH], vec![0; plaintext.len() + TAG_LENGTH]];
        prop_assert_eq!(one.seal_into(nonce, &plaintext, &mut sealed[0]), Ok(()));
        prop_assert_eq!(other.seal_into(nonce, &plaintext, &mut sealed[1]), Ok(()));
        prop_assert_eq!(&sealed[0], &sealed[1]);
        let unsealed = [plaintext.as_slice(), &[0; TAG_LENGTH]].concat();
        let mut in_place = [unsealed.clone(), unsealed];
        prop_assert_eq!(one.seal_in_place(nonce, &mut in_place[0]), Ok(()));
        prop_assert_eq!(other.seal_in_place(nonce, &mut in_place[1]), Ok(()));
        prop_assert_eq!(in_place, sealed);
    }

    #[test]
    fn both_compare_alike(a: Vec<u8>, b: Vec<u8>) {
        for (a, b) in [(&a, &b), (&a, &a)] {
            prop_assert_eq!(aws_lc::constant_time_eq(a, b), a == b);
            prop_assert_eq!(rust_crypto::constant_time_eq(a, b), a == b);
        }
    }
}
