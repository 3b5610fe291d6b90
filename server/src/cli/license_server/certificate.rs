//! `trybuy-server license-server certificate`

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{Authorities, CertificateChain, CertificateError, Role};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use super::{Place, now};
use crate::cli::arguments::license_server::CertificateCommand;
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::data_dir::replace;

pub(super) fn run(place: &Place, command: CertificateCommand) -> Result<()> {
    let CertificateCommand::Install { license_server, issuer, authority } = command;
    let text = |path| files::read_text(path, limits::CERTIFICATE_FILE);
    let authorities = Authorities::from_pem(&text(&authority)?)
        .map_err(|error| refused("the certifying authority's certificate", error))?;
    let keys = place.keys()?;
    let packs = check(
        place,
        &authorities,
        Role::LicenseServer,
        (&text(&license_server)?, keys.packs.encryption_key().spki()),
    )?;
    let licenses =
        check(place, &authorities, Role::LicenseIssuer, (&text(&issuer)?, keys.issuer.spki()))?;
    // The authority goes first: without it, a new certificate is refused, and without those, all is.
    for (path, pem) in [
        (place.files.authority(), authorities.to_pem()),
        (place.files.pack_certificate(), packs.to_pem()),
        (place.files.issuer_certificate(), licenses.to_pem()),
    ] {
        replace(&path, pem.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    output::print(&format!(
        "installed the certificates of {}; a server that runs takes them when it starts again\n",
        place.config.id
    ))
}

/// A certificate of the role for a key of this license server.
fn check(
    place: &Place,
    authorities: &Authorities,
    role: Role,
    (pem, key): (&str, &[u8]),
) -> Result<CertificateChain> {
    let what = match role {
        Role::LicenseServer => "the certificate of the license server",
        _ => "the certificate of the issuer of licenses",
    };
    let chain = CertificateChain::from_pem(pem).map_err(|error| refused(what, error))?;
    let certificate =
        authorities.verify(&chain, role, now()).map_err(|error| refused(what, error))?;
    if certificate.spki() != key {
        return Err(refused(what, CertificateError::OtherKey).into());
    }
    let named = certificate.subject_id().unwrap_or_default();
    if named != place.config.id.as_str() {
        let id = &place.config.id;
        let what = format!("{what} is for `{named}`, and this license server is `{id}`");
        return Err(Failure::new(Slug::CertificateRefused, what).help(HELP).into());
    }
    Ok(chain)
}

const HELP: &str =
    "have the certifying authority issue one for the request that `init` wrote, in the right role";

fn refused(what: &str, error: CertificateError) -> Failure {
    Failure::new(Slug::CertificateRefused, format!("{what} was refused: {error}")).help(HELP)
}
