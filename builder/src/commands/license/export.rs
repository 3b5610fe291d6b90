//! `trybuy license export`: a license and its private key as files, for other programs.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::Context;
use crate::cli::{ExportArguments, ExportFormat};
use crate::data_dir;
use crate::error::Error;
use crate::keys;
use crate::licensing::cache::Cache;
use crate::messages::{self, notices};
use crate::output;

/// Characters of a line of PEM (RFC 7468, section 2).
const LINE: usize = 64;

pub(super) fn export(context: &Context, arguments: &ExportArguments) -> Result<(), Error> {
    let license = Cache::open(&context.data).find(&arguments.license)?;
    let key = keys::load_seat_key(&context.data)?;
    let pkcs8 = key.to_pkcs8().map_err(|error| messages::key_generation().caused_by(error))?;
    let ExportFormat::Pem = arguments.format;
    data_dir::make_directory(&arguments.out)?;
    let (certificate_file, key_file) =
        (arguments.out.join("certificate.pem"), arguments.out.join("key.pem"));
    if certificate_file.exists() {
        return Err(messages::export_over_a_file(&certificate_file));
    }
    create(&key_file, private_key_pem(&pkcs8).as_bytes())?;
    if let Err(error) = create(&certificate_file, license.chain().to_pem().as_bytes()) {
        // A key alone is of no use.
        data_dir::remove(&key_file)?;
        return Err(error);
    }
    let (certificate, key) = (certificate_file.display(), key_file.display());
    output::notice(&notices::exported(&certificate.to_string(), &key.to_string()));
    Ok(())
}

/// Makes a file that its owner alone can read, and that was not there.
fn create(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(
        |error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => messages::export_over_a_file(path),
            _ => messages::local_file("make", path, error),
        },
    )?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // A part of it is of no use; the failure is what counts.
        let _ = fs::remove_file(path);
        messages::local_file("write", path, error)
    })
}

/// A PKCS#8 document in PEM (RFC 7468, section 10).
fn private_key_pem(pkcs8: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(pkcs8));
    // As long as it will be, so that no copy of the key is left behind where it grows.
    let mut pem = Zeroizing::new(String::with_capacity(encoded.len() * 2 + 2 * LINE));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}
