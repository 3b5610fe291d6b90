//! Files that commands are given and asked to write.

use std::io::{self, Read as _};
use std::path::Path;

use trybuy_formats::slug::Slug;

use super::failure::Failure;
use crate::data_dir::{open_regular, slug_of, write_new};

/// A text file of at most `cap` bytes.
pub(super) fn read_text(path: &Path, cap: usize) -> Result<String, Failure> {
    let bytes = read_start(path, cap + 1)?;
    if bytes.len() > cap {
        return Err(unreadable(path, &format_args!("it is larger than {cap} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| unreadable(path, &error))
}

/// A file, or as many bytes of it from its beginning on.
pub(super) fn read_start(path: &Path, bytes: usize) -> Result<Vec<u8>, Failure> {
    let file = open_regular(path).map_err(|error| unreadable(path, &error))?;
    let mut read = Vec::new();
    file.take(bytes as u64).read_to_end(&mut read).map_err(|error| unreadable(path, &error))?;
    Ok(read)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Slug::LocalFile, format!("{} cannot be read: {error}", path.display()))
        .help("name the file as it was written")
}

/// Writes a file that must not exist yet. A name without a directory is in the current one.
pub(super) fn write_output(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let path = if path.parent() == Some(Path::new("")) { &Path::new(".").join(path) } else { path };
    write_new(path, bytes).map_err(|error| {
        let failure =
            Failure::new(slug_of(&error), format!("{} cannot be written: {error}", path.display()));
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.help("name a file that does not exist yet"),
            _ if slug_of(&error) == Slug::DiskFull => failure.help("make room on its disk"),
            _ => failure.help("name another file"),
        }
    })
}
