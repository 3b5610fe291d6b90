//! Codes that people read and type: no two of their characters look alike.

use zeroize::Zeroizing;

/// 32 characters of which none is taken for another one, so that a byte's lower five bits choose one:
/// no 0, 1, I and O.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// The longest text that is looked at as a typed code, in bytes.
const TYPED: usize = 64;

/// A code of one character for each byte, of which five bits count.
pub fn spell(bytes: &[u8]) -> Zeroizing<String> {
    let spelled = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    Zeroizing::new(spelled.collect())
}

/// The code that somebody typed, in any case and with blanks or dashes between; none if it cannot be one
/// of that length.
pub fn read(typed: &str, length: usize) -> Option<Zeroizing<String>> {
    if typed.len() > TYPED {
        return None;
    }
    let code: String =
        typed.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    let possible = code.len() == length && code.bytes().all(|byte| ALPHABET.contains(&byte));
    possible.then(|| Zeroizing::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_any_case_and_with_blanks() {
        let code = spell(&[0, 1, 2, 31, 32, 200, 7, 9]);
        let (front, back) = code.split_at(4);
        for typed in [
            code.to_string(),
            code.to_lowercase(),
            format!("{front}-{back}"),
            format!(" {front} {back} "),
        ] {
            assert_eq!(read(&typed, 8).as_deref(), Some(&*code), "{typed}");
        }
        for bad in ["", "ABCDEFG", "ABCDEFGHJ", "ABCDEFG0", "ÄBCDEFG", &"A".repeat(65)] {
            assert_eq!(read(bad, 8), None, "{bad}");
        }
    }

    #[test]
    fn no_two_characters_look_alike() {
        let all: Vec<u8> = (0..=255).collect();
        assert!(!spell(&all).contains(['0', '1', 'I', 'O']));
    }
}
