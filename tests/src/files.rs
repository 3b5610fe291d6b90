//! Looking at files: whole trees of them, and what is in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// Every file below a folder, in order; those that go away meanwhile are left out.
///
/// # Errors
/// When the folder itself cannot be read.
pub fn below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    fs::read_dir(folder)?;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Every file below a folder with its contents.
///
/// # Errors
/// When one cannot be read.
pub fn contents(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    below(folder)?.into_iter().map(|path| Ok((path.clone(), fs::read(path)?))).collect()
}

/// Whether bytes hold others.
pub fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    position(bytes, wanted).is_some()
}

/// Where others stand in bytes for the first time.
pub fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| *byte == first) {
        let at = from + found;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Writes a program with so many further bytes behind it, which nothing compresses: a long download.
///
/// # Errors
/// When it cannot be read or written.
pub fn padded(program: &Path, bytes: usize, to: &Path) -> Result<PathBuf> {
    let mut contents = fs::read(program)?;
    let mut word = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(std::process::id());
    while contents.len() % 8 != 0 {
        contents.push(0);
    }
    for _ in 0..bytes / 8 {
        // Xorshift (Marsaglia 2003).
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        contents.extend_from_slice(&word.to_le_bytes());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(to, contents)?;
    Ok(to.to_owned())
}

/// The contents of a document's code blocks in a language.
pub fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    document.split(&start).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}
