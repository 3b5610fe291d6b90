//! Files that commands are given and asked to write.

use std::io::{self, Read as _};
use std::path::Path;

use trybuy_formats::slug::Slug;

use super::failure::Failure;
use crate::data_dir::{open_regular, write_new};

/// A text file of at most `cap` bytes.
pub(super) fn read_text(path: &Path, cap: usize) -> Result<String, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(Slug::LocalFile, format!("{} cannot be read: {error}", path.display()))
            .help("name the file as it was written")
    };
    let file = open_regular(path).map_err(|error| unreadable(&error))?;
    let mut text = String::new();
    file.take(cap as u64 + 1).read_to_string(&mut text).map_err(|error| unreadable(&error))?;
    if text.len() > cap {
        return Err(unreadable(&format_args!("it is larger than {cap} bytes")));
    }
    Ok(text)
}

/// Writes a file that must not exist yet. A name without a directory is in the current one.
pub(super) fn write_output(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let path = if path.parent() == Some(Path::new("")) { &Path::new(".").join(path) } else { path };
    write_new(path, bytes).map_err(|error| {
        let failure =
            Failure::new(Slug::LocalFile, format!("{} cannot be written: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.help("name a file that does not exist yet"),
            _ => failure.help("name another file"),
        }
    })
}
