//! What both implementations check in the same way, whatever their libraries would let pass.

use super::{ECDSA_SPKI_LENGTH, MAX_PKCS8_LENGTH, PrimitiveError, TAG_LENGTH};

/// Bytes of the modulus of RSA-3072.
pub(super) const RSA_MODULUS_LENGTH: usize = 384;

/// Bytes of the `SubjectPublicKeyInfo` of an RSA-3072 key with the exponent 65537.
pub(super) const SPKI_LENGTH: usize = SPKI_START.len() + RSA_MODULUS_LENGTH + SPKI_END.len();

/// Refuses everything but the canonical encoding of an RSA public key of exactly 3072 bits with the
/// exponent 65537 and the identifier `rsaEncryption`.
///
/// All of that encoding but the modulus is constant, so that comparing is the whole check: no longer
/// form of a length, no other parameter and no trailing byte can pass. That the modulus is odd is left
/// to the library.
pub(super) fn check_spki(der: &[u8]) -> Result<(), PrimitiveError> {
    let modulus = der
        .strip_prefix(&SPKI_START)
        .and_then(|rest| rest.strip_suffix(&SPKI_END))
        .ok_or(PrimitiveError::InvalidKey)?;
    // The leading bit makes it 3072 bits and no fewer.
    let is_full_length = modulus.len() == RSA_MODULUS_LENGTH && modulus[0] >= 0x80;
    is_full_length.then_some(()).ok_or(PrimitiveError::InvalidKey)
}

/// Refuses a private key document that is too long to be one of ours, before anything parses it.
pub(super) fn check_pkcs8_length(der: &[u8]) -> Result<(), PrimitiveError> {
    (der.len() <= MAX_PKCS8_LENGTH).then_some(()).ok_or(PrimitiveError::InvalidKey)
}

/// Refuses everything but a `SubjectPublicKeyInfo` of the canonical form of an uncompressed point of
/// P-256. That the point is on the curve is left to the library.
pub(super) fn check_p256_spki(der: &[u8]) -> Result<&[u8; ECDSA_SPKI_LENGTH], PrimitiveError> {
    let spki: &[u8; ECDSA_SPKI_LENGTH] = der.try_into().map_err(|_| PrimitiveError::InvalidKey)?;
    spki.starts_with(&P256_SPKI_START).then_some(spki).ok_or(PrimitiveError::InvalidKey)
}

/// Refuses everything but a PKCS#8 document of the canonical form of a P-256 key with an uncompressed
/// public key. That the two halves belong together is left to the library.
///
/// AWS-LC also reads, and then writes again, the forms without a public key.
pub(super) fn check_p256_pkcs8(der: &[u8]) -> Result<(), PrimitiveError> {
    let (_private, rest) = der
        .strip_prefix(&P256_PKCS8_START)
        .and_then(|rest| rest.split_at_checked(P256_NUMBER_LENGTH))
        .ok_or(PrimitiveError::InvalidKey)?;
    let point = rest.strip_prefix(&P256_PKCS8_MIDDLE).ok_or(PrimitiveError::InvalidKey)?;
    let is_whole = point.len() == 2 * P256_NUMBER_LENGTH;
    is_whole.then_some(()).ok_or(PrimitiveError::InvalidKey)
}

/// The number of plaintext bytes in `sealed`, which holds at least a tag.
pub(super) fn opened_length(sealed: &[u8]) -> Result<usize, PrimitiveError> {
    sealed.len().checked_sub(TAG_LENGTH).ok_or(PrimitiveError::Tampered)
}

/// Refuses an Ed25519 public key or signature with a point that lets one signature fit many
/// messages: of small order, or (for the key) not in its canonical encoding.
///
/// RFC 8032, section 5.1.3 demands the canonical encoding; the libraries differ in what they accept.
/// The point of the signature needs no check of its encoding, as it is compared byte by byte.
pub(super) fn check_ed25519(
    public_key: &[u8; 32],
    signature: &[u8; 64],
) -> Result<(), PrimitiveError> {
    let (point, _scalar) = signature.split_first_chunk().ok_or(PrimitiveError::Tampered)?;
    let refused =
        !is_canonical_point(public_key) || has_small_order(public_key) || has_small_order(point);
    (!refused).then_some(()).ok_or(PrimitiveError::Tampered)
}

/// Whether the `y` in this encoding is below the field's prime, 2^255 - 19.
fn is_canonical_point(encoded: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = encoded;
    let is_at_least_the_prime =
        *lowest >= 0xed && middle.iter().all(|byte| *byte == 0xff) && highest & 0x7f == 0x7f;
    !is_at_least_the_prime
}

/// Whether this is one of the eight points whose order divides the cofactor, whichever its sign.
fn has_small_order(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    y[31] &= 0x7f;
    SMALL_ORDER_Y.contains(&y)
}

/// `SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { INTEGER …` up to the modulus.
const SPKI_START: [u8; 33] = [
    0x30, 0x82, 0x01, 0xa2, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00, 0x03, 0x82, 0x01, 0x8f, 0x00, 0x30, 0x82, 0x01, 0x8a, 0x02, 0x82, 0x01, 0x81,
    0x00,
];

/// `INTEGER 65537`.
const SPKI_END: [u8; 5] = [0x02, 0x03, 0x01, 0x00, 0x01];

/// Bytes of a private key of P-256, and of a coordinate.
const P256_NUMBER_LENGTH: usize = 32;

/// `SEQUENCE { SEQUENCE { id-ecPublicKey, secp256r1 }, BIT STRING { 04` (RFC 5480, section 2) up to the
/// coordinates.
const P256_SPKI_START: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// `SEQUENCE { INTEGER 0, SEQUENCE { id-ecPublicKey, secp256r1 }, OCTET STRING { SEQUENCE { INTEGER 1,
/// OCTET STRING {` (RFC 5208, section 5; RFC 5915, section 3) up to the private key.
const P256_PKCS8_START: [u8; 36] = [
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02,
    0x01, 0x01, 0x04, 0x20,
];

/// `[1] { BIT STRING { 04` between the private key and the coordinates of the public one.
const P256_PKCS8_MIDDLE: [u8; 6] = [0xa1, 0x44, 0x03, 0x42, 0x00, 0x04];

/// The `y` of the points of small order: those of order four, one, two, and twice eight.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_modulus_of_full_length_and_with_its_leading_bit_is_accepted() {
        let spki = |modulus: &[u8]| [&SPKI_START, modulus, &SPKI_END].concat();
        assert_eq!(check_spki(&spki(&[0x80; RSA_MODULUS_LENGTH])), Ok(()));
        let refused = [
            spki(&[0x7f; RSA_MODULUS_LENGTH]),
            spki(&[0x80; RSA_MODULUS_LENGTH - 1]),
            spki(&[0x80; RSA_MODULUS_LENGTH + 1]),
            spki(&[]),
        ];
        for der in refused {
            assert_eq!(check_spki(&der), Err(PrimitiveError::InvalidKey));
        }
    }

    #[test]
    fn points_of_small_order_and_keys_past_the_prime_are_refused_alone() {
        let base_point = [0x66; 32];
        let signature = |point: &[u8; 32]| {
            let mut signature = [0x11; 64];
            signature[..32].copy_from_slice(point);
            signature
        };
        assert_eq!(check_ed25519(&base_point, &signature(&base_point)), Ok(()));
        for mut point in SMALL_ORDER_Y {
            for sign in [0, 0x80] {
                point[31] |= sign;
                let as_key = check_ed25519(&point, &signature(&base_point));
                let as_commitment = check_ed25519(&base_point, &signature(&point));
                assert_eq!(as_key, Err(PrimitiveError::Tampered));
                assert_eq!(as_commitment, Err(PrimitiveError::Tampered));
            }
        }
        let mut past_the_prime = [0xff; 32];
        for (lowest, highest) in [(0xed, 0x7f), (0xed, 0xff), (0xf0, 0x7f), (0xff, 0xff)] {
            (past_the_prime[0], past_the_prime[31]) = (lowest, highest);
            let checked = check_ed25519(&past_the_prime, &signature(&base_point));
            assert_eq!(checked, Err(PrimitiveError::Tampered));
        }
    }
}
