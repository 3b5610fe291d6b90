//! The signatures of certificates, and the one accepted encoding of the keys that make them.

use super::strictness::check_p256_spki;
use super::{MAX_CERTIFICATE_SPKI_LENGTH, PrimitiveError};

/// An algorithm that a certificate may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateSignature {
    /// ECDSA on P-256 with SHA-256 (RFC 5758, section 3.2).
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384 (RFC 5758, section 3.2).
    EcdsaP384Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 4055, section 5).
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 4055, section 5).
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 4055, section 5).
    RsaPkcs1Sha512,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

impl CertificateSignature {
    /// Refuses everything but the canonical `SubjectPublicKeyInfo` (RFC 5280, section 4.1) of a key for
    /// this algorithm.
    ///
    /// That a point is on its curve, and the modulus of RSA odd, is left to the libraries, which read
    /// other encodings too.
    pub(super) fn check_key(self, spki: &[u8]) -> Result<(), PrimitiveError> {
        if spki.len() > MAX_CERTIFICATE_SPKI_LENGTH {
            return Err(PrimitiveError::InvalidKey);
        }
        match self {
            Self::EcdsaP256Sha256 => check_p256_spki(spki).map(|_| ()),
            Self::EcdsaP384Sha384 => check_constant_start(spki, &P384_SPKI_START, 2 * 48),
            Self::Ed25519 => check_constant_start(spki, &ED25519_SPKI_START, 32),
            Self::RsaPkcs1Sha256 | Self::RsaPkcs1Sha384 | Self::RsaPkcs1Sha512 => {
                check_rsa_numbers(spki).ok_or(PrimitiveError::InvalidKey)
            }
        }
    }
}

/// Refuses everything but `start` and that many bytes after it.
fn check_constant_start(spki: &[u8], start: &[u8], rest: usize) -> Result<(), PrimitiveError> {
    let is_whole = spki.strip_prefix(start).is_some_and(|key| key.len() == rest);
    is_whole.then_some(()).ok_or(PrimitiveError::InvalidKey)
}

/// Checks the form of an RSA key (RFC 3279, section 2.3.1) of 2048 to 8192 bits with an odd exponent of 2
/// to 33 bits. More would let a certificate choose how long its verification takes.
fn check_rsa_numbers(spki: &[u8]) -> Option<()> {
    let (key_info, []) = element(spki, SEQUENCE)? else { return None };
    let (key, []) = element(key_info.strip_prefix(&RSA_ALGORITHM)?, BIT_STRING)? else {
        return None;
    };
    let (numbers, []) = element(key.strip_prefix(&[0])?, SEQUENCE)? else { return None };
    let (modulus, rest) = positive_integer(numbers)?;
    let (exponent, []) = positive_integer(rest)? else { return None };
    let is_odd = exponent.last()? & 1 == 1;
    let is_of_our_size =
        (2048..=8192).contains(&bit_length(modulus)) && (2..=33).contains(&bit_length(exponent));
    (is_odd && is_of_our_size).then_some(())
}

/// The bytes of a positive `INTEGER` in its shortest form, without the byte for its sign, and the rest.
fn positive_integer(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = element(der, INTEGER)?;
    let magnitude = match content {
        [0, magnitude @ ..] if magnitude.first()? >= &0x80 => magnitude,
        [1..=0x7f, ..] => content,
        _ => return None,
    };
    Some((magnitude, rest))
}

/// The number of bits of a number without leading zero bytes.
fn bit_length(magnitude: &[u8]) -> usize {
    let unused = magnitude.first().map_or(0, |byte| byte.leading_zeros());
    magnitude.len() * 8 - unused as usize
}

/// The content of the element with this tag at the start of `der`, and what follows it. Its length must
/// have its shortest form (X.690, section 10.1) and no more than two bytes.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der.strip_prefix(&[tag])? {
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/// `SEQUENCE { rsaEncryption, NULL }`.
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// `SEQUENCE { SEQUENCE { id-ecPublicKey, secp384r1 }, BIT STRING { 04` (RFC 5480, section 2) up to the
/// coordinates.
const P384_SPKI_START: [u8; 24] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
];

/// `SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING {` (RFC 8410, section 4) up to the key.
const ED25519_SPKI_START: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

#[cfg(test)]
mod tests {
    use super::*;

    /// An element of this tag, with its length in the shortest form.
    fn encoded(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head = match length {
            0..=0x7f => vec![tag, length as u8],
            0x80..=0xff => vec![tag, 0x81, length as u8],
            _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        };
        [head, content.to_vec()].concat()
    }

    fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        let numbers = [encoded(INTEGER, modulus), encoded(INTEGER, exponent)].concat();
        let key = [vec![0], encoded(SEQUENCE, &numbers)].concat();
        encoded(SEQUENCE, &[RSA_ALGORITHM.to_vec(), encoded(BIT_STRING, &key)].concat())
    }

    /// The content of an `INTEGER` of this many bits, all of them set.
    fn modulus(bits: usize) -> Vec<u8> {
        let mut bytes = vec![0xff; bits / 8 + 1];
        bytes[0] = (0xff_u16 >> (8 - bits % 8)) as u8;
        bytes
    }

    #[test]
    fn rsa_keys_have_2048_to_8192_bits_and_an_odd_exponent_of_2_to_33() {
        let check = |spki: &[u8]| CertificateSignature::RsaPkcs1Sha256.check_key(spki);
        let exponents: [&[u8]; 4] = [&[3], &[17], &[1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]];
        for exponent in exponents {
            for bits in [2048, 2049, 3072, 4095, 8191, 8192] {
                assert_eq!(check(&rsa_spki(&modulus(bits), exponent)), Ok(()), "{bits} bits");
            }
        }
        let refused: [&[u8]; 8] =
            [&[], &[0], &[1], &[2], &[1, 0, 0], &[0x83], &[0, 3], &[3, 0, 0, 0, 1]];
        for exponent in refused {
            let checked = check(&rsa_spki(&modulus(2048), exponent));
            assert_eq!(checked, Err(PrimitiveError::InvalidKey), "{exponent:x?}");
        }
        for bits in [0, 1024, 2047, 8193, 16384] {
            let checked = check(&rsa_spki(&modulus(bits), &[1, 0, 1]));
            assert_eq!(checked, Err(PrimitiveError::InvalidKey), "{bits} bits");
        }
    }

    #[test]
    fn rsa_keys_have_one_encoding() {
        let check = |spki: &[u8]| CertificateSignature::RsaPkcs1Sha512.check_key(spki);
        let canonical = rsa_spki(&modulus(2048), &[1, 0, 1]);
        assert_eq!(check(&canonical), Ok(()));
        // All but the modulus after its first bytes.
        for index in (0..34).chain(canonical.len() - 5..canonical.len() - 3) {
            let mut altered = canonical.clone();
            altered[index] ^= 0x80;
            assert_eq!(check(&altered), Err(PrimitiveError::InvalidKey), "byte {index}");
        }
        let with_long_length = [&[0x30, 0x83, 0], &canonical[2..]].concat();
        let padded = rsa_spki(&[vec![0], modulus(2048)].concat(), &[1, 0, 1]);
        let oversized = vec![0x30; 1 << 20];
        for der in [[&*canonical, &[0]].concat(), with_long_length, padded, oversized] {
            assert_eq!(check(&der), Err(PrimitiveError::InvalidKey));
        }
        for length in 0..canonical.len() {
            assert_eq!(check(&canonical[..length]), Err(PrimitiveError::InvalidKey));
        }
    }
}
