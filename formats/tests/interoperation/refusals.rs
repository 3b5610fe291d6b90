// What `reader` refuses of what `maker` made; included beside `exchange.rs`, which has the keys.

const TAG: usize = trybuy_formats::primitives::TAG_LENGTH;

#[test]
fn any_flipped_bit_of_sealed_data_is_refused_and_leaves_zeroes() {
    let mut sealed = vec![0; 40 + TAG];
    maker::AeadKey::new(&SECRET).seal_into(NONCE, &[0x5a; 40], &mut sealed).expect("sealed");
    let key = reader::AeadKey::new(&SECRET);
    for bit in 0..sealed.len() * 8 {
        assert_refused_leaving_zeroes(&key, NONCE, &with_flipped_bit(&sealed, bit));
    }
    assert_refused_leaving_zeroes(&key, [4; 12], &sealed);
    assert_refused_leaving_zeroes(&reader::AeadKey::new(&[8; 32]), NONCE, &sealed);
    for length in 0..sealed.len() {
        assert_refused_leaving_zeroes(&key, NONCE, &sealed[..length]);
    }
}

#[test]
fn buffers_that_do_not_fit_are_refused() {
    let key = reader::AeadKey::new(&SECRET);
    let wrong = Err(PrimitiveError::InvalidLength);
    assert_eq!(key.seal_into(NONCE, &[1; 10], &mut [0; 10 + TAG - 1]), wrong);
    assert_eq!(key.seal_into(NONCE, &[1; 10], &mut [0; 10 + TAG + 1]), wrong);
    assert_eq!(key.seal_into(NONCE, &[1; 10], &mut [0; 3]), wrong);
    assert_eq!(key.seal_in_place(NONCE, &mut [0; TAG - 1]), wrong);
    let mut out = [9; 11];
    assert_eq!(key.open_into(NONCE, &[1; 10 + TAG], &mut out), wrong);
    assert_eq!(out, [0; 11]);
    let public =
        reader::EncryptionKey::from_spki(DECRYPTION_KEY.encryption_key().spki()).expect("a key");
    assert_eq!(
        public.wrap(LABEL, &[1; MAX_WRAPPABLE_LENGTH + 1]),
        Err(PrimitiveError::InvalidLength)
    );
}

#[test]
fn altered_wrapped_secrets_are_all_refused_alike() {
    let document = DECRYPTION_KEY.to_pkcs8().expect("a document");
    let private = reader::DecryptionKey::from_pkcs8(&document).expect("the other reads it");
    let wrapped = DECRYPTION_KEY.encryption_key().wrap(LABEL, &SECRET).expect("wrapped");
    let tampered = Some(PrimitiveError::Tampered);
    for bit in (0..wrapped.len() * 8).step_by(61) {
        let altered = with_flipped_bit(&wrapped, bit);
        assert_eq!(private.unwrap(LABEL, &altered).err(), tampered, "bit {bit}");
    }
    assert_eq!(private.unwrap(b"another label", &wrapped).err(), tampered);
    assert_eq!(private.unwrap(b"", &wrapped).err(), tampered);
    for foreign in [&wrapped[1..], &[&[0], &*wrapped].concat(), &[], &[0; 384], &[0xff; 384]] {
        assert_eq!(private.unwrap(LABEL, foreign).err(), tampered);
    }
    let other = reader::DecryptionKey::generate().expect("a new key");
    assert_eq!(other.unwrap(LABEL, &wrapped).err(), tampered);
}

#[test]
fn altered_signatures_and_messages_are_refused() {
    let spki = SIGNATURE_KEY.verification_key().spki().to_vec();
    let public = reader::VerificationKey::from_spki(&spki).expect("the other reads it");
    let signature = SIGNATURE_KEY.sign(MESSAGE).expect("a signature");
    let tampered = Err(PrimitiveError::Tampered);
    for bit in (0..signature.len() * 8).step_by(7) {
        assert_eq!(
            public.verify(MESSAGE, &with_flipped_bit(&signature, bit)),
            tampered,
            "bit {bit}"
        );
    }
    for bit in 0..MESSAGE.len() * 8 {
        assert_eq!(
            public.verify(&with_flipped_bit(MESSAGE, bit), &signature),
            tampered,
            "bit {bit}"
        );
    }
    for foreign in [&signature[1..], &[&[0], &*signature].concat(), &[], &[0; 384], &[0xff; 384]] {
        assert_eq!(public.verify(MESSAGE, foreign), tampered);
    }
}

#[test]
fn public_keys_have_one_encoding() {
    let spki = SIGNATURE_KEY.verification_key().spki().to_vec();
    // Everything but the modulus, and of that its first and its last bit.
    let outside =
        (0..33 * 8).chain([33 * 8, (33 + 383) * 8 + 7]).chain((33 + 384) * 8..spki.len() * 8);
    let altered = outside.map(|bit| with_flipped_bit(&spki, bit));
    let lengthened = [[&*spki, &[0]].concat(), [&[0], &*spki].concat(), Vec::new()];
    for der in altered.chain(lengthened).chain([spki[..spki.len() - 1].to_vec()]) {
        let invalid = Some(PrimitiveError::InvalidKey);
        assert_eq!(reader::VerificationKey::from_spki(&der).err(), invalid);
        assert_eq!(reader::EncryptionKey::from_spki(&der).err(), invalid);
    }
}

#[test]
fn altered_private_key_documents_are_refused() {
    let rsa = SIGNATURE_KEY.to_pkcs8().expect("a document");
    let invalid = Some(PrimitiveError::InvalidKey);
    let altered = (0..rsa.len() * 8).step_by(131).map(|bit| with_flipped_bit(&rsa, bit));
    let lengthened = [[&**rsa, &[0]].concat(), rsa[..rsa.len() - 1].to_vec(), vec![0; 1 << 20]];
    for der in altered.chain(lengthened) {
        assert_eq!(reader::SignatureKey::from_pkcs8(&der).err(), invalid);
        assert_eq!(reader::DecryptionKey::from_pkcs8(&der).err(), invalid);
    }
    let ed25519 =
        maker::RequestSignatureKey::generate().expect("a new key").to_pkcs8().expect("a document");
    assert_eq!(reader::SignatureKey::from_pkcs8(&ed25519).err(), invalid);
    for der in [&[&**ed25519, &[0]].concat(), &**rsa, &ed25519[..47], &[]] {
        assert_eq!(reader::RequestSignatureKey::from_pkcs8(der).err(), invalid);
    }
}

#[test]
fn altered_request_signatures_are_refused() {
    let key = maker::RequestSignatureKey::generate().expect("a new key");
    let (public, signature) = (key.public_key(), key.sign(MESSAGE));
    let tampered = Err(PrimitiveError::Tampered);
    for bit in 0..512 {
        let altered = with_flipped_bit(&signature, bit).try_into().expect("64 bytes");
        assert_eq!(
            reader::verify_request_signature(&public, MESSAGE, &altered),
            tampered,
            "bit {bit}"
        );
    }
    for bit in 0..256 {
        let altered = with_flipped_bit(&public, bit).try_into().expect("32 bytes");
        assert_eq!(
            reader::verify_request_signature(&altered, MESSAGE, &signature),
            tampered,
            "bit {bit}"
        );
    }
    assert_eq!(reader::verify_request_signature(&public, b"another", &signature), tampered);
}

#[test]
fn request_keys_of_small_order_are_refused_under_every_encoding() {
    // Under the neutral point, whose y is 1, two signatures would fit every message: that point with the
    // scalar zero, and the base point with the scalar one.
    let encoded = |low: u8, high: u8, fill: u8| {
        let mut y = [fill; 32];
        (y[0], y[31]) = (low, high);
        y
    };
    let canonical = [encoded(1, 0, 0), encoded(0, 0, 0), encoded(0xec, 0x7f, 0xff)];
    // The prime itself and one more: zero and one again, but not canonical.
    let others = [encoded(0xed, 0x7f, 0xff), encoded(0xee, 0x7f, 0xff)];
    for mut y in canonical.into_iter().chain(others) {
        for sign in [0, 0x80] {
            y[31] = y[31] & 0x7f | sign;
            let base_point = encoded(0x58, 0x66, 0x66);
            for (point, scalar) in [(y, 0), (encoded(1, 0, 0), 0), (base_point, 1)] {
                let signature =
                    [point, encoded(scalar, 0, 0)].concat().try_into().expect("64 bytes");
                let verified = reader::verify_request_signature(&y, MESSAGE, &signature);
                assert_eq!(verified, Err(PrimitiveError::Tampered), "{y:x?}");
            }
        }
    }
}

fn assert_refused_leaving_zeroes(key: &reader::AeadKey, nonce: [u8; 12], sealed: &[u8]) {
    let mut apart = vec![0xa5; sealed.len().saturating_sub(TAG)];
    assert_eq!(key.open_into(nonce, sealed, &mut apart), Err(PrimitiveError::Tampered));
    assert!(apart.iter().all(|byte| *byte == 0));
    let mut in_place = sealed.to_vec();
    assert_eq!(key.open_in_place(nonce, &mut in_place), Err(PrimitiveError::Tampered));
    assert!(in_place.iter().all(|byte| *byte == 0));
}

fn with_flipped_bit(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 0x80 >> (bit % 8);
    flipped
}
