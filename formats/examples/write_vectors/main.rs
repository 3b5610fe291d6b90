//! Writes a directory of test vectors (`docs/formats/vectors.md`) with this implementation: what a
//! server writes, and what may become of it on the way.
//!
//! ```sh
//! cargo run --package trybuy-formats --example write_vectors -- DIR
//! ```

mod decisions;
mod documents;
mod parties;
mod release;
mod requests;
mod transmission;
mod trial;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use parties::Parties;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).ok_or("usage: write_vectors DIR")?;
    let writer = Writer::new(Path::new(&directory))?;
    let parties = Parties::new()?;
    fs::write(writer.directory.join("keys.json"), pretty(&parties.keys()?)?)?;
    transmission::write(&writer, &parties)?;
    documents::write(&writer, &parties)?;
    requests::write(&writer)?;
    if IS_DEFAULT { decisions::write(&writer, &parties) } else { Ok(()) }
}

/// Whether the default implementation of the primitives writes. What does not depend on them, it
/// writes alone.
const IS_DEFAULT: bool = cfg!(feature = "aws-lc");

/// What a vector expects.
enum Expect<'a> {
    /// It is accepted, with that result.
    Accept(Value),
    /// It is refused with that class.
    Refuse(&'a str),
}

/// The directory that vectors are written to.
struct Writer {
    directory: PathBuf,
}

impl Writer {
    fn new(directory: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Writes a vector; `rule` is what it is about.
    fn write(
        &self,
        format: &str,
        name: &str,
        rule: &str,
        input: Value,
        expect: Expect<'_>,
    ) -> Result<(), Box<dyn Error>> {
        let mut vector = json!({ "name": name, "format": format, "comment": rule, "input": input });
        match expect {
            Expect::Accept(result) => {
                vector["expect"] = "accept".into();
                vector["result"] = result;
            }
            Expect::Refuse(class) => vector["expect"] = class.into(),
        }
        let path = self.directory.join(format!("{name}.json"));
        if path.exists() {
            return Err(format!("{} exists", path.display()).into());
        }
        Ok(fs::write(path, pretty(&vector)?)?)
    }
}

fn pretty(value: &Value) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// Bytes as base64url without padding (`CV-3`).
fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes with one bit changed.
fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] ^= 1;
    changed
}
