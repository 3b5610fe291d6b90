//! Replacing a head (TF-7, TF-8).

use trybuy_formats::control::LicenseKind;
use trybuy_formats::envelope::header::HeaderError;
use trybuy_formats::expiry::TrialState;
use trybuy_formats::policy::Layout;
use trybuy_formats::server_format::Compression;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{NotAuthorized, Opened, ReplaceError};

use super::world::{Release, Trial, at, contents, now, program, verify, version, world};

fn release() -> Release {
    Release::new(["", "t", ""], program(70_000), Compression::Plain)
}

fn replaced(file: &[u8], head: &[u8]) -> Result<Vec<u8>, ReplaceError> {
    let opened = Opened::open(file, &world().builder).unwrap_or_else(|_| unreachable!());
    let offset = usize::try_from(opened.replace_head(head, &world().builder)?).unwrap();
    Ok([head, &file[offset..]].concat())
}

#[test]
fn a_leading_head_is_replaced_alone() {
    let release = release();
    let trial = Trial::new(&release, Layout::Leading);
    let file = trial.file();
    let purchased = trial.with_control(|control| {
        control.head_number = 2;
        control.kind = LicenseKind::Purchase;
        control.ends_at = None;
    });
    let file = replaced(&file, purchased.head.head()).unwrap();
    assert!(file == purchased.file());
    let verified = verify(&file).unwrap();
    assert_eq!(verified.control().ends_at, None);
    assert!(contents(verified, 1).unwrap().3 == release.program);
}

#[test]
fn a_dispersed_head_cannot_be_replaced_alone() {
    let release = release();
    let trial = Trial::new(&release, Layout::Dispersed);
    let later = trial.with_control(|control| control.head_number = 2);
    let refused = replaced(&trial.file(), later.head.head());
    assert_eq!(refused.err(), Some(ReplaceError::Dispersed));
    let spliced = [later.head.head(), &trial.file()[trial.head.head().len()..]].concat();
    assert_eq!(verify(&spliced).err(), Some(Slug::FileDamaged));
}

#[test]
fn a_head_that_does_not_fit_is_refused() {
    let release = release();
    let trial = Trial::new(&release, Layout::Leading);
    let file = trial.file();
    let other = Trial::new(&release, Layout::Leading);
    assert_eq!(replaced(&file, other.head.head()).err(), Some(ReplaceError::OtherBody));
    let dispersed = trial.with_control(|control| control.layout = Layout::Dispersed);
    assert_eq!(replaced(&file, dispersed.head.head()).err(), Some(ReplaceError::OtherBody));
    let head = trial.head.head();
    let truncated = ReplaceError::Header(HeaderError::Truncated);
    assert_eq!(replaced(&file, &head[..509]).err(), Some(truncated));
    for altered in [&head[..head.len() - 1], &[head, &[0]].concat()] {
        assert_eq!(replaced(&file, altered).err(), Some(ReplaceError::Damaged));
    }
    let mut flipped = head.to_vec();
    flipped[600] ^= 1;
    assert_eq!(replaced(&file, &flipped).err(), Some(ReplaceError::Damaged));
}

#[test]
fn a_head_older_than_one_that_was_accepted_is_refused() {
    let release = release();
    let trial = Trial::new(&release, Layout::Leading).with_control(|control| {
        control.head_number = 3;
        control.ends_at = Some(at(1000));
    });
    let file = trial.file();
    for (accepted, allowed) in [(0, true), (3, true), (4, false)] {
        let state = TrialState { head_number: accepted, ..TrialState::default() };
        let authorized = verify(&file).unwrap().authorize(&version(), now(), &state);
        let expected = NotAuthorized::HeadTooOld { number: 3, accepted };
        assert_eq!(authorized.err(), (!allowed).then_some(expected));
    }
}
