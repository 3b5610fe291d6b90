//! What `docs/publishing.md` and `docs/webhooks.md` say is so.

use trybuy_server::vendor_cli::ApplicationManifest;

use crate::fixture::{App, elf, run, vendor};

const GUIDE: &str = include_str!("../../../docs/publishing.md");
const WEBHOOKS: &str = include_str!("../../../docs/webhooks.md");

/// The contents of the guide's code blocks in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    blocks_of(GUIDE, language)
}

fn blocks_of(page: &'static str, language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_manifest_in_the_guide_is_a_manifest() {
    let manifests = blocks("toml");
    assert_eq!(manifests.len(), 2, "a first one and one with every key");
    for manifest in manifests {
        let app = App::with_manifest(manifest);
        for text in ["docs/guide.md", "TERMS.md", "docs/RELICENSING.md"] {
            app.write(text, "Text.\n");
        }
        app.write("target/release/sketch", elf(62, b"program"));
        app.write("target/aarch64-unknown-linux-gnu/release/sketch", elf(183, b"program"));
        let loaded = ApplicationManifest::load(&app.path("trybuy.toml"));
        assert_eq!(loaded.err().map(|failure| failure.report()), None);
    }
}

#[test]
fn every_key_of_the_full_manifest_is_explained() {
    let full = blocks("toml").pop().unwrap();
    let keys = full.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    for key in keys {
        assert!(GUIDE.contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn every_command_of_the_guide_is_a_command() {
    let pages = [GUIDE, WEBHOOKS].into_iter().flat_map(|page| blocks_of(page, "sh"));
    let lines = pages.flat_map(str::lines);
    let commands: Vec<&str> =
        lines.filter_map(|line| line.trim().strip_prefix("trybuy-vendor ")).collect();
    assert!(commands.len() >= 8, "the guide shows how to publish");
    for command in commands {
        let mut words = command.split_whitespace();
        let groups = ["block ", "class ", "key ", "policy ", "profile ", "webhook "];
        let has_two = groups.iter().any(|group| command.starts_with(group));
        let names = if has_two { 2 } else { 1 };
        let names: Vec<&str> = words.by_ref().take(names).collect();
        let help = run(vendor(&names).arg("--help"));
        assert_eq!(help.code, Some(0), "{command}");
        for option in words.filter(|word| word.starts_with("--")) {
            let known = help.stdout.split_whitespace().any(|word| word == option);
            assert!(known, "{command}: {option}");
        }
    }
}
