//! `trybuy-server authority`: a certifying authority for development, and for companies without one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{
    CertificateChain, CertificateError, CertificateRequest, DevelopmentAuthority, IssueError, Role,
    revocation_list_pem,
};
use trybuy_formats::ids::Name;
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_formats::primitives::EcdsaKey;
use trybuy_formats::slug::Slug;
use zeroize::Zeroizing;

use super::arguments::{AuthorityCommand, CertificateRole};
use super::failure::Failure;
use super::{files, output};
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::create_private_dir;

/// The authority's key, PKCS#8 in DER.
const KEY: &str = "authority.key";
/// The authority's certificate, which it signed itself.
const CERTIFICATE: &str = "authority.pem";

pub(super) fn run(command: AuthorityCommand) -> Result<()> {
    match command {
        AuthorityCommand::Init { directory, name, valid_for } => init(&directory, &name, valid_for),
        AuthorityCommand::Sign { directory, request, role, id, valid_for, out } => {
            sign(&directory, &request, (role, &id), valid_for, &out)
        }
        AuthorityCommand::RevocationList { directory, valid_for, out } => {
            sign_revocation_list(&directory, valid_for, &out)
        }
    }
}

/// Makes an authority. The certificate comes last; without it, the key is of no use to anybody.
fn init(directory: &Path, name: &Name, valid_for: Span) -> Result<()> {
    create_private_dir(directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let authority = DevelopmentAuthority::generate(name.as_str(), SystemClock.now(), valid_for)
        .map_err(not_issued)?;
    let pkcs8 = authority.key().to_pkcs8().context("the key cannot be written")?;
    files::write_output(&directory.join(KEY), &pkcs8)?;
    let chain = CertificateChain::new(vec![authority.certificate().clone()]).map_err(refused)?;
    let path = directory.join(CERTIFICATE);
    files::write_output(&path, chain.to_pem().as_bytes())?;
    output::print(&format!("made the certifying authority {}\n", path.display()))
}

/// Issues a certificate, after a look at whom the request is of.
fn sign(
    directory: &Path,
    request: &Path,
    (role, id): (CertificateRole, &str),
    valid_for: Span,
    out: &Path,
) -> Result<()> {
    let authority = load(directory)?;
    let request = files::read_text(request, limits::CERTIFICATE_FILE)?;
    let request = CertificateRequest::from_pem(&request).map_err(refused)?;
    let role = Role::from(role);
    let asked = request.id().unwrap_or_default();
    if asked != id || !role.is_id(id) {
        let what =
            format!("the request is of `{asked}`, not of `{id}`, or that is no id of its role");
        return Err(Failure::new(Slug::CertificateRefused, what)
            .help("ask whoever made the request for their id")
            .into());
    }
    let certificate =
        authority.issue(&request, role, SystemClock.now(), valid_for).map_err(not_issued)?;
    let ends = certificate.not_after();
    let chain = CertificateChain::new(vec![certificate]).map_err(refused)?;
    files::write_output(out, chain.to_pem().as_bytes())?;
    output::print(&format!("issued {} for {id}, valid until {ends}\n", out.display()))
}

/// Lists are numbered by the time they are signed at, so that later ones have greater numbers.
fn sign_revocation_list(directory: &Path, valid_for: Span, out: &Path) -> Result<()> {
    let now = SystemClock.now();
    let next = now.plus(valid_for);
    let list = load(directory)?
        .revocation_list(Vec::new(), now.unix().unsigned_abs(), now, next)
        .map_err(not_issued)?;
    files::write_output(out, revocation_list_pem(&list).as_bytes())?;
    output::print(&format!("signed {}, valid until {next}\n", out.display()))
}

fn load(directory: &Path) -> Result<DevelopmentAuthority> {
    let path = directory.join(KEY);
    let pkcs8 = fs::read(&path).map(Zeroizing::new).map_err(|error| {
        Failure::new(Slug::LocalFile, format!("{} cannot be read: {error}", path.display()))
            .help("name the directory that `trybuy-server authority init` made")
    })?;
    let key = EcdsaKey::from_pkcs8(&pkcs8).map_err(|_| {
        Failure::new(Slug::LocalFile, format!("{} is not a key", path.display()))
            .help("restore it from your copy")
    })?;
    let certificate = files::read_text(&directory.join(CERTIFICATE), limits::CERTIFICATE_FILE)?;
    let chain = CertificateChain::from_pem(&certificate).map_err(refused)?;
    Ok(DevelopmentAuthority::new(key, chain.leaf().clone()).map_err(refused)?)
}

fn refused(error: CertificateError) -> Failure {
    Failure::new(Slug::CertificateRefused, error.to_string())
        .help("name the file as it was written")
}

fn not_issued(error: IssueError) -> anyhow::Error {
    match error {
        IssueError::Signature(_) => error.into(),
        _ => Failure::new(Slug::CertificateRefused, error.to_string())
            .help(
                "see whether the request's key is of the kind that the role has, and the name one",
            )
            .into(),
    }
}
