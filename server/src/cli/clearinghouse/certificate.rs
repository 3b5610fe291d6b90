//! `trybuy-server clearinghouse certificate`

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{Authorities, CertificateChain};
use trybuy_formats::limits;

use super::{Place, now, refused};
use crate::clearinghouse::identity::{Identity, IdentityError, SigningKey};
use crate::cli::arguments::CertificateCommand;
use crate::cli::{files, output};

pub(super) fn run(place: &Place, command: CertificateCommand) -> Result<()> {
    let CertificateCommand::Install { certificate, authority } = command;
    let certificate = files::read_text(&certificate, limits::CERTIFICATE_FILE)?;
    let authority = files::read_text(&authority, limits::CERTIFICATE_FILE)?;
    let identity = read(place, &certificate, &authority).map_err(refused)?;
    identity.install(&place.directory).context("the certificate cannot be written")?;
    output::print(&format!(
        "installed the certificate of {}; a server that runs takes it when it starts again\n",
        place.config.id
    ))
}

/// Checks chain, role, key and id.
fn read(place: &Place, certificate: &str, authority: &str) -> Result<Identity, IdentityError> {
    let key = SigningKey::load(&place.directory)?;
    let chain = CertificateChain::from_pem(certificate)?;
    let authorities = Authorities::from_pem(authority)?;
    Identity::new(place.config.id.clone(), key, chain, authorities, now())
}
