//! Parts of different files do not fit together.

use trybuy_formats::policy::Layout;
use trybuy_formats::server_format::Compression;
use trybuy_formats::slug::Slug;

use super::world::{LAYOUTS, Release, Trial, contents, program, verify};

const CHUNK: usize = 65552;

fn large() -> Release {
    Release::new(["d", "t", ""], program(4 * 65536), Compression::Plain)
}

fn is_whole(file: &[u8]) -> bool {
    verify(file).and_then(|file| contents(file, 2)).is_ok()
}

/// The sealed chunk of that number.
fn chunk(trial: &Trial<'_>, index: usize) -> std::ops::Range<usize> {
    let start = trial.head.head().len() + index * CHUNK;
    start..start + CHUNK
}

#[test]
fn chunks_swapped_within_a_file_are_refused() {
    let release = large();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let file = trial.file();
        for (one, other) in [(0, 1), (1, 2), (0, 3)] {
            let mut swapped = file.clone();
            swapped[chunk(&trial, one)].copy_from_slice(&file[chunk(&trial, other)]);
            swapped[chunk(&trial, other)].copy_from_slice(&file[chunk(&trial, one)]);
            assert!(!is_whole(&swapped), "{layout:?}: {one} and {other}");
            let mut repeated = file.clone();
            repeated[chunk(&trial, one)].copy_from_slice(&file[chunk(&trial, other)]);
            assert!(!is_whole(&repeated), "{layout:?}: {other} again at {one}");
        }
    }
}

#[test]
fn chunks_of_another_trial_are_refused() {
    let release = large();
    for layout in LAYOUTS {
        let (trial, other) = (Trial::new(&release, layout), Trial::new(&release, layout));
        let (mut file, other_file) = (trial.file(), other.file());
        for index in 0..4 {
            let own = file[chunk(&trial, index)].to_vec();
            let position = chunk(&trial, index);
            file[position.clone()].copy_from_slice(&other_file[chunk(&other, index)]);
            assert!(!is_whole(&file), "{layout:?}: {index}");
            file[position].copy_from_slice(&own);
        }
        assert!(is_whole(&file));
    }
}

#[test]
fn chunks_of_another_head_fit_in_the_leading_layout_only() {
    let release = large();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout);
        let later = trial.with_control(|control| control.head_number = 2);
        let (mut file, later_file) = (trial.file(), later.file());
        file[chunk(&trial, 1)].copy_from_slice(&later_file[chunk(&later, 1)]);
        // The body of the leading layout does not depend on the head (TF-7): it is the same.
        assert_eq!(is_whole(&file), layout == Layout::Leading);
    }
}

#[test]
fn parts_of_two_heads_are_refused() {
    let release = large();
    let trial = Trial::new(&release, Layout::Leading);
    let later = trial.with_control(|control| control.head_number = 2);
    let (file, later_file) = (trial.file(), later.file());
    assert_eq!(file.len(), later_file.len());
    let (header, preamble, area) = (0..462, 462..510, 510..trial.head.head().len());
    for parts in [vec![&header], vec![&preamble], vec![&area], vec![&header, &preamble]] {
        let mut mixed = file.clone();
        for part in &parts {
            mixed[(*part).clone()].copy_from_slice(&later_file[(*part).clone()]);
        }
        assert_eq!(verify(&mixed).err(), Some(Slug::FileDamaged), "{parts:?}");
    }
}

#[test]
fn a_head_of_another_file_is_refused() {
    let release = large();
    for layout in LAYOUTS {
        let (trial, other) = (Trial::new(&release, layout), Trial::new(&release, layout));
        let body = &trial.file()[trial.head.head().len()..];
        let mixed = [other.head.head(), body].concat();
        assert!(!is_whole(&mixed), "{layout:?}");
    }
}

#[test]
fn a_head_of_the_other_layout_is_refused() {
    let release = large();
    let leading = Trial::new(&release, Layout::Leading);
    let dispersed = leading.with_control(|control| control.layout = Layout::Dispersed);
    let body = &leading.file()[leading.head.head().len()..];
    assert!(!is_whole(&[dispersed.head.head(), body].concat()));
    let body = &dispersed.file()[dispersed.head.head().len()..];
    assert!(!is_whole(&[leading.head.head(), body].concat()));
}
