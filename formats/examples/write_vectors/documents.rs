//! Vectors of the server format, Builder licenses and sealed states.

use std::error::Error;

use serde_json::{Value, json};
use trybuy_formats::builder_license::{BuilderKind, BuilderLicense};
use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{LicenseeId, TrialId};
use trybuy_formats::instant::Span;
use trybuy_formats::sealed_state;
use trybuy_formats::server_format::{BLOCK, Compression};
use trybuy_formats::signed;

use super::parties::{Parties, at};
use super::release::Release;
use super::{Expect, Writer, base64, flipped};

/// The label of the license secret (`BL-3`).
const SECRET_LABEL: &[u8] = b"trybuy/v1/license-secret";

/// Writes them all.
pub(super) fn write(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    write_server(writer, parties)?;
    write_licenses(writer, parties)?;
    write_states(writer, parties)
}

fn write_server(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let texts = ["# Sketch\n", "Terms.\n", ""];
    let blocks = [vec![7; BLOCK], vec![8; BLOCK], b"end".to_vec()].concat();
    for (name, program, compression) in [
        ("server", b"program ".repeat(12), Compression::Zstd { level: 3 }),
        ("server-plain", b"program ".repeat(12), Compression::Plain),
        ("server-blocks", blocks, Compression::Zstd { level: 19 }),
    ] {
        let release = Release::new(parties, texts, &program, compression)?;
        let result = Expect::Accept(release.result("manifest", &release.manifest));
        writer.write(
            "server",
            name,
            "SF-4",
            json!({ "file": base64(&release.bytes()) }),
            result,
        )?;
    }
    let release = Release::new(parties, texts, b"program", Compression::Plain)?;
    let (bytes, sections_at) = (release.bytes(), release.prefix.len());
    let end = bytes.len();
    for (name, class, rule, file) in [
        ("cut", "file-damaged", "SF-1", bytes[..end - 1].to_vec()),
        ("cut-in-manifest", "file-damaged", "SF-1", bytes[..sections_at - 1].to_vec()),
        ("longer", "file-damaged", "SF-1", [bytes.as_slice(), &[0]].concat()),
        ("flipped-magic", "malformed", "server format", flipped(&bytes, 3)),
        ("flipped-version", "format-too-new", "CV-13", flipped(&bytes, 8)),
        ("flipped-reserved", "malformed", "CV-11", flipped(&bytes, 10)),
        ("flipped-brace", "malformed", "CV-2", flipped(&bytes, 16)),
        ("flipped-documentation", "file-damaged", "SF-2", flipped(&bytes, sections_at)),
        ("flipped-program", "file-damaged", "SF-2", flipped(&bytes, end - 17)),
        ("flipped-table", "malformed", "SF-6", flipped(&bytes, end - 13)),
        ("flipped-count", "malformed", "SF-6", flipped(&bytes, end - 1)),
    ] {
        let given = json!({ "file": base64(&file) });
        writer.write("server", &format!("server-{name}"), rule, given, Expect::Refuse(class))?;
    }
    Ok(())
}

fn write_licenses(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let input = |document: &str, builder: &str, server: &str| json!({ "builder_key": builder, "server_key": server, "document": document });
    let secret = parties.builder.unwrap(SECRET_LABEL, &parties.license.sealed_secret)?;
    let mut full = parties.license.clone();
    (full.kind, full.ends_at) = (BuilderKind::Full, None);
    full.licensee_ids.extend((1..16).map(|_| LicenseeId::new()));
    for (name, license) in [("license", &parties.license), ("license-full", &full)] {
        let document = signed::sign(&parties.server, license)?;
        let result = json!({ "license": license, "secret": base64(&secret) });
        let given = input(&document, "builder", "server");
        writer.write("builder-license", name, "BL-2", given, Expect::Accept(result))?;
    }
    let document = parties.sign(|_| {})?;
    let sealed_to_another = parties.sign(|license: &mut BuilderLicense| {
        let recipient = parties.other_builder.encryption_key();
        license.sealed_secret = parties.secret().seal_to(&recipient).unwrap_or_default();
    })?;
    let middle = document.len() / 2;
    let altered: String = document.chars().rev().collect();
    for (name, class, rule, given) in [
        ("other-builder", "wrong-key", "BL-2", input(&document, "stranger", "server")),
        ("other-server", "wrong-key", "CI-2", input(&document, "builder", "stranger")),
        ("other-secret", "file-damaged", "BL-3", input(&sealed_to_another, "builder", "server")),
        ("cut", "malformed", "CI-1", input(&document[..middle], "builder", "server")),
        ("newline", "malformed", "BL-5", input(&format!("{document}\n"), "builder", "server")),
        ("reversed", "malformed", "CI-2", input(&altered, "builder", "server")),
    ] {
        let name = format!("license-{name}");
        writer.write("builder-license", &name, rule, given, Expect::Refuse(class))?;
    }
    Ok(())
}

fn write_states(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let secret = parties.secret();
    let (trial, other) = (TrialId::new(), TrialId::new());
    let raw_secret = parties.builder.unwrap(SECRET_LABEL, &parties.license.sealed_secret)?;
    let input = |name: TrialId, file: &[u8]| -> Value {
        json!({ "secret": base64(&raw_secret), "name": name, "file": base64(file) })
    };
    let used = TrialState {
        head_number: 3,
        first_warned_at: Some(at(5)?),
        launches: 7,
        running: Span::seconds(3600),
        days: [20_833, 20_835].into(),
    };
    for (name, state) in [("state", &TrialState::default()), ("state-used", &used)] {
        let given = input(trial, &sealed_state::seal(&secret, &trial.to_string(), state)?);
        let result = Expect::Accept(json!({ "state": state }));
        writer.write("sealed-state", name, "BL-7", given, result)?;
    }
    let file = sealed_state::seal(&secret, &trial.to_string(), &used)?;
    for (name, class, rule, given) in [
        ("other-trial", "file-damaged", "BL-6", input(other, &file)),
        ("flipped", "file-damaged", "BL-6", input(trial, &flipped(&file, 60))),
        ("flipped-salt", "file-damaged", "BL-6", input(trial, &flipped(&file, 20))),
        ("flipped-magic", "malformed", "BL-6", input(trial, &flipped(&file, 0))),
        ("flipped-version", "format-too-new", "CV-13", input(trial, &flipped(&file, 8))),
        ("cut", "file-damaged", "BL-6", input(trial, &file[..file.len() - 1])),
        ("empty", "file-damaged", "BL-6", input(trial, &[])),
    ] {
        writer.write(
            "sealed-state",
            &format!("state-{name}"),
            rule,
            given,
            Expect::Refuse(class),
        )?;
    }
    Ok(())
}
