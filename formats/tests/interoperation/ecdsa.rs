// ECDSA between `maker` and `reader`; included beside `exchange.rs` and `refusals.rs`.

/// Written by `openssl ecparam -name prime256v1 -genkey -noout`, then `openssl pkcs8 -topk8 -nocrypt`.
const OPENSSL_PKCS8: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420\
    b1cbb188bd6205c7c30e18ac2a31c07ae0566d1901e14ea7bbf5be97981abbd4\
    a144034200041003735a5198cfa306ae264b32686b13578257698cb031615ae9a679cdb38cbe0f\
    8e673bd8fe397b8e1aeadddfd74872941c7b431568a8a74fdfcacd2ed715d3";

/// The key of the same kind, but on P-384.
const OPENSSL_P384_PKCS8: &str = "3081a4020101043018c14075df38a1b3cb5d97ea76075f09cda4b0af04786679c07a123f8f17\
    2ecb5b45a77cf1dc7bd6b9e84896a728fa76a00706052b81040022a16403620004be49edc983d2bf0783\
    0512f536897c89b500c81badf4dc9025cf59cef93f60a309ef1cb5d6d2d732594036992111f6e1616eef\
    2f2813fbc2120c1727f12c7c70602ae651917ee4db1aada38af3d88d7cb97ee16445a857d46e66640b29\
    a8e3b5";

#[test]
fn ecdsa_keys_have_the_same_bytes_and_sign_for_each_other() {
    let key = maker::EcdsaKey::generate().expect("a new key");
    let document = key.to_pkcs8().expect("a document");
    let read = reader::EcdsaKey::from_pkcs8(&document).expect("the other reads it");
    assert_eq!(*read.to_pkcs8().expect("a document"), *document);
    assert_eq!(read.spki(), key.spki());
    assert_eq!(key.spki().len(), trybuy_formats::primitives::ECDSA_SPKI_LENGTH);

    let public = reader::EcdsaVerificationKey::from_spki(key.spki()).expect("the other reads it");
    assert_eq!(public.spki(), key.spki());
    for signature in [key.sign_fixed(MESSAGE), read.sign_fixed(MESSAGE)] {
        let signature = signature.expect("a signature");
        assert_eq!(public.verify_fixed(MESSAGE, &signature), Ok(()));
        assert_eq!(public.clone().verify_fixed(MESSAGE, &signature), Ok(()));
    }
}

#[test]
fn an_ecdsa_key_that_openssl_made_is_read_and_written_the_same() {
    let document = hex::decode(OPENSSL_PKCS8).expect("hexadecimal");
    let key = reader::EcdsaKey::from_pkcs8(&document).expect("a key of ours");
    assert_eq!(*key.to_pkcs8().expect("a document"), document);
    let public = maker::EcdsaVerificationKey::from_spki(key.spki()).expect("the other reads it");
    let signature = key.sign_fixed(MESSAGE).expect("a signature");
    assert_eq!(public.verify_fixed(MESSAGE, &signature), Ok(()));
}

#[test]
fn altered_ecdsa_signatures_are_refused() {
    let key = maker::EcdsaKey::generate().expect("a new key");
    let public = reader::EcdsaVerificationKey::from_spki(key.spki()).expect("the other reads it");
    let signature = key.sign_fixed(MESSAGE).expect("a signature");
    let tampered = Err(PrimitiveError::Tampered);
    for bit in 0..signature.len() * 8 {
        let altered = with_flipped_bit(&signature, bit);
        assert_eq!(public.verify_fixed(MESSAGE, &altered), tampered, "bit {bit}");
    }
    assert_eq!(public.verify_fixed(b"another", &signature), tampered);
    let der = key.sign(MESSAGE).expect("a signature");
    let longer = [&signature[..], &[0]].concat();
    for foreign in [&signature[1..], &longer, &der, &[], &[0; 64], &[0xff; 64]] {
        assert_eq!(public.verify_fixed(MESSAGE, foreign), tampered);
    }
    let other = maker::EcdsaKey::generate().expect("a new key");
    let other = reader::EcdsaVerificationKey::from_spki(other.spki()).expect("a key");
    assert_eq!(other.verify_fixed(MESSAGE, &signature), tampered);
}

#[test]
fn ecdsa_public_keys_have_one_encoding() {
    let spki = maker::EcdsaKey::generate().expect("a new key").spki().to_vec();
    let compressed = [
        &[0x30, 0x39],
        &spki[2..23],
        &[0x03, 0x22, 0x00, 0x02 | spki[90] & 1],
        &spki[27..59],
    ]
    .concat();
    // A flipped bit of a coordinate takes the point off the curve.
    let altered = (0..spki.len() * 8).map(|bit| with_flipped_bit(&spki, bit));
    let of_other_forms =
        [[&*spki, &[0]].concat(), spki[..90].to_vec(), spki[26..].to_vec(), compressed, p384_spki()];
    let at_infinity = [&[0x30, 0x1a], &spki[2..23], &[0x03, 0x03, 0x00, 0x00][..]].concat();
    for der in altered.chain(of_other_forms).chain([at_infinity, Vec::new(), vec![0; 1 << 20]]) {
        let read = reader::EcdsaVerificationKey::from_spki(&der);
        assert_eq!(read.err(), Some(PrimitiveError::InvalidKey), "{} bytes", der.len());
    }
}

#[test]
fn ecdsa_private_keys_have_one_encoding() {
    let document = maker::EcdsaKey::generate().expect("a new key").to_pkcs8().expect("a document");
    let altered = (0..document.len() * 8).step_by(3).map(|bit| with_flipped_bit(&document, bit));
    let other = maker::EcdsaKey::generate().expect("a new key").to_pkcs8().expect("a document");
    let of_other_forms = [
        [&**document, &[0]].concat(),
        document[..137].to_vec(),
        without_public_key(&document),
        with_compressed_public_key(&document),
        with_parameters(&document),
        document[29..].to_vec(),
        hex::decode(OPENSSL_P384_PKCS8).expect("hexadecimal"),
    ];
    let of_other_numbers = [
        [&document[..68], &other[68..]].concat(),
        [&document[..36], &[0; 32], &document[68..]].concat(),
        [&document[..36], &[0xff; 32], &document[68..]].concat(),
        vec![0; 1 << 20],
    ];
    for der in altered.chain(of_other_forms).chain(of_other_numbers) {
        let read = reader::EcdsaKey::from_pkcs8(&der);
        assert_eq!(read.err(), Some(PrimitiveError::InvalidKey), "{}", hex::encode(&der[..64]));
    }
}

fn p384_spki() -> Vec<u8> {
    let document = hex::decode(OPENSSL_P384_PKCS8).expect("hexadecimal");
    let start = hex::decode("3076301006072a8648ce3d020106052b81040022036200").expect("hexadecimal");
    [&*start, &document[document.len() - 97..]].concat()
}

/// The optional public key of RFC 5915, section 3 left out.
fn without_public_key(document: &[u8]) -> Vec<u8> {
    let algorithm = &document[6..27];
    [&[0x30, 0x41, 2, 1, 0], algorithm, &[0x04, 0x27, 0x30, 0x25], &document[31..68]].concat()
}

fn with_compressed_public_key(document: &[u8]) -> Vec<u8> {
    let (algorithm, private) = (&document[6..27], &document[31..68]);
    let point = [&[0xa1, 0x24, 0x03, 0x22, 0, 2 | document[137] & 1], &document[74..106]].concat();
    [&[0x30, 0x67, 2, 1, 0], algorithm, &[0x04, 0x4d, 0x30, 0x4b], private, &point].concat()
}

/// The curve named a second time, as RFC 5915, section 3 has it outside of PKCS#8.
fn with_parameters(document: &[u8]) -> Vec<u8> {
    let (algorithm, private) = (&document[6..27], &document[31..68]);
    let parameters = [&[0xa0, 0x0a], &document[17..27]].concat();
    let start: [&[u8]; 3] = [&[0x30, 0x81, 0x93, 2, 1, 0], algorithm, &[0x04, 0x79, 0x30, 0x77]];
    [&start.concat(), private, &parameters, &document[68..]].concat()
}
