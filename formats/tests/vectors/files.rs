//! Transmission files and client storage.

use std::io;
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::client_storage::Stored;
use trybuy_formats::execution_format::ProgramMemory;
use trybuy_formats::expiry::{TrialState, TrustedTime};
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;
use trybuy_formats::read_at::ReadAt;
use trybuy_formats::transmission::{Opened, VerifiedFile};

use super::classes::Refused;
use super::documents::open_license;
use super::set::{Keys, bytes};

/// The input of a vector.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    builder_key: String,
    server_key: String,
    license: String,
    file: String,
}

pub(crate) fn transmission(keys: &Keys, given: File) -> Result<Value, Refused> {
    let file = verify(keys, &given, || Ok(bytes(&given.file)))?;
    contents(file)
}

pub(crate) fn client_storage(keys: &Keys, given: File) -> Result<Value, Refused> {
    let mut clear = None;
    let file = verify(keys, &given, || {
        let stored = Stored::open(bytes(&given.file))?;
        clear = Some(stored.clear);
        Ok(stored.file)
    })?;
    file.compare_clear_copy(&clear.unwrap())?;
    contents(file)
}

/// Verifies a file with the keys that a vector names; its license comes first (`VE-8`).
fn verify<R: ReadAt>(
    keys: &Keys,
    given: &File,
    file: impl FnOnce() -> Result<R, Refused>,
) -> Result<VerifiedFile<R>, Refused> {
    let (builder, server) = (keys.builder(&given.builder_key), keys.server(&given.server_key));
    let (license, secret) = open_license(keys.license(&given.license), &builder, &server)?;
    Ok(Opened::open(file()?, &builder)?.verify(&server, &license, &secret)?)
}

/// Everything in a verified file. Its program is decoded at the instant the license was issued.
fn contents<R: ReadAt>(file: VerifiedFile<R>) -> Result<Value, Refused> {
    file.check(&mut |_| {})?;
    let texts = [file.documentation()?, file.terms()?, file.relicensing()?];
    let [documentation, terms, relicensing] = texts.map(|text| digest(text.as_bytes()));
    let control: Value = serde_json::from_slice(file.control().payload()).unwrap();
    let now = TrustedTime::vouch(file.control().issued_at);
    let builder = "99.0.0".parse().unwrap();
    let authorized = file.authorize(&builder, now, &TrialState::default());
    let authorized = authorized.unwrap_or_else(|refusal| unreachable!("{refusal}"));
    let program = authorized.decode_into(Memory::default(), 2).unwrap().into_memory();
    let program = program.0.into_inner().unwrap();
    Ok(json!({
        "control": control,
        "documentation_digest": documentation,
        "terms_digest": terms,
        "relicensing_digest": relicensing,
        "program_size": program.len(),
        "program_digest": digest(&program),
    }))
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(sha256(bytes))
}

/// Memory that is looked into.
#[derive(Default)]
struct Memory(Mutex<Vec<u8>>);

impl ProgramMemory for Memory {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let mut memory = self.0.lock().unwrap();
        let end = memory.len().max(start + bytes.len());
        memory.resize(end, 0);
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}
