//! The second decoder of the formats, in Python (`tests/decoder/`).

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::binaries::repository;
use crate::builder::Builder;
use crate::command::Outcome;

/// Whether there is a Python with the decoder's two libraries (`requirements.txt`).
pub fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        let mut command = Command::new(interpreter());
        command.args(["-c", "import cryptography, zstandard"]);
        command.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    })
}

/// Runs Python in the decoder's folder, without leaving anything there.
///
/// # Errors
/// When it cannot be started.
pub fn python<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Outcome> {
    let mut command = Command::new(interpreter());
    command.current_dir(repository().join("tests/decoder")).env("PYTHONDONTWRITEBYTECODE", "1");
    Outcome::of(command.args(arguments))
}

/// Judges the vectors of a directory; answers how many there are.
///
/// # Errors
/// When the decoder judges one otherwise than it says.
pub fn vectors(directory: &Path) -> Result<u64> {
    let words = [OsStr::new("decode.py"), "vectors".as_ref(), directory.as_ref()];
    let found = python(words)?.success()?.json()?;
    found["vectors"].as_u64().context("the number of vectors")
}

/// Decodes the stored file of an application with the keys and the license of a user's Builder;
/// answers what the decoder says of it. The program is written to `program`.
///
/// # Errors
/// When the decoder refuses it.
pub fn stored(user: &Builder, application: &str, program: &Path) -> Result<Value> {
    let data = user.data_dir();
    let pinned: Value = serde_json::from_slice(&fs::read(data.join("server.json"))?)?;
    let key = pinned["public_key"].as_str().context("the server's pinned key")?;
    let server_key = program.with_extension("der");
    fs::write(&server_key, URL_SAFE_NO_PAD.decode(key)?)?;
    let mut words: Vec<PathBuf> = ["decode.py", "stored"].map(PathBuf::from).into();
    words.extend([user.stored_file(application), "--program".into(), program.to_owned()]);
    words.extend(["--builder-key".into(), data.join("keys/decryption.pkcs8")]);
    words.extend(["--license".into(), data.join("license.jws")]);
    words.extend(["--server-key".into(), server_key]);
    python(words)?.success()?.json()
}

/// The Python of `TRYBUY_PYTHON`, for one with libraries of its own; otherwise the system's.
pub(crate) fn interpreter() -> PathBuf {
    std::env::var_os("TRYBUY_PYTHON").map_or_else(|| "python3".into(), PathBuf::from)
}
