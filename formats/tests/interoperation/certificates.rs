// The signatures of certificates between `maker` and `reader`; included beside `ecdsa.rs`.

use trybuy_formats::primitives::CertificateSignature;

const ALGORITHMS: [CertificateSignature; 6] = [
    CertificateSignature::EcdsaP256Sha256,
    CertificateSignature::EcdsaP384Sha384,
    CertificateSignature::RsaPkcs1Sha256,
    CertificateSignature::RsaPkcs1Sha384,
    CertificateSignature::RsaPkcs1Sha512,
    CertificateSignature::Ed25519,
];

#[test]
fn certificates_signed_with_ecdsa_verify_in_der() {
    let key = maker::EcdsaKey::generate().expect("a new key");
    let verify = |message: &[u8], signature: &[u8]| {
        let algorithm = CertificateSignature::EcdsaP256Sha256;
        reader::verify_certificate_signature(algorithm, key.spki(), message, signature)
    };
    // Enough signatures that some have a number that starts with a set bit, or with a zero byte.
    for number in 0..1000_u16 {
        let message = number.to_be_bytes();
        let signature = key.sign(&message).expect("a signature");
        assert_eq!(verify(&message, &signature), Ok(()), "{}", hex::encode(signature));
    }
    let signature = key.sign(MESSAGE).expect("a signature");
    let tampered = Err(PrimitiveError::Tampered);
    for bit in 0..signature.len() * 8 {
        assert_eq!(verify(MESSAGE, &with_flipped_bit(&signature, bit)), tampered, "bit {bit}");
    }
    let fixed = key.sign_fixed(MESSAGE).expect("a signature");
    for foreign in [&fixed[..], &[&*signature, &[0]].concat(), &[], &[0; 1 << 20]] {
        assert_eq!(verify(MESSAGE, foreign), tampered);
    }
}

#[test]
fn certificates_signed_with_ed25519_verify() {
    let key = maker::RequestSignatureKey::generate().expect("a new key");
    let spki = ed25519_spki(&key.public_key());
    let verify = |signature: &[u8]| {
        let algorithm = CertificateSignature::Ed25519;
        reader::verify_certificate_signature(algorithm, &spki, MESSAGE, signature)
    };
    let signature = key.sign(MESSAGE);
    assert_eq!(verify(&signature), Ok(()));
    for foreign in [&with_flipped_bit(&signature, 300), &signature[1..], &[]] {
        assert_eq!(verify(foreign), Err(PrimitiveError::Tampered));
    }
}

#[test]
fn a_certificates_key_fits_only_the_algorithms_of_its_kind() {
    let ed25519 = maker::RequestSignatureKey::generate().expect("a new key").public_key();
    let keys: [(Vec<u8>, &[CertificateSignature]); 4] = [
        (maker::EcdsaKey::generate().expect("a new key").spki().to_vec(), &ALGORITHMS[..1]),
        (p384_spki(), &ALGORITHMS[1..2]),
        (SIGNATURE_KEY.verification_key().spki().to_vec(), &ALGORITHMS[2..5]),
        (ed25519_spki(&ed25519), &ALGORITHMS[5..]),
    ];
    for (spki, of_its_kind) in &keys {
        for algorithm in ALGORITHMS {
            let verify =
                |spki: &[u8]| reader::verify_certificate_signature(algorithm, spki, MESSAGE, &[1; 64]);
            let fits = of_its_kind.contains(&algorithm);
            let error = if fits { PrimitiveError::Tampered } else { PrimitiveError::InvalidKey };
            assert_eq!(verify(spki), Err(error), "{algorithm:?}");
            // The key alone is an encoding that some libraries read as well: of a point, of 32 bytes, or
            // of RFC 8017, appendix A.1.1.
            let bare_starts = [26, 23, 24, 12];
            let others = bare_starts.iter().filter_map(|start| spki.get(*start..));
            for bare in others.chain([&*[&**spki, &[0]].concat(), &[], &[0x30; 1 << 16]]) {
                assert_eq!(verify(bare), Err(PrimitiveError::InvalidKey), "{algorithm:?}");
            }
        }
    }
}

#[test]
fn certificate_keys_off_their_curve_are_refused() {
    let p256 = maker::EcdsaKey::generate().expect("a new key").spki().to_vec();
    let keys = [
        (CertificateSignature::EcdsaP256Sha256, p256),
        (CertificateSignature::EcdsaP384Sha384, p384_spki()),
    ];
    for (algorithm, spki) in keys {
        for bit in 0..spki.len() * 8 {
            let altered = with_flipped_bit(&spki, bit);
            let verified =
                reader::verify_certificate_signature(algorithm, &altered, MESSAGE, &[1; 64]);
            assert_eq!(verified, Err(PrimitiveError::InvalidKey), "{algorithm:?}, bit {bit}");
        }
    }
}

fn ed25519_spki(public_key: &[u8; 32]) -> Vec<u8> {
    [&hex::decode("302a300506032b6570032100").expect("hexadecimal"), &public_key[..]].concat()
}
