//! Packages a program of a manifest as a release in the server format (180, Fig. 3).

use std::env;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use indicatif::{BinaryBytes, ProgressBar};
use trybuy_formats::control::Sections;
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::sha256;
use trybuy_formats::server_format::{
    BLOCK, Compression, Manifest, ProgramKind, ProgramSectionWriter, ProgramSummary, encode_prefix,
};
use trybuy_formats::slug::Slug;

use super::failure::Failure;
use super::manifest::{Application, ProgramCompression, ProgramEntry, lost_file};

/// A good trade for what is packed once and sent often.
const LEVEL: i32 = 6;

/// A release in the server format, ready for its upload.
pub struct Package {
    /// The manifest (`SF-2`).
    pub manifest: Manifest,
    /// Everything before the program section.
    pub front: Bytes,
    /// The file with the program section; it has no name and is gone when it is closed.
    pub program: Arc<File>,
}

/// Packages a program into a temporary file, in `TMPDIR` where that is set.
///
/// # Errors
/// When a file cannot be read or written, or the disk has no room.
pub fn package(
    application: &Application,
    program: &ProgramEntry,
    server_public_key: &[u8],
    bar: &ProgressBar,
) -> Result<Package, Failure> {
    let folder = env::temp_dir();
    check_room(&folder, program.size)?;
    let (file, summary) = write_section(&folder, program, bar)?;
    let manifest = describe(application, program, server_public_key, &summary);
    let prefix = encode_prefix(&manifest)
        .map_err(|invalid| Failure::new(Slug::InvalidManifest, invalid.to_string()))?;
    let front = [prefix.as_slice(), &texts(application).map(str::as_bytes).concat()].concat();
    Ok(Package { manifest, front: front.into(), program: Arc::new(file) })
}

/// The texts of a release, in the order of their sections (`TF-4`).
fn texts(application: &Application) -> [&str; 3] {
    let relicensing = application.relicensing.as_ref().map_or("", |file| &file.text);
    [&application.documentation.text, &application.terms.text, relicensing]
}

fn write_section(
    folder: &Path,
    program: &ProgramEntry,
    bar: &ProgressBar,
) -> Result<(File, ProgramSummary), Failure> {
    let source = File::open(&program.path).map_err(|error| lost_file(&program.path, &error))?;
    let mut source = ReadErrors { source, failed: false };
    let written = (|| {
        let file = BufWriter::new(tempfile::tempfile_in(folder)?);
        let mut writer = ProgramSectionWriter::new(file, compression(program.compression))?;
        let mut buffer = bar.wrap_read(&mut source);
        io::copy(&mut buffer, &mut writer)?;
        let (file, summary) = writer.finish()?;
        Ok((file.into_inner().map_err(io::IntoInnerError::into_error)?, summary))
    })();
    written.map_err(|error: io::Error| {
        if source.failed || error.kind() == io::ErrorKind::InvalidInput {
            return lost_file(&program.path, &error);
        }
        temporary_file(folder, &error)
    })
}

fn compression(compression: ProgramCompression) -> Compression {
    match compression {
        ProgramCompression::Zstd => Compression::Zstd { level: LEVEL },
        ProgramCompression::None => Compression::Plain,
    }
}

/// Tells a failure to read from a failure to write.
struct ReadErrors {
    source: File,
    failed: bool,
}

impl io::Read for ReadErrors {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer);
        // An interrupted read is tried again by the caller.
        self.failed = matches!(&read, Err(e) if e.kind() != io::ErrorKind::Interrupted);
        read
    }
}

fn describe(
    application: &Application,
    program: &ProgramEntry,
    server_public_key: &[u8],
    summary: &ProgramSummary,
) -> Manifest {
    let [documentation, terms, relicensing] = texts(application);
    let digest = |text: &str| Digest::from_bytes(sha256(text.as_bytes()));
    Manifest {
        format: 1,
        application: application.id.clone(),
        name: application.name.clone(),
        version: application.version.clone(),
        summary: application.summary.clone(),
        homepage: application.homepage.clone(),
        categories: application.categories.clone(),
        platform: program.platform.clone(),
        kind: ProgramKind::Native,
        minimum_builder: application.minimum_builder.clone(),
        server_public_key: server_public_key.to_owned(),
        sections: Sections {
            documentation: documentation.len() as u64,
            terms: terms.len() as u64,
            relicensing: relicensing.len() as u64,
            program: summary.section_length,
        },
        documentation_digest: digest(documentation),
        terms_digest: digest(terms),
        relicensing_digest: digest(relicensing),
        program_size: summary.program_size,
        program_digest: summary.program_digest,
    }
}

/// Refuses to begin where even the program as it is would not fit.
fn check_room(folder: &Path, program_size: u64) -> Result<(), Failure> {
    let room = rustix::fs::statvfs(folder)
        .map(|volume| volume.f_bavail.saturating_mul(volume.f_frsize))
        .map_err(|error| temporary_file(folder, &error.into()))?;
    // Blocks are never longer than the program; the table has 4 bytes for each, and 12 at its end.
    let most = program_size + program_size.div_ceil(BLOCK as u64) * 4 + 12;
    if room >= most {
        return Ok(());
    }
    let what = format!(
        "{} has room for {}, and packaging may need {}",
        folder.display(),
        BinaryBytes(room),
        BinaryBytes(most)
    );
    Err(Failure::new(Slug::DiskFull, what).with_help(ELSEWHERE))
}

const ELSEWHERE: &str = "free some space, or set TMPDIR to a folder that has more";

fn temporary_file(folder: &Path, error: &io::Error) -> Failure {
    let full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    );
    if full {
        let what = format!("{} has no room for the package: {error}", folder.display());
        return Failure::new(Slug::DiskFull, what).with_help(ELSEWHERE);
    }
    let what = format!("no temporary file can be written in {}: {error}", folder.display());
    Failure::new(Slug::LocalFile, what).with_help("set TMPDIR to a folder that can be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_is_seen_before_anything_is_written() {
        let failure = check_room(&env::temp_dir(), 1 << 62).expect_err("nobody has so much room");
        assert!(failure.report().starts_with("error[disk-full]: "), "{failure}");
        assert!(failure.report().contains("set TMPDIR"));
    }

    #[test]
    fn a_full_disk_is_told_from_a_forbidden_one() {
        let report = |kind: io::ErrorKind| temporary_file(Path::new("/t"), &kind.into()).report();
        assert!(report(io::ErrorKind::StorageFull).starts_with("error[disk-full]: /t has no room"));
        assert!(report(io::ErrorKind::PermissionDenied).starts_with("error[local-file]: "));
    }
}
