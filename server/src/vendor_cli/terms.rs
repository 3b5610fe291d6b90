//! `trybuy-vendor terms`: the text that somebody accepted.

use std::io::Write;

use trybuy_formats::ids::{ApplicationId, Digest};

use super::client::Client;
use super::failure::Failure;

/// Prints it to the byte, so that its SHA-256 is the digest.
pub(super) fn terms(
    client: &Client,
    application: &ApplicationId,
    digest: &Digest,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let answer = client.terms(application, digest)?;
    out.write_all(answer.text.as_bytes()).map_err(Failure::output)
}
