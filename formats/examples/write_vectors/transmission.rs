//! Vectors of transmission files of both layouts and of client storage.

use std::error::Error;

use serde_json::{Value, json};
use trybuy_formats::client_storage::clear_prefix;
use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{Expiration, GraceFrom, Layout, Limits};
use trybuy_formats::server_format::{BLOCK, Compression};
use trybuy_formats::signed;

use super::parties::Parties;
use super::release::Release;
use super::trial::Trial;
use super::{Expect, IS_DEFAULT, Writer, base64, flipped};

const ZSTD: Compression = Compression::Zstd { level: 19 };
const TEXTS: [&str; 3] = ["# Sketch\n", "Terms – „agreed“.\n", "Buy it.\n"];

/// What a head is given beside what the first one has.
type Change = fn(&mut ControlInformation);

/// Writes them all.
pub(super) fn write(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    for (layout, name) in [(Layout::Leading, "leading"), (Layout::Dispersed, "dispersed")] {
        let set = Files { writer, parties, layout, name };
        set.write_accepted()?;
        if IS_DEFAULT {
            set.write_damaged()?;
        }
        set.write_foreign()?;
        set.write_stored()?;
    }
    write_heads(writer, parties)?;
    write_mixed(writer, parties)
}

/// The vectors of one layout.
struct Files<'a> {
    writer: &'a Writer,
    parties: &'a Parties,
    layout: Layout,
    name: &'static str,
}

impl Files<'_> {
    fn release(&self) -> Result<Release, Box<dyn Error>> {
        Release::new(self.parties, TEXTS, &b"program ".repeat(12), ZSTD)
    }

    fn accept(&self, name: &str, rule: &str, trial: &Trial<'_>) -> Result<(), Box<dyn Error>> {
        accept(self.writer, &format!("{}{name}", self.name), rule, trial, &trial.file()?)
    }

    fn refuse(
        &self,
        name: &str,
        class: &str,
        rule: &str,
        file: &[u8],
        keys: &[(&str, &str)],
    ) -> Result<(), Box<dyn Error>> {
        let name = format!("{}-{name}", self.name);
        let input = input(file, keys);
        self.writer.write("transmission", &name, rule, input, Expect::Refuse(class))
    }

    fn write_accepted(&self) -> Result<(), Box<dyn Error>> {
        let long = "Handbuch: ä\n".repeat(5200);
        // One long file is enough.
        let has_long = IS_DEFAULT && self.layout == Layout::Dispersed;
        let blocks = [vec![0; BLOCK], b"the second block".to_vec()].concat();
        for (name, rule, texts, program, compression) in [
            ("", "TF-6 or TF-9", TEXTS, b"program ".repeat(12), ZSTD),
            ("-least", "TF-1", ["", "T", ""], b"p".to_vec(), Compression::Plain),
            ("-two-blocks", "SF-4", TEXTS, blocks, ZSTD),
            ("-two-chunks", "EN-8", [&long, "T", ""], b"p".to_vec(), ZSTD),
        ] {
            if name != "-two-chunks" || has_long {
                let release = Release::new(self.parties, texts, &program, compression)?;
                self.accept(name, rule, &Trial::new(self.parties, &release, self.layout)?)?;
            }
        }
        Ok(())
    }

    fn write_damaged(&self) -> Result<(), Box<dyn Error>> {
        let release = self.release()?;
        let file = Trial::new(self.parties, &release, self.layout)?.file()?;
        let end = file.len();
        for length in [0, 20, 300, 461, 509, end - 1] {
            let (name, rule) = (format!("cut-{length}"), "VE-8");
            self.refuse(&name, "file-damaged", rule, &file[..length], &[])?;
        }
        for more in [1, 16] {
            let longer = [file.as_slice(), &vec![0; more]].concat();
            self.refuse(&format!("longer-by-{more}"), "file-damaged", "TF-11", &longer, &[])?;
        }
        for (at, class, rule) in [
            (3, "malformed", "header"),
            (8, "format-too-new", "CV-13"),
            (9, "format-too-new", "EN-3"),
            (11, "format-too-new", "EN-3"),
            (30, "wrong-key", "EN-4"),
            (45, "malformed", "EN-3"),
            (200, "file-damaged", "EN-1"),
            (440, "file-damaged", "EN-2"),
            (480, "file-damaged", "EN-7"),
            (505, "file-damaged", "CV-12"),
            (600, "file-damaged", "TF-6 or TF-10"),
            (end - 20, "file-damaged", "EN-10"),
            (end - 1, "file-damaged", "EN-10"),
        ] {
            self.refuse(&format!("flipped-{at}"), class, rule, &flipped(&file, at), &[])?;
        }
        Ok(())
    }

    fn write_foreign(&self) -> Result<(), Box<dyn Error>> {
        let release = self.release()?;
        let file = Trial::new(self.parties, &release, self.layout)?.file()?;
        for (name, class, rule, key) in [
            ("other-licensee", "licensee-mismatch", "CI-6", ("license", "other-licensee")),
            ("other-secret", "licensee-mismatch", "CI-5", ("license", "other-secret")),
            ("other-builder", "wrong-key", "BL-2", ("builder_key", "stranger")),
            ("other-server", "wrong-key", "CI-2", ("server_key", "stranger")),
        ] {
            self.refuse(name, class, rule, &file, &[key])?;
        }
        Ok(())
    }

    fn write_stored(&self) -> Result<(), Box<dyn Error>> {
        let release = self.release()?;
        let trial = Trial::new(self.parties, &release, self.layout)?;
        let document = signed::sign(&self.parties.server, &trial.control)?;
        let verified =
            signed::open::<ControlInformation>(&self.parties.server.verification_key(), &document)?;
        let prefix = clear_prefix(&verified);
        let name = format!("stored-{}", self.name);
        let file = trial.file()?;
        let given = input(&[prefix.as_slice(), &file].concat(), &[]);
        let result = Expect::Accept(release.result("control", &trial.control));
        self.writer.write("client-storage", &name, "CS-2", given, result)?;
        let later = trial.with_control(|control| control.head_number = 2)?;
        let given = input(&[prefix.as_slice(), &later.file()?].concat(), &[]);
        let (name, class) = (format!("{name}-other-copy"), Expect::Refuse("control-mismatch"));
        self.writer.write("client-storage", &name, "CS-2", given, class)
    }
}

/// Heads of every policy, and that a later one opens the body of the first.
fn write_heads(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let release = Release::new(parties, TEXTS, &b"program ".repeat(12), ZSTD)?;
    let first = Trial::new(parties, &release, Layout::Leading)?;
    let changes: [(&str, &str, Change); 4] = [
        ("purchase", "TF-7", |control| {
            (control.kind, control.ends_at, control.head_number) = (LicenseKind::Purchase, None, 2);
        }),
        ("grace", "CI-3", |control| {
            let grace = Span::seconds(7 * 86_400);
            control.expiration = Expiration::Soft { from: GraceFrom::Expiration, grace };
        }),
        ("first-warning", "CI-3", |control| {
            let grace = Span::seconds(1);
            control.expiration = Expiration::Soft { from: GraceFrom::FirstWarning, grace };
        }),
        ("limits", "CI-3", |control| {
            let running = Some(Span::seconds(72_000));
            control.limits = Limits { launches: Some(50), running, days: Some(14) };
            control.minimum_builder = None;
        }),
    ];
    for (name, rule, change) in changes {
        let later = first.with_control(change)?;
        let file = [later.head.head(), &first.body()?].concat();
        accept(writer, &format!("head-{name}"), rule, &later, &file)?;
    }
    let second = first.with_control(|_| {})?;
    let file = second.file()?;
    let given = input(&file, &[("license", "second-licensee")]);
    let result = Expect::Accept(release.result("control", &second.control));
    writer.write("transmission", "head-second-licensee", "CI-6", given, result)
}

/// Parts that do not belong together, and control information that says otherwise than its file.
fn write_mixed(writer: &Writer, parties: &Parties) -> Result<(), Box<dyn Error>> {
    let release = Release::new(parties, TEXTS, &b"program ".repeat(12), ZSTD)?;
    let refuse = |name: &str, class: &str, rule: &str, file: &[u8]| {
        let given = input(file, &[]);
        writer.write("transmission", &format!("mixed-{name}"), rule, given, Expect::Refuse(class))
    };
    let trial = Trial::new(parties, &release, Layout::Leading)?;
    let other = Trial::new(parties, &release, Layout::Leading)?;
    let body_of_another = [trial.head.head(), &other.body()?].concat();
    refuse("body-of-another-trial", "file-damaged", "TF-7", &body_of_another)?;
    let dispersed = Trial::new(parties, &release, Layout::Dispersed)?;
    let later = dispersed.with_control(|control| control.head_number = 2)?;
    let body_of_another = [later.head.head(), &dispersed.body()?].concat();
    refuse("body-of-another-head", "file-damaged", "TF-10", &body_of_another)?;
    let changes: [(&str, Change); 3] = [
        ("program-size", |control| control.program_size -= 1),
        ("program-digest", |control| control.program_digest = control.terms_digest),
        ("terms-digest", |control| control.terms_digest = control.program_digest),
    ];
    for (name, change) in changes {
        let file = dispersed.with_control(change)?.file()?;
        refuse(name, "control-mismatch", "CI-6", &file)?;
    }
    Ok(())
}

fn accept(
    writer: &Writer,
    name: &str,
    rule: &str,
    trial: &Trial<'_>,
    file: &[u8],
) -> Result<(), Box<dyn Error>> {
    let result = Expect::Accept(trial.release.result("control", &trial.control));
    writer.write("transmission", name, rule, input(file, &[]), result)
}

/// The input of a vector: a file, and by which names of `keys.json` it is opened.
fn input(file: &[u8], keys: &[(&str, &str)]) -> Value {
    let mut input = json!({
        "builder_key": "builder", "server_key": "server", "license": "license",
        "file": base64(file),
    });
    for (name, key) in keys {
        input[*name] = (*key).into();
    }
    input
}
