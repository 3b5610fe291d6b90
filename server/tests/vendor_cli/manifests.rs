//! What a manifest may say, and what each mistake is told.

use std::os::unix::net::UnixListener;

use trybuy_server::vendor_cli::{ApplicationManifest, ProgramCompression};

use crate::fixture::{self, App, MANIFEST, elf};

fn report(app: &App) -> String {
    match ApplicationManifest::load(&app.path("trybuy.toml")) {
        Ok(_) => String::new(),
        Err(failure) => app.clean(&failure.report()),
    }
}

/// The report on the manifest after one text has been replaced by another.
fn report_after(from: &str, to: &str) -> String {
    assert!(MANIFEST.contains(from), "{from}");
    report(&App::with_manifest(&MANIFEST.replace(from, to)))
}

#[test]
fn a_manifest_is_read_as_it_is_written() {
    let app = App::new();
    let manifest = ApplicationManifest::load(&app.path("trybuy.toml")).ok().unwrap();
    let application = &manifest.application;
    assert_eq!(application.id.as_str(), "com.example.sketch");
    assert_eq!(application.homepage.as_deref(), Some("https://example.com/sketch"));
    assert_eq!(application.categories, ["graphics"]);
    assert_eq!(application.minimum_builder, Some("0.1.0".parse().unwrap()));
    assert_eq!(application.terms.text, "Be kind.\n");
    assert_eq!(application.relicensing.as_ref().unwrap().text, "It costs 5.\n");
    assert_eq!(manifest.policy, fixture::policy());
    let [program] = manifest.programs.as_slice() else {
        unreachable!("one program");
    };
    assert_eq!(program.size, 131);
    assert_eq!(program.compression, ProgramCompression::Zstd);
    assert!(manifest.warnings.is_empty());
}

#[test]
fn what_may_be_left_out_has_a_default() {
    let manifest = r#"
        [application]
        id = "com.example.sketch"
        name = "Sketch"
        version = "1.4.0"
        summary = "Draw diagrams"
        documentation = "guide.md"
        terms = "TERMS.md"
        [[program]]
        platform = "x86_64-linux"
        kind = "native"
        path = "bin/sketch"
        compression = "none"
        [trial]
        duration = "12h"
        expiration = "hard"
    "#;
    let app = App::with_manifest(manifest);
    let manifest = ApplicationManifest::load(&app.path("trybuy.toml")).ok().unwrap();
    let policy = r#"{"duration":43200,"expiration":{"kind":"hard"},"trials":1,
        "acceptance":"explicit","layout":"leading"}"#;
    assert_eq!(manifest.policy, serde_json::from_str(policy).unwrap());
    assert!(manifest.application.relicensing.is_none());
    assert_eq!(manifest.programs[0].compression, ProgramCompression::None);
}

/// An expected report; where it has no advice of its own, with the advice for every mistake.
fn advised(report: String) -> String {
    if report.contains("\nhelp: ") {
        return report;
    }
    report + "help: correct the manifest; the publishing guide explains every key of it\n"
}

/// A change of the manifest, and what follows `error[invalid-manifest]: trybuy.toml, `.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "name = \"Sketch\"",
        "nmae = \"Sketch\"",
        "line 3, column 1: unknown key `nmae` in [application]\nhelp: did you mean `name`?\n",
    ),
    (
        "[trial]",
        "[trail]",
        "line 18, column 2: unknown key `trail` in the manifest\nhelp: did you mean `trial`?\n",
    ),
    (
        "kind = \"native\"",
        "kind = \"native\"\nzzz = 1",
        "line 16, column 1: unknown key `zzz` in [program]\n\
         help: the keys of [program] are: platform, kind, path, compression\n",
    ),
    (
        "length = \"7d\" }",
        "lenght = \"7d\" }",
        "line 21, column 35: unknown key `lenght` in [trial.grace]\nhelp: did you mean `length`?\n",
    ),
    (
        "launches = 50",
        "launchs = 50",
        "line 25, column 12: unknown key `launchs` in [trial.limits]\n\
         help: did you mean `launches`?\n",
    ),
    (
        "categories =",
        "screenshots =",
        "line 10, column 1: `screenshots` is not supported yet\n\
         help: leave it out; a server has no place for pictures so far\n",
    ),
    (
        "com.example.sketch",
        "Sketch",
        "line 2, column 6: `Sketch` is not an application id: reverse DNS such as \
         com.example.sketch, lower case, 3 to 128 characters\n",
    ),
    ("name = \"Sketch\"\n", "", "line 1, column 1: missing field `name`\n"),
    (
        "name = \"Sketch\"",
        "name = 7",
        "line 3, column 8: invalid type: integer `7`, expected a string\n",
    ),
    (
        "name = \"Sketch\"",
        "name = \" Sketch\"",
        "line 3, column 8: ` Sketch` is not a name: 1 to 100 characters, no control characters, \
         no space at either end\n",
    ),
    (
        "\"1.4.0\"",
        "\"1.4\"",
        "line 4, column 11: `1.4` is not a semantic version such as 1.4.0, at most 64 characters\n",
    ),
    (
        "\"Draw diagrams\"",
        "\"Draw\\ndiagrams\"",
        "line 5, column 11: `summary` is one line of 1 to 200 characters\n",
    ),
    (
        "https://example.com/sketch",
        "example.com",
        "line 9, column 12: `example.com` is not an http or https address of at most 300 \
         characters\n",
    ),
    (
        "[\"graphics\"]",
        "[\"\"]",
        "line 10, column 15: a category is one line of 1 to 40 characters\n",
    ),
    (
        "[\"graphics\"]",
        "[\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]",
        "line 10, column 55: an application has at most 8 categories\n",
    ),
    (
        "x86_64-linux",
        "linux",
        "line 14, column 12: `linux` is not a platform such as x86_64-linux\n",
    ),
    (
        "\"native\"",
        "\"nativ\"",
        "line 15, column 8: `nativ` is not one of `native`\nhelp: did you mean `native`?\n",
    ),
    (
        "path = \"bin/sketch\"",
        "path = \"bin/sketch\"\ncompression = \"gzip\"",
        "line 17, column 15: `gzip` is not one of `zstd`, `none`\n",
    ),
    (
        "\"30d\"",
        "\"30 days\"",
        "line 19, column 12: `30 days` is not a duration such as 30d, 12h, 45m or 5s of at most \
         36525d\n",
    ),
    ("\"30d\"", "\"0d\"", "line 19, column 12: a duration is at least 1s\n"),
    (
        "\"soft\"",
        "\"sotf\"",
        "line 20, column 14: `sotf` is not one of `hard`, `soft`\nhelp: did you mean `soft`?\n",
    ),
    (
        "\"soft\"",
        "\"hard\"",
        "line 21, column 9: a hard expiration has no grace\n\
         help: remove `grace`, or set `expiration = \"soft\"`\n",
    ),
    (
        "grace = { from = \"first-warning\", length = \"7d\" }\n",
        "",
        "line 20, column 14: a soft expiration needs a grace\n\
         help: add `grace = { from = \"expiration\", length = \"7d\" }`\n",
    ),
    (
        "trials = 2",
        "trials = 11",
        "line 22, column 10: a licensee has 1 to 10 trials of an application\n",
    ),
    (
        "trials = 2",
        "trials = -1",
        "line 22, column 10: a licensee has 1 to 10 trials of an application\n",
    ),
    (
        "\"explicit\"",
        "\"click\"",
        "line 23, column 14: `click` is not one of `explicit`, `retype-code`, `passive`\n",
    ),
    (
        "launches = 50",
        "launches = 0",
        "line 25, column 23: a limit is 1 to 9007199254740991: leave it out for none\n",
    ),
    (
        "days = 14",
        "days = 9999999999999999999999",
        "line 25, column 51: a limit is 1 to 9007199254740991: leave it out for none\n",
    ),
    (
        "trials = 2",
        "trials = 99999999999999999999",
        "line 22, column 10: a licensee has 1 to 10 trials of an application\n",
    ),
    (
        "path = \"bin/sketch\"\n",
        "path = \"bin/sketch\"\n[[program]]\nplatform = \"x86_64-linux\"\nkind = \"native\"\n\
         path = \"bin/sketch\"\n",
        "line 18, column 12: there is another program for x86_64-linux\n\
         help: an application has one program a platform\n",
    ),
];

#[test]
fn every_mistake_is_told_with_its_place_and_a_way_out() {
    for (from, to, expected) in MISTAKES {
        let expected = advised(format!("error[invalid-manifest]: trybuy.toml, {expected}"));
        assert_eq!(report_after(from, to), expected, "{to}");
    }
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let text = report_after("name = \"Sketch\"", "name = \"Sketch");
    assert!(text.starts_with("error[invalid-manifest]: trybuy.toml, line 3, column "), "{text}");
    let text = report_after("[trial]", "[application]");
    assert!(text.contains("line 18, column ") && text.contains("duplicate key"), "{text}");
}

#[test]
fn a_missing_file_is_named_with_the_path_that_was_looked_at() {
    let app = App::with_manifest(&MANIFEST.replace("\"TERMS.md\"", "\"legal/TERMS.md\""));
    assert_eq!(
        report(&app),
        "error[invalid-manifest]: trybuy.toml, line 7, column 9: there is no file \
         `legal/TERMS.md` (looked at legal/TERMS.md)\n\
         help: create it or correct the path; paths are relative to the manifest\n"
    );
    let missing = ApplicationManifest::load(&app.path("none.toml")).err().unwrap();
    assert_eq!(
        app.clean(&missing.report()),
        "error[local-file]: none.toml cannot be read: No such file or directory (os error 2)\n\
         help: give the path of the manifest, usually `trybuy.toml`\n"
    );
}

#[test]
fn texts_have_to_be_text_of_limited_length() {
    let place = "error[invalid-manifest]: trybuy.toml, line 7, column 9: ";
    let cases: [(Vec<u8>, &str); 3] = [
        (
            b" \n".to_vec(),
            "`TERMS.md` is empty: TERMS.md says nothing\n\
             help: write the terms that a user accepts before a trial\n",
        ),
        (
            b"Be \xff kind".to_vec(),
            "TERMS.md is not UTF-8 text (the first other byte is at offset 3)\n",
        ),
        (vec![b'a'; (1 << 20) + 1], "TERMS.md is longer than 1048576 bytes\n"),
    ];
    for (terms, expected) in cases {
        let app = App::new();
        app.write("TERMS.md", terms);
        assert_eq!(report(&app), advised(format!("{place}{expected}")));
    }
}

#[test]
fn a_program_has_to_be_a_regular_file_for_its_platform() {
    let place = "error[invalid-manifest]: trybuy.toml, line 16, column 8: ";
    let rebuild = "help: build it for that platform, or correct `platform`\n";
    let cases: [(Vec<u8>, String); 3] = [
        (Vec::new(), "bin/sketch is empty\n".to_owned()),
        (
            elf(183, b""),
            format!("bin/sketch is a program for aarch64-linux, not for x86_64-linux\n{rebuild}"),
        ),
        (
            b"#!/bin/sh\necho drawing\n".to_vec(),
            "bin/sketch is a script, not a native program\n\
             help: publish the compiled program; scripts are not supported yet\n"
                .to_owned(),
        ),
    ];
    for (program, expected) in cases {
        let app = App::new();
        app.write("bin/sketch", program);
        assert_eq!(report(&app), advised(format!("{place}{expected}")));
    }
    let app = App::with_manifest(&MANIFEST.replace("bin/sketch", "bin"));
    assert_eq!(report(&app), advised(format!("{place}bin is not a regular file\n")));
    let app = App::with_manifest(&MANIFEST.replace("bin/sketch", "socket"));
    let _socket = UnixListener::bind(app.path("socket")).unwrap();
    assert_eq!(report(&app), advised(format!("{place}socket is not a regular file\n")));
}

#[test]
fn a_program_that_cannot_be_checked_is_warned_of() {
    let app = App::with_manifest(&MANIFEST.replace("x86_64-linux", "x86_64-windows"));
    let manifest = ApplicationManifest::load(&app.path("trybuy.toml")).ok().unwrap();
    let warnings: Vec<String> = manifest.warnings.iter().map(|text| app.clean(text)).collect();
    assert_eq!(
        warnings,
        ["bin/sketch: programs for x86_64-windows are not checked, and the Builder runs native \
          programs on Linux only so far"]
    );
}

#[test]
fn a_policy_can_be_read_where_the_files_are_not() {
    let app = App::with_manifest(&MANIFEST.replace("bin/sketch", "not/built/yet"));
    let policy = ApplicationManifest::load_policy(&app.path("trybuy.toml"));
    assert_eq!(policy, Ok(fixture::policy()));
}

#[test]
fn a_file_that_is_no_manifest_is_refused_before_it_is_read_on() {
    let app = App::with_manifest(&"#".repeat(65_537));
    assert_eq!(
        report(&app),
        "error[invalid-manifest]: trybuy.toml is longer than 65536 bytes\n\
         help: give the path of the manifest, usually `trybuy.toml`\n"
    );
}
