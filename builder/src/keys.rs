//! The Builder's keys 113: made on the machine at setup (step 404), never sent anywhere, never
//! overwritten.
//!
//! A key for each use: an RSA-3072 pair opens transmission files and licenses, an Ed25519 pair signs requests
//! to the server, a P-256 pair is the one that seat licenses are for (SL: the client's key).

use std::path::{Path, PathBuf};

use trybuy_formats::primitives::{
    DecryptionKey, EcdsaKey, MAX_PKCS8_LENGTH, PrimitiveError, RequestSignatureKey,
};
use zeroize::Zeroizing;

use crate::data_dir::{self, DataDir};
use crate::error::Error;
use crate::messages;

/// Loads the key that opens transmission files.
///
/// # Errors
/// `no-builder-key` when it is missing or unusable.
pub fn load_decryption_key(data: &DataDir) -> Result<DecryptionKey, Error> {
    let path = decryption_path(data);
    let der = load(&path)?.ok_or_else(|| messages::no_builder_key(&path, "is missing"))?;
    DecryptionKey::from_pkcs8(&der).map_err(|_| messages::no_builder_key(&path, "is damaged"))
}

/// Loads the key that signs requests.
///
/// # Errors
/// `no-builder-key` when it is missing or unusable.
pub fn load_request_key(data: &DataDir) -> Result<RequestSignatureKey, Error> {
    let path = request_path(data);
    let der = load(&path)?.ok_or_else(|| messages::no_builder_key(&path, "is missing"))?;
    RequestSignatureKey::from_pkcs8(&der).map_err(|_| messages::no_builder_key(&path, "is damaged"))
}

/// Loads the key that seat licenses are for.
///
/// # Errors
/// `no-builder-key` when it is missing or unusable.
pub fn load_seat_key(data: &DataDir) -> Result<EcdsaKey, Error> {
    let path = seat_path(data);
    let der = load(&path)?.ok_or_else(|| messages::no_seat_key(&path, "is missing"))?;
    EcdsaKey::from_pkcs8(&der).map_err(|_| messages::no_seat_key(&path, "is damaged"))
}

/// Whether there is a key that seat licenses are for, usable or not.
pub(crate) fn has_seat_key(data: &DataDir) -> bool {
    seat_path(data).exists()
}

/// The key that signs requests is not the one that the Builder license names.
pub(crate) fn not_of_the_license(data: &DataDir) -> Error {
    messages::no_builder_key(&request_path(data), "is not the one of the Builder license")
}

/// Makes the keys that do not exist yet, durably; those that exist stay. So a setup that was
/// killed goes on with the keys that the server may already know.
///
/// # Errors
/// `local-file` when they cannot be made or stored.
pub fn ensure(data: &DataDir) -> Result<(), Error> {
    create_missing(&decryption_path(data), || DecryptionKey::generate()?.to_pkcs8())?;
    create_missing(&request_path(data), || RequestSignatureKey::generate()?.to_pkcs8())
}

/// Makes the keys that licensing by license servers needs and that do not exist yet. A company's client
/// may never be set up with a catalog.
///
/// # Errors
/// `local-file` when they cannot be made or stored.
pub fn ensure_for_licenses(data: &DataDir) -> Result<(), Error> {
    create_missing(&decryption_path(data), || DecryptionKey::generate()?.to_pkcs8())?;
    create_missing(&seat_path(data), || EcdsaKey::generate()?.to_pkcs8())
}

/// Removes the keys of a setup that never got a license, because it is repeated with another
/// server: keys are made per server (`RQ-7`).
///
/// # Errors
/// `local-file` when they cannot be removed.
pub(crate) fn discard_unlicensed(data: &DataDir) -> Result<(), Error> {
    for path in [decryption_path(data), request_path(data)] {
        data_dir::remove(&path)?;
    }
    Ok(())
}

/// The files of the private keys.
pub(crate) fn files(data: &DataDir) -> [PathBuf; 3] {
    [decryption_path(data), request_path(data), seat_path(data)]
}

fn decryption_path(data: &DataDir) -> PathBuf {
    data.keys().join("decryption.pkcs8")
}

fn request_path(data: &DataDir) -> PathBuf {
    data.keys().join("request.pkcs8")
}

fn seat_path(data: &DataDir) -> PathBuf {
    data.keys().join("seat.pkcs8")
}

fn load(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    data_dir::read(path, MAX_PKCS8_LENGTH).map(|bytes| bytes.map(Zeroizing::new))
}

fn create_missing(
    path: &Path,
    generate: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, PrimitiveError>,
) -> Result<(), Error> {
    if path.exists() {
        return Ok(());
    }
    let der = generate().map_err(|error| messages::key_generation().caused_by(error))?;
    // If another process was faster, its key is the one.
    data_dir::create_once(path, &der).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::slug::Slug;

    #[test]
    fn keys_are_made_once_and_survive_a_repeated_setup() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        // Killed between the two keys: the first one exists, the second does not.
        ensure(&data).expect("made");
        let first = load_decryption_key(&data).expect("usable").encryption_key();
        std::fs::remove_file(request_path(&data)).expect("removed");
        ensure(&data).expect("made again");
        let again = load_decryption_key(&data).expect("usable").encryption_key();
        assert_eq!(first.spki(), again.spki());
        assert!(load_request_key(&data).is_ok());
        for file in files(&data) {
            assert!(!data_dir::is_open_to_others(&file), "{}", file.display());
        }
    }

    #[test]
    fn a_client_needs_no_setup_and_keeps_its_keys_when_it_is_set_up() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        ensure_for_licenses(&data).expect("made");
        let seat = load_seat_key(&data).expect("usable").spki().to_vec();
        let decryption = load_decryption_key(&data).expect("usable").encryption_key();
        ensure(&data).expect("made");
        ensure_for_licenses(&data).expect("kept");
        assert_eq!(load_seat_key(&data).expect("usable").spki(), seat);
        let again = load_decryption_key(&data).expect("usable").encryption_key();
        assert_eq!(decryption.spki(), again.spki());
        for file in files(&data) {
            assert!(!data_dir::is_open_to_others(&file), "{}", file.display());
        }
    }

    #[test]
    fn a_missing_or_damaged_key_is_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let missing = load_request_key(&data).map(|_| ()).expect_err("missing");
        assert_eq!(missing.slug(), Slug::NoBuilderKey);
        data_dir::replace(&request_path(&data), b"not a key").expect("written");
        let damaged = load_request_key(&data).map(|_| ()).expect_err("damaged");
        assert_eq!(damaged.slug(), Slug::NoBuilderKey);
    }
}
