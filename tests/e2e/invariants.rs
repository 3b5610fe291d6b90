//! What `docs/architecture.md` says that each part never does, checked where a program can, and
//! what else holds for every file of the repository.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use trybuy_formats::slug::Slug;
use trybuy_tests::binaries::repository;

use crate::case::{Shared, cases};

cases![
    only_the_primitives_call_a_cryptographic_library,
    only_the_store_knows_sql,
    only_two_places_have_unsafe_code,
    the_formats_open_nothing_and_have_no_clock,
    only_the_expiry_decision_compares_the_dates_of_a_trial,
    nothing_depends_on_what_it_must_not,
    nothing_is_ignored_or_left_to_do,
    links_in_the_documentation_lead_somewhere,
    places_that_the_documentation_names_exist,
    every_slug_is_explained_to_those_who_meet_it,
];

/// The folders with our code.
const CODE: [&str; 5] = ["formats", "server", "builder", "sample-apps", "tests"];

/// Every file with that ending below a folder of the repository, `target` folders left out; paths
/// are relative to the repository.
fn sources(folder: &str, ending: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)?.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let hidden = name.to_string_lossy().starts_with('.');
            if path.is_dir() && name != "target" && !hidden {
                folders.push(path);
            } else if path.extension() == Some(ending.as_ref()) {
                let relative = path.strip_prefix(repository())?.display().to_string();
                found.push((relative, fs::read_to_string(&path)?));
            }
        }
    }
    ensure!(!found.is_empty() || !repository().join(folder).exists(), "nothing in {folder}");
    Ok(found)
}

/// The lines of code that hold one of the words, not as the end of another word; without comments.
fn lines_with<'a>(text: &'a str, words: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    text.lines().filter(code).filter(|line| words.iter().any(|word| has_word(line, word)))
}

fn has_word(line: &str, word: &str) -> bool {
    let mut places = line.match_indices(word);
    places.any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// That none of the words is in the code of these folders, outside of the places that may.
fn ensure_absent(folders: &[&str], words: &[&str], allowed: &[&str]) -> Result<()> {
    for folder in folders {
        for (path, text) in sources(folder, "rs")? {
            if !allowed.iter().any(|place| path.starts_with(place)) {
                let line = lines_with(&text, words).next();
                ensure!(line.is_none(), "{path} has {line:?}");
            }
        }
    }
    Ok(())
}

fn only_the_primitives_call_a_cryptographic_library(_: &Shared) -> Result<()> {
    let libraries = [
        "aws_lc_rs",
        "aws_lc_sys",
        "aes_gcm",
        "rsa::",
        "sha2::",
        "hmac::",
        "hkdf::",
        "ed25519_dalek",
        "ring::",
        "openssl",
    ];
    let folders = ["formats/src", "server/src", "builder/src"];
    // The list of variables that inject code into programs names OpenSSL's.
    let allowed = ["formats/src/primitives", "builder/src/execution/environment.rs"];
    ensure_absent(&folders, &libraries, &allowed)
}

fn only_the_store_knows_sql(_: &Shared) -> Result<()> {
    let words = ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE", "sqlx::"];
    let folders = ["formats/src", "server/src", "builder/src"];
    ensure_absent(&folders, &words, &["server/src/store"])
}

fn only_two_places_have_unsafe_code(_: &Shared) -> Result<()> {
    let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"];
    // This file names them, and tests of the launch do what attackers do.
    let allowed = ["builder/src/execution", "server/src/blobs", "builder/tests/execution", file!()];
    ensure_absent(&CODE, &words, &allowed)
}

fn the_formats_open_nothing_and_have_no_clock(_: &Shared) -> Result<()> {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "File::open",
        "TcpStream",
        "SystemTime",
        "Instant::now",
        "Utc::now",
        "tokio",
        "async fn",
        "println!",
    ];
    ensure_absent(&["formats/src"], &words, &[])
}

fn only_the_expiry_decision_compares_the_dates_of_a_trial(_: &Shared) -> Result<()> {
    let words = [
        "Decision::Allow",
        "Decision::Refuse",
        "Refusal::GraceEnded",
        "Refusal::TrialExpired",
        "plus(grace",
    ];
    let makes = |line: &str| !line.contains("=>") && !line.contains("matches!");
    for folder in ["formats/src", "server/src", "builder/src"] {
        for (path, text) in sources(folder, "rs")? {
            let told = path.starts_with("formats/src/expiry") || path.contains("/messages/");
            let line = lines_with(&text, &words).find(|line| !told && makes(line));
            ensure!(line.is_none(), "{path} has {line:?}");
        }
    }
    Ok(())
}

fn nothing_depends_on_what_it_must_not(_: &Shared) -> Result<()> {
    let ours = ["trybuy-formats", "trybuy-server", "trybuy.workspace", "trybuy-tests"];
    let may = [
        ("formats", &[][..]),
        ("server", &["trybuy-formats"]),
        ("builder", &["trybuy-formats"]),
        ("sample-apps/greeter", &[]),
        ("sample-apps/tally", &[]),
        ("sample-apps/lumen", &[]),
        ("sample-apps/trial-facts", &[]),
    ];
    for (folder, allowed) in may {
        let manifest = fs::read_to_string(repository().join(folder).join("Cargo.toml"))?;
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap_or(("", ""));
        let dependencies = dependencies.split("\n[").next().unwrap_or_default();
        for name in ours.iter().filter(|name| !allowed.contains(name)) {
            let found = dependencies.lines().find(|line| line.starts_with(name));
            ensure!(found.is_none(), "{folder} depends on {found:?}");
        }
    }
    Ok(())
}

fn nothing_is_ignored_or_left_to_do(_: &Shared) -> Result<()> {
    let words = [
        "#[ignore",
        "todo!(",
        "unimplemented!(",
        "dbg!(",
        "#[should_panic",
        "#[allow(",
        "#![allow(",
    ];
    ensure_absent(&CODE, &words, &[file!()])
}

/// The targets of a page's links to other files, without the part behind `#`.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
    local.filter_map(|target| target.split('#').next()).filter(|target| !target.is_empty())
}

/// The anchors of a page: its headings as they are linked to.
fn anchors(page: &str) -> Vec<String> {
    let headings = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let anchor = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        heading
            .to_lowercase()
            .chars()
            .filter(kept)
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    };
    headings.map(anchor).collect()
}

/// Code and folders are named in backticks, from the root of the repository.
fn places_that_the_documentation_names_exist(_: &Shared) -> Result<()> {
    let folders = ["formats/", "server/", "builder/", "sample-apps/", "tests/"];
    for (page, text) in sources("docs", "md")? {
        for name in text.split('`').skip(1).step_by(2) {
            let is_place = folders.iter().any(|folder| name.starts_with(folder));
            let is_pattern = name.contains(['*', '{', ' ', '<']);
            if is_place && !is_pattern {
                ensure!(repository().join(name).exists(), "{page} names {name}");
            }
        }
    }
    Ok(())
}

fn links_in_the_documentation_lead_somewhere(_: &Shared) -> Result<()> {
    let mut pages = sources("docs", "md")?;
    pages.extend(sources("sample-apps", "md")?);
    for name in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        pages.push((name.to_owned(), fs::read_to_string(repository().join(name))?));
    }
    for (path, page) in &pages {
        let folder = repository().join(path);
        let folder = folder.parent().context("a folder")?;
        for target in links(page) {
            ensure!(folder.join(target).exists(), "{path} links to {target}");
        }
        let anchors = anchors(page);
        for anchor in page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()) {
            ensure!(anchors.iter().any(|known| known == anchor), "{path} links to #{anchor}");
        }
    }
    Ok(())
}

fn every_slug_is_explained_to_those_who_meet_it(_: &Shared) -> Result<()> {
    let docs = repository().join("docs");
    let pages =
        ["trying.md", "operations.md", "publishing.md", "licensing.md"].map(|name| docs.join(name));
    let pages: Vec<PathBuf> = pages.into_iter().filter(|page| Path::exists(page)).collect();
    let texts: Vec<String> = pages.iter().map(fs::read_to_string).collect::<Result<_, _>>()?;
    let rows = || texts.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("| `"));
    for slug in Slug::ALL {
        let name = format!("`{slug}`");
        // Several slugs of one meaning share a row.
        let is_of = |row: &str| row.split('|').nth(1).is_some_and(|cell| cell.contains(&name));
        let explained = rows().any(is_of);
        ensure!(explained, "no table of {pages:?} explains `{slug}`");
    }
    Ok(())
}
