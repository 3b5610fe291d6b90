//! Any alteration of a transmission file is refused.

use trybuy_formats::envelope::header::{self, HeaderError};
use trybuy_formats::policy::Layout;
use trybuy_formats::server_format::Compression;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{OpenError, Opened};

use super::world::{LAYOUTS, Release, Trial, contents, program, verify, verify_with, world};

fn small() -> Release {
    Release::new(["d", "t", "r"], program(20), Compression::Plain)
}

#[test]
fn every_flipped_bit_is_refused() {
    let release = small();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let mut file = trial.file();
        for bit in 0..8 * file.len() {
            file[bit / 8] ^= 1 << (bit % 8);
            let read = verify_with(&file, trial.file_key()).and_then(|file| contents(file, 1));
            assert!(read.is_err(), "{layout:?}: bit {bit} was not noticed");
            file[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(verify_with(&file, trial.file_key()).is_ok());
    }
}

/// The header decides with which key a file is opened, so it is altered for the Builder's own key as
/// well: every bit of what is read before unwrapping, then one bit of each byte.
#[test]
fn a_flipped_bit_is_named_by_the_builders_key() {
    let release = small();
    let trial = Trial::new(&release, Layout::Leading);
    let mut file = trial.file();
    let wrapped_at = 46;
    let wrapped_and_tag = (wrapped_at..header::LENGTH).map(|byte| 8 * byte + byte % 8);
    let after_it = (header::LENGTH..file.len()).step_by(13).map(|byte| 8 * byte + byte % 8);
    for bit in (0..8 * wrapped_at).chain(wrapped_and_tag).chain(after_it) {
        file[bit / 8] ^= 1 << (bit % 8);
        let slug = verify(&file).and_then(|file| contents(file, 1)).err();
        let expected = match bit / 8 {
            8..12 => Slug::FormatTooNew,
            12..44 => Slug::WrongKey,
            _ => Slug::FileDamaged,
        };
        assert_eq!(slug, Some(expected), "bit {bit}");
        file[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn every_shorter_file_is_refused_as_truncated() {
    let release = small();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        for length in 0..file.len() {
            let opened = Opened::open_with_file_key(&file[..length], trial.file_key());
            let named = match opened.err() {
                Some(OpenError::Header(HeaderError::Truncated)) => length < 510,
                Some(OpenError::Truncated { expected, actual }) => {
                    (expected, actual) == (file.len() as u64, length as u64)
                }
                _ => false,
            };
            assert!(named, "{layout:?} of {length} bytes");
        }
    }
}

#[test]
fn every_longer_file_is_refused_as_longer() {
    let release = small();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        for more in [1, 2, 15, 16, 17, 100, 65536, 65552] {
            let longer = [file.as_slice(), &vec![0; more]].concat();
            let error = Opened::open(longer.as_slice(), &world().builder).err();
            assert!(matches!(error, Some(OpenError::Longer { .. })), "{layout:?}: {more} more");
        }
        let twice = [file.as_slice(), &file].concat();
        assert_eq!(verify(&twice).err(), Some(Slug::FileDamaged));
    }
}

#[test]
fn a_body_cut_at_a_chunk_is_refused_though_all_its_chunks_are_whole() {
    let release = Release::new(["", "t", ""], program(3 * 65536), Compression::Plain);
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        for chunks in 0..3 {
            let length = trial.head.head().len() + chunks * 65552;
            let error = Opened::open(&file[..length], &world().builder).err();
            assert!(matches!(error, Some(OpenError::Truncated { .. })), "{layout:?} {chunks}");
        }
    }
}
