//! The clear copy is for display and cannot be altered unnoticed (CS-1, CS-2).

use trybuy_formats::client_storage::{Stored, StoredError, clear_prefix, read_clear};
use trybuy_formats::policy::Layout;
use trybuy_formats::read_at::ReadAt as _;
use trybuy_formats::server_format::Compression;
use trybuy_formats::transmission::{ControlMismatch, Opened, VerifiedFile};

use super::world::{Release, Trial, at, program, verify, world};

fn stored() -> (Vec<u8>, Vec<u8>) {
    let release = Release::new(["", "t", ""], program(100), Compression::Plain);
    let file = Trial::new(&release, Layout::Leading).file();
    let prefix = clear_prefix(verify(&file).unwrap().control());
    (prefix, file)
}

#[test]
fn a_stored_file_is_its_clear_copy_and_the_file() {
    let (prefix, file) = stored();
    let stored = Stored::open([prefix, file.clone()].concat()).unwrap_or_else(|_| unreachable!());
    assert_eq!(stored.file.length(), file.len() as u64);
    let world = world();
    let opened = Opened::open(stored.file, &world.builder).unwrap_or_else(|_| unreachable!());
    let verified: VerifiedFile<_> = opened
        .verify(&world.server.verification_key(), &world.license, &world.secret)
        .unwrap_or_else(|_| unreachable!());
    assert!(stored.clear.untrusted == **verified.control());
    assert_eq!(verified.compare_clear_copy(&stored.clear), Ok(()));
}

#[test]
fn every_flipped_bit_of_the_clear_copy_is_refused_or_a_mismatch() {
    let (mut prefix, file) = stored();
    let verified = verify(&file).unwrap();
    for bit in 0..8 * prefix.len() {
        prefix[bit / 8] ^= 1 << (bit % 8);
        match read_clear(&prefix) {
            Err(_) => {}
            Ok(clear) => assert_eq!(verified.compare_clear_copy(&clear), Err(ControlMismatch)),
        }
        prefix[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(read_clear(&prefix).is_ok());
}

#[test]
fn a_clear_copy_with_a_later_end_is_a_mismatch() {
    let release = Release::new(["", "t", ""], program(100), Compression::Plain);
    let trial = Trial::new(&release, Layout::Leading);
    let later = trial.with_control(|control| control.ends_at = Some(at(9_999)));
    let (file, later) = (trial.file(), later.file());
    let prefix = clear_prefix(verify(&later).unwrap().control());
    let stored = Stored::open([prefix, file.clone()].concat()).unwrap_or_else(|_| unreachable!());
    assert_eq!(stored.clear.untrusted.ends_at, Some(at(9_999)));
    let compared = verify(&file).unwrap().compare_clear_copy(&stored.clear);
    assert_eq!(compared, Err(ControlMismatch));
}

#[test]
fn a_beginning_that_is_cut_short_or_of_another_kind_is_named() {
    let (prefix, file) = stored();
    for length in 0..prefix.len() {
        let error = read_clear(&prefix[..length]).err();
        assert!(matches!(error, Some(StoredError::Truncated)), "{length}");
    }
    assert!(matches!(read_clear(&file).err(), Some(StoredError::Magic)));
    let with = |at: usize, value: u8| {
        let mut altered = prefix.clone();
        altered[at] = value;
        read_clear(&altered).err()
    };
    assert!(matches!(with(8, 2), Some(StoredError::TooNew(2))));
    assert!(matches!(with(9, 1), Some(StoredError::Damaged)));
    assert!(matches!(with(13, 1), Some(StoredError::Damaged)), "a length beyond the cap");
    let newer = String::from_utf8(prefix[16..].to_vec()).unwrap();
    let newer = newer.replacen("\"format\":1", "\"format\":2", 1);
    let newer = [&prefix[..16], newer.as_bytes()].concat();
    assert!(matches!(read_clear(&newer).err(), Some(StoredError::TooNew(2))));
}
