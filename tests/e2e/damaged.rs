//! Files that somebody or something has changed: refused by name, shown, and mended.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::files;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, tried};

cases![
    every_kind_of_damage_to_a_stored_file_is_refused_and_named[Busybox],
    a_damaged_dispersed_file_is_refused_and_named[Busybox],
    a_damaged_file_is_got_again[Busybox],
    a_later_end_in_the_clear_copy_is_shown_and_not_believed[Busybox],
    a_file_of_another_user_is_refused[Busybox],
    a_lost_edited_or_foreign_state_is_refused_and_mended[Busybox],
    an_edited_or_lost_builder_license_is_refused_and_mended[Busybox],
    a_lost_memory_of_the_time_is_refused_and_mended[Busybox],
    a_lost_key_is_named[Busybox],
    unreadable_files_are_named[Root, Busybox],
];

/// A stored file in parts, to be damaged.
struct Stored {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Where the transmission file begins.
    file: usize,
}

/// Where things stand in a transmission file, `docs/formats/envelope.md` and `transmission.md`.
mod place {
    pub(super) const VERSION: usize = 8;
    pub(super) const ALGORITHM: usize = 9;
    pub(super) const RECIPIENT: usize = 11;
    pub(super) const KEY_ID: usize = 12;
    pub(super) const WRAPPED_KEY: usize = 46;
    pub(super) const HEADER_TAG: usize = 430;
    pub(super) const PREAMBLE: usize = 462;
    pub(super) const CONTROL_AREA: usize = 510;
}

impl Stored {
    fn of(user: &Builder, id: &str) -> Result<Self> {
        let path = user.stored_file(id);
        let bytes = fs::read(&path)?;
        let file = files::position(&bytes, b"trybuy-t").context("a transmission file")?;
        Ok(Self { path, bytes, file })
    }

    /// The file with a bit flipped at that place of the transmission file.
    fn flipped(&self, at: usize) -> Vec<u8> {
        self.with(self.file + at, |byte| byte ^ 1)
    }

    /// The file with another byte at that place.
    fn with(&self, at: usize, change: impl Fn(u8) -> u8) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at] = change(bytes[at]);
        bytes
    }

    fn whole(&self) -> usize {
        self.bytes.len() - self.file
    }
}

/// Each kind of damage and the slugs that may name it.
fn damages(stored: &Stored) -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    const DAMAGED: &[&str] = &["file-damaged"];
    const FOREIGN: &[&str] = &["wrong-key"];
    const NEWER: &[&str] = &["format-too-new"];
    let Stored { bytes, file, .. } = stored;
    let whole = stored.whole();
    let cut = |length: usize| bytes[..length].to_vec();
    vec![
        ("empty", Vec::new(), DAMAGED),
        ("cut within the clear copy", cut(100), DAMAGED),
        ("cut within the header", cut(file + 100), DAMAGED),
        ("cut in the middle", cut(bytes.len() / 2), DAMAGED),
        ("a byte short", cut(bytes.len() - 1), DAMAGED),
        ("a byte longer", [bytes.as_slice(), &[0]].concat(), DAMAGED),
        ("a chunk longer", [bytes.as_slice(), &[7; 65552]].concat(), DAMAGED),
        ("other magic", stored.with(0, |byte| byte ^ 1), DAMAGED),
        ("no storage format", stored.with(8, |_| 0), NEWER),
        ("no envelope", stored.with(file + place::VERSION, |_| 0), NEWER),
        ("newer storage format", stored.with(8, |_| 2), NEWER),
        ("far newer storage format", stored.with(8, |_| 255), NEWER),
        ("other magic of the envelope", stored.flipped(0), DAMAGED),
        ("newer envelope", stored.with(file + place::VERSION, |_| 2), NEWER),
        ("newer algorithm", stored.with(file + place::ALGORITHM, |_| 9), NEWER),
        ("newer kind of recipient", stored.with(file + place::RECIPIENT, |_| 3), NEWER),
        ("another recipient", stored.flipped(place::KEY_ID), FOREIGN),
        ("a bit of the wrapped key", stored.flipped(place::WRAPPED_KEY + 7), DAMAGED),
        ("a bit of the header's tag", stored.flipped(place::HEADER_TAG), DAMAGED),
        ("a bit of the preamble", stored.flipped(place::PREAMBLE), DAMAGED),
        ("a bit behind the preamble", stored.flipped(place::CONTROL_AREA + 99), DAMAGED),
        ("a bit in the middle", stored.flipped(whole / 2), DAMAGED),
        ("the last bit", stored.flipped(whole - 1), DAMAGED),
    ]
}

fn ensure_each_is_refused(user: &Builder, id: &str) -> Result<()> {
    let stored = Stored::of(user, id)?;
    for (name, bytes, slugs) in damages(&stored) {
        fs::write(&stored.path, bytes)?;
        let run = user.run(["run", id, "--", "true"])?;
        let named = slugs.iter().any(|slug| run.clone().refused(125, slug).is_ok());
        ensure!(named, "{name}: {run}");
        let verified = user.run(["verify", id, "--json"])?;
        let reason = verified.json()?[0]["reason"].clone();
        let same = slugs.iter().any(|slug| reason == *slug);
        ensure!(verified.code == 1 && same, "{name}: {verified}");
        // The list looks at the clear copy alone, and is there whatever the file is.
        user.listed(id).with_context(|| name)?;
    }
    fs::write(&stored.path, &stored.bytes)?;
    ensure_sound(user, id)
}

fn every_kind_of_damage_to_a_stored_file_is_refused_and_named(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-damaged")?;
    ensure_each_is_refused(&user, &id)
}

fn a_damaged_dispersed_file_is_refused_and_named(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = trybuy_tests::vendor::EASY_TRIAL.replace("leading", "dispersed");
    let id = world.publish_with("busybox-broken", &busybox()?, &trial)?;
    let user = world.builder("broken")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure_each_is_refused(&user, &id)
}

fn a_damaged_file_is_got_again(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-mended")?;
    let stored = Stored::of(&user, &id)?;
    let ends_at = user.listed(&id)?["ends_at"].clone();
    let damages = [
        Vec::new(),
        stored.bytes[..stored.bytes.len() / 3].to_vec(),
        stored.flipped(stored.whole() / 2),
        stored.flipped(place::KEY_ID),
    ];
    for damage in damages {
        fs::write(&stored.path, damage)?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
        ensure!(user.listed(&id)?["ends_at"] == ends_at, "the trial is the same");
        ensure_sound(&user, &id)?;
    }
    ensure!(shared.world().requests(&id)?.len() == 1, "it was counted once");
    Ok(())
}

fn a_later_end_in_the_clear_copy_is_shown_and_not_believed(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-edited")?;
    let stored = Stored::of(&user, &id)?;
    let end = user.listed(&id)?["ends_at"].as_str().context("an end")?.to_owned();
    let at = files::position(&stored.bytes, format!("\"ends_at\":\"{end}").as_bytes());
    // The first digit of the year.
    let edited = stored.with(at.context("the end is in the clear copy")? + 11, |_| b'3');
    fs::write(&stored.path, edited)?;
    let line = user.listed(&id)?;
    ensure!(line["ends_at"].as_str().is_some_and(|end| end.starts_with('3')), "{line}");
    user.run(["run", &id, "--", "true"])?.refused(125, "control-mismatch")?;
    let verified = user.run(["verify", &id, "--json"])?;
    ensure!(verified.json()?[0]["reason"] == "control-mismatch", "{verified}");
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(user.listed(&id)?["ends_at"] == end.as_str(), "mended");
    ensure_sound(&user, &id)
}

fn a_file_of_another_user_is_refused(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (ada, id) = tried(world, "busybox-foreign")?;
    let bob = world.builder("foreign-bob")?;
    bob.run(["try", &id, "--accept-terms"])?.success()?;
    let own = Stored::of(&bob, &id)?;
    let foreign = Stored::of(&ada, &id)?;
    fs::copy(&foreign.path, &own.path)?;
    bob.run(["run", &id, "--", "true"])?.refused(125, "wrong-key")?;
    ensure!(bob.listed(&id)?["state"] == "refused");
    // A foreign transmission file behind one's own clear copy.
    let joined = [&own.bytes[..own.file], &foreign.bytes[foreign.file..]].concat();
    fs::write(&own.path, joined)?;
    bob.run(["run", &id, "--", "true"])?.refused(125, "wrong-key")?;
    // One's own head before a foreign body.
    let head = own.file + place::CONTROL_AREA;
    let mixed = [&own.bytes[..head], &foreign.bytes[foreign.file + place::CONTROL_AREA..]].concat();
    fs::write(&own.path, mixed)?;
    bob.run(["run", &id, "--", "true"])?.refused(125, "file-damaged")?;
    // One's own file, under the name of another application.
    let other = world.publish("busybox-renamed", &busybox()?)?;
    bob.run(["try", &other, "--accept-terms"])?.success()?;
    fs::write(bob.stored_file(&other), &own.bytes)?;
    bob.run(["run", &other, "--", "true"])?.refused(125, "control-mismatch")?;
    ensure!(bob.listed(&other)?["reason"] == "control-mismatch");
    for id in [&id, &other] {
        bob.run(["try", id, "--accept-terms"])?.success()?;
        ensure_sound(&bob, id)?;
    }
    Ok(())
}

fn state_of(user: &Builder, id: &str) -> Result<PathBuf> {
    let folder = user.stored_file(id).with_file_name("");
    let mut files = files::below(&folder)?.into_iter();
    files.find(|path| path.extension() == Some("sealed".as_ref())).context("a sealed state")
}

fn a_lost_edited_or_foreign_state_is_refused_and_mended(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-state")?;
    let other = world.publish("busybox-other-state", &busybox()?)?;
    user.run(["try", &other, "--accept-terms"])?.success()?;
    let state = state_of(&user, &id)?;
    let mut edited = fs::read(&state)?;
    if let Some(byte) = edited.last_mut() {
        *byte ^= 1;
    }
    let of_another_trial = fs::read(state_of(&user, &other)?)?;
    for contents in [None, Some(edited), Some(of_another_trial), Some(Vec::new())] {
        match contents {
            None => fs::remove_file(&state)?,
            Some(contents) => fs::write(&state, contents)?,
        }
        user.run(["run", &id, "--", "true"])?.refused(125, "state-damaged")?;
        let line = user.listed(&id)?;
        ensure!(line["state"] == "refused" && line["reason"] == "state-damaged", "{line}");
        user.run(["run", &other, "--", "true"])?.success()?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
        ensure_sound(&user, &id)?;
    }
    Ok(())
}

fn an_edited_or_lost_builder_license_is_refused_and_mended(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-license")?;
    let license = user.data_dir().join("license.jws");
    let mut edited = fs::read(&license)?;
    let middle = edited.len() / 2;
    edited[middle] = if edited[middle] == b'A' { b'B' } else { b'A' };
    let other = fs::read(world.builder("license-bob")?.data_dir().join("license.jws"))?;
    for contents in [edited, other, Vec::new()] {
        fs::write(&license, contents)?;
        user.run(["run", &id, "--", "true"])?.refused(125, "no-builder-license")?;
        ensure!(user.listed(&id)?["reason"] == "no-builder-license");
        fs::remove_file(&license)?;
        user.run(["run", &id, "--", "true"])?.refused(125, "no-builder-license")?;
        user.setup(world.server.url(), "busybox-license", "busybox-license@example.com")?;
        ensure_sound(&user, &id)?;
    }
    Ok(())
}

fn a_lost_memory_of_the_time_is_refused_and_mended(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-clock")?;
    let clock = user.data_dir().join("clock.sealed");
    for contents in [None, Some(b"forged".to_vec()), Some(fs::read(state_of(&user, &id)?)?)] {
        match contents {
            None => fs::remove_file(&clock)?,
            Some(contents) => fs::write(&clock, contents)?,
        }
        user.run(["run", &id, "--", "true"])?.refused(125, "state-damaged")?;
        ensure!(user.listed(&id)?["state"] == "refused");
        let repaired = user.run(["doctor"])?;
        ensure!(clock.exists(), "the server's time is remembered: {repaired}");
        ensure_sound(&user, &id)?;
    }
    Ok(())
}

fn a_lost_key_is_named(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-key")?;
    let key = user.data_dir().join("keys/decryption.pkcs8");
    let contents = fs::read(&key)?;
    fs::write(&key, &contents[..contents.len() / 2])?;
    user.run(["run", &id, "--", "true"])?.refused(125, "no-builder-key")?;
    fs::remove_file(&key)?;
    user.run(["run", &id, "--", "true"])?.refused(125, "no-builder-key")?;
    ensure!(user.listed(&id)?["state"] == "refused");
    ensure!(user.run(["doctor"])?.code == 1, "the doctor sees it");
    fs::write(&key, contents)?;
    ensure_sound(&user, &id)
}

fn unreadable_files_are_named(shared: &Shared) -> Result<()> {
    let world = shared.own_world()?;
    let id = world.publish("busybox-unreadable", &busybox()?)?;
    let folder = tempfile::tempdir()?;
    let user = Builder::of_nobody(shared.binaries(), &folder.path().join("nobody"))?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    user.setup(world.server.url(), "Nobody", "nobody@example.com")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let data = user.data_dir();
    let paths = [
        (user.stored_file(&id), true),
        (data.join("license.jws"), false),
        (data.join("clock.sealed"), false),
        (data.join("keys/decryption.pkcs8"), false),
        (data.join("server.json"), false),
        (state_of(&user, &id)?, false),
    ];
    for (path, is_in_library) in paths {
        let mode = path.metadata()?.permissions();
        fs::set_permissions(&path, Permissions::from_mode(0o000))?;
        let run = user.run(["run", &id, "--", "true"])?.refused(125, "local-file")?;
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        ensure!(run.stderr.contains(&name), "{name} is not named: {run}");
        let line = user.listed(&id)?;
        ensure!(line["state"] == "refused" && line["reason"] == "local-file", "{name}: {line}");
        if is_in_library {
            // A file that cannot be read is no reason to fetch it again: it may be in use.
            user.run(["try", &id, "--accept-terms"])?.refused(1, "local-file")?;
        }
        fs::set_permissions(&path, mode)?;
        ensure_sound(&user, &id)?;
    }
    Ok(())
}
