//! The dispersed layout (Fig. 5): the control area in pieces inside the program (`TF-9`, `TF-10`).

use zeroize::Zeroizing;

use crate::envelope::header::Header;
use crate::keys::FileKey;

use super::geometry::Geometry;
use super::preamble::Preamble;

/// Into how many pieces the control area is cut.
pub(super) const PIECES: usize = 8;

/// Derivation of the places (`TF-9`).
const PLACES_LABEL: &[u8] = b"trybuy/v1/dispersal";
/// Derivation of the body's key (`TF-10`).
const BODY_LABEL: &[u8] = b"trybuy/v1/body-dispersed";

/// Key and geometry of the body.
pub(super) fn body(
    file_key: &FileKey,
    header: &Header,
    preamble: &Preamble,
) -> (Zeroizing<[u8; 32]>, Geometry) {
    let mut random = Zeroizing::new([0; 8 * PIECES]);
    file_key.expand(header.tag(), PLACES_LABEL, random.as_mut_slice());
    let program = preamble.sections.program_range();
    let places = places(&random, preamble.sections.program).map(|place| program.start + place);
    let piece = u64::from(preamble.control_area) / PIECES as u64;
    let geometry = Geometry::dispersed(preamble.sections.total(), piece, places);
    (file_key.subkey(header.tag(), BODY_LABEL), geometry)
}

/// Before which byte of a program section of `length` bytes each piece stands (`TF-9`).
fn places(random: &[u8; 8 * PIECES], length: u64) -> [u64; PIECES] {
    let (numbers, _) = random.as_chunks();
    let mut places = [0; PIECES];
    for (place, number) in places.iter_mut().zip(numbers) {
        *place = u64::from_be_bytes(*number) % (length + 1);
    }
    places.sort_unstable();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_sorted_remainders_up_to_the_end_of_the_program() {
        let mut random = [0; 64];
        for (number, bytes) in [9_u64, 10, 11, 21, 3, 2, 1, u64::MAX].iter().zip(0..) {
            let at: usize = 8 * bytes;
            random[at..at + 8].copy_from_slice(&number.to_be_bytes());
        }
        // 2^64 - 1 = 4 (mod 11).
        assert_eq!(places(&random, 10), [0, 1, 2, 3, 4, 9, 10, 10]);
    }
}
