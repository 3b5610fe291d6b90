//! What `docs/publishing.md`, `docs/policies.md` and `docs/webhooks.md` say is so.

use trybuy_server::vendor_cli::ApplicationManifest;

use crate::fixture::{App, elf, run, vendor};

const GUIDE: &str = include_str!("../../../docs/publishing.md");
const WEBHOOKS: &str = include_str!("../../../docs/webhooks.md");
const POLICIES: &str = include_str!("../../../docs/policies.md");

/// The contents of a page's code blocks in a language.
fn blocks(page: &'static str, language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_manifest_in_the_guide_is_a_manifest() {
    let manifests = blocks(GUIDE, "toml");
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
    let full = blocks(GUIDE, "toml").pop().unwrap();
    let keys = full.lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key);
    for key in keys {
        assert!(GUIDE.contains(&format!("| `{key}` |")), "{key}");
    }
}

#[test]
fn every_command_of_the_guides_is_a_command() {
    for (page, at_least) in [(GUIDE, 8), (POLICIES, 25), (WEBHOOKS, 4)] {
        let lines = blocks(page, "sh").into_iter().flat_map(str::lines);
        let commands: Vec<&str> =
            lines.filter_map(|line| line.trim().strip_prefix("trybuy-vendor ")).collect();
        assert!(commands.len() >= at_least, "{} commands", commands.len());
        commands.into_iter().for_each(check);
    }
}

/// That a command has these options.
fn check(command: &str) {
    let mut words = command.split_whitespace();
    let groups = ["block ", "class ", "key ", "policy ", "profile ", "webhook "];
    let has_actions = groups.iter().any(|group| command.starts_with(group));
    let names: Vec<&str> = words.by_ref().take(if has_actions { 2 } else { 1 }).collect();
    let help = run(vendor(&names).arg("--help"));
    assert_eq!(help.code, Some(0), "{command}");
    for option in words.filter(|word| word.starts_with("--")) {
        let known = help.stdout.split_whitespace().any(|word| word == option);
        assert!(known, "{command}: {option}");
    }
}

#[test]
fn every_option_of_a_policy_is_in_its_guide() {
    let help = run(&mut vendor(&["policy", "set", "--help"])).stdout;
    let (options, _connection) = help.split_once("Connection:").unwrap();
    let options: Vec<&str> = options
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| word.starts_with("--") && *word != "--layout")
        .collect();
    assert!(options.len() > 14, "{options:?}");
    let commands = blocks(POLICIES, "sh").concat();
    for option in options {
        assert!(commands.split_whitespace().any(|word| word == option), "{option}");
    }
}
