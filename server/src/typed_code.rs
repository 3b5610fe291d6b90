//! Codes that people type back. Only their hashes are stored.

use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::{random, sha256};

/// 32 characters of which none is taken for another one, so that a byte's lower five bits choose one:
/// no 0, 1, I and O.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// The characters of a code: 40 random bits.
const LENGTH: usize = 8;
/// The longest text that is looked at as a typed code, in bytes.
const TYPED: usize = 64;

/// A new code.
pub(crate) fn generate() -> String {
    let mut bytes = [0; LENGTH];
    random(&mut bytes);
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// What is stored of a code.
pub(crate) fn hash(code: &str) -> Digest {
    Digest::from_bytes(sha256(code.as_bytes()))
}

/// What is stored of a code that somebody typed, in any case and with blanks or dashes between; none if
/// it cannot be a code.
pub(crate) fn hash_of_typed(typed: &str) -> Option<Digest> {
    if typed.len() > TYPED {
        return None;
    }
    let code: String =
        typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    let possible = code.len() == LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte));
    possible.then(|| hash(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_any_case_and_with_blanks() {
        let code = generate();
        let stored = Some(hash(&code));
        let (front, back) = code.split_at(4);
        for typed in [
            code.clone(),
            code.to_lowercase(),
            format!("{front}-{back}"),
            format!(" {front} {back} "),
        ] {
            assert_eq!(hash_of_typed(&typed), stored, "{typed}");
        }
        for bad in ["", "ABCDEFG", "ABCDEFGHJ", "ABCDEFG0", "ÄBCDEFG", &"A".repeat(65)] {
            assert_eq!(hash_of_typed(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_code_has_no_characters_that_look_alike() {
        for _ in 0..100 {
            let code = generate();
            assert_eq!(code.len(), LENGTH);
            assert!(!code.contains(['0', '1', 'I', 'O']), "{code}");
        }
    }
}
