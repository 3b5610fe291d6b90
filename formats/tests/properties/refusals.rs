//! Files that are whole, but not for this Builder, license or time.

use trybuy_formats::control::ControlInformation;
use trybuy_formats::envelope::header::HeaderError;
use trybuy_formats::expiry::{TrialState, TrustedTime};
use trybuy_formats::ids::LicenseeId;
use trybuy_formats::keys::FileKey;
use trybuy_formats::policy::Layout;
use trybuy_formats::primitives::{DecryptionKey, SignatureKey};
use trybuy_formats::server_format::Compression;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{OpenError, Opened, SealHeadError, VerifyError, seal_head};

use super::world::{LAYOUTS, Release, Trial, at, license, program, verify, version, world};

fn release() -> Release {
    Release::new(["", "t", ""], program(1000), Compression::Plain)
}

#[test]
fn a_file_for_another_builder_is_told_from_a_damaged_one() {
    let file = Trial::new(&release(), Layout::Leading).file();
    let other = DecryptionKey::generate().unwrap();
    let error = Opened::open(file.as_slice(), &other).err();
    assert!(matches!(error, Some(OpenError::Header(HeaderError::ForeignKey(_)))));
}

#[test]
fn a_file_of_another_server_is_refused() {
    let world = world();
    let other = SignatureKey::generate().unwrap();
    for layout in LAYOUTS {
        let file = Trial::new(&release(), layout).file();
        let opened =
            Opened::open(file.as_slice(), &world.builder).unwrap_or_else(|_| unreachable!());
        let error = opened.verify(&other.verification_key(), &world.license, &world.secret).err();
        assert_eq!(error, Some(VerifyError::ServerKey));
    }
}

#[test]
fn a_file_needs_its_own_license() {
    let world = world();
    let file = Trial::new(&release(), Layout::Leading).file();
    let own_licensee = world.license.licensee_ids[0];
    let open = || Opened::open(file.as_slice(), &world.builder).unwrap_or_else(|_| unreachable!());
    let server = world.server.verification_key();
    let (foreign, foreign_secret) =
        license(&world.server, &world.builder, &world.master, LicenseeId::new());
    // A license of the same Builder with other licensees, which cannot even read it …
    let error = open().verify(&server, &foreign, &foreign_secret).err();
    assert_eq!(error.map(|error| error.slug()), Some(Slug::LicenseeMismatch));
    // … and is refused though it is given the right secret.
    let error = open().verify(&server, &foreign, &world.secret).err();
    assert_eq!(error, Some(VerifyError::Licensee));
    // The license of another Builder for the same licensee.
    let other = DecryptionKey::generate().unwrap();
    let (other, _) = license(&world.server, &other, &world.master, own_licensee);
    let error = open().verify(&server, &other, &world.secret).err();
    assert_eq!(error, Some(VerifyError::BuilderLicense));
}

#[test]
fn a_head_is_sealed_only_for_the_key_it_names() {
    let world = world();
    let release = release();
    let trial = Trial::new(&release, Layout::Leading);
    let seal = |control: &ControlInformation, file_key: &FileKey| {
        let recipient = world.builder.encryption_key();
        seal_head(control, &world.server, &world.secret, &recipient, file_key).err()
    };
    assert!(seal(&trial.control, &trial.file_key()).is_none());
    let foreign = seal(&trial.control, &FileKey::generate());
    assert!(matches!(foreign, Some(SealHeadError::FileKey)));
    let mut control = trial.control.clone();
    control.builder_key_id = trybuy_formats::keys::key_id(b"another key");
    assert!(matches!(seal(&control, &trial.file_key()), Some(SealHeadError::Recipient)));
    let mut control = trial.control.clone();
    control.sections.terms = 0;
    assert!(matches!(seal(&control, &trial.file_key()), Some(SealHeadError::Control(_))));
}

#[test]
fn nothing_is_decoded_after_the_end_of_the_trial() {
    let file = Trial::new(&release(), Layout::Leading).file();
    for (now, expected) in [(999, None), (1000, Some(Slug::TrialExpired))] {
        let now = TrustedTime::vouch(at(now));
        let authorized = verify(&file).unwrap().authorize(&version(), now, &TrialState::default());
        assert_eq!(authorized.err().map(|error| error.slug()), expected);
    }
}

#[test]
fn a_program_of_another_length_than_was_signed_is_refused() {
    let release = release();
    for layout in LAYOUTS {
        let trial = Trial::new(&release, layout).with_control(|control| control.program_size = 999);
        let file = trial.file();
        let verified = verify(&file).unwrap();
        assert_eq!(verified.check(&mut |_| {}).map_err(|e| e.slug()), Err(Slug::FileDamaged));
        let decoded = super::world::contents(verified, 1);
        assert_eq!(decoded.err(), Some(Slug::FileDamaged));
    }
}

#[test]
fn other_terms_or_another_program_than_were_signed_are_noticed_by_the_check() {
    let release = release();
    let alterations: [fn(&mut ControlInformation); 2] = [
        |control| control.terms_digest = control.program_digest,
        |control| control.program_digest = control.terms_digest,
    ];
    for alter in alterations {
        let file = Trial::new(&release, Layout::Dispersed).with_control(alter).file();
        let verified = verify(&file).unwrap();
        assert_eq!(verified.check(&mut |_| {}).map_err(|e| e.slug()), Err(Slug::FileDamaged));
    }
}

#[test]
fn the_check_tells_its_progress_up_to_the_end() {
    let release = Release::new(["d", "t", ""], program(3 << 20), Compression::Plain);
    let file = Trial::new(&release, Layout::Dispersed).file();
    let mut told = Vec::new();
    assert!(verify(&file).unwrap().check(&mut |done| told.push(done)).is_ok());
    assert!(told.is_sorted());
    assert_eq!((told.len(), told.last()), (5, Some(&release.manifest.sections.total())));
}
