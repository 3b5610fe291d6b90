//! `trybuy-server gateway init`

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{
    Authorities, CertificateChain, Role, private_key_pem, self_signed,
};
use trybuy_formats::instant::Span;
use trybuy_formats::keys::key_id;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey, RequestSignatureKey};
use trybuy_formats::slug::Slug;

use super::files::{Files, keep, load, own_keys, read_text};
use crate::cli::arguments::{Database, InitGateway};
use crate::cli::failure::Failure;
use crate::cli::migrate::migrate;
use crate::cli::{open, output};
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::{DataDir, RoleDir, write_new};
use crate::gateway::access::{LicenseServer, shown_key};
use crate::gateway::{GatewayConfig, ROLE, TEMPLATE};

/// How long a certificate for TLS that was made here is valid.
const TLS_VALIDITY: Span = Span::seconds(825 * 86_400);

/// Makes a gateway. The configuration file comes last: as long as it is missing, an `init` that was cut off
/// can be repeated, and keeps the keys that are there.
pub(super) fn run(data_dir: &DataDir, database: Database, options: &InitGateway) -> Result<()> {
    let directory = data_dir.role(ROLE);
    if directory.config().exists() {
        return Err(already_set_up(&directory).into());
    }
    data_dir
        .create()
        .and_then(|()| directory.create())
        .with_context(|| cannot_write(&directory))?;
    let files = Files(&directory);
    let authority = read_text(&options.authority)?;
    let authorities = Authorities::from_pem(&authority).with_context(|| {
        format!("{} holds no certificates of an authority", options.authority.display())
    })?;
    make_keys(&files)?;
    let issuer = open::runtime()?.block_on(license_server(options, &files, &authorities))?;
    write_unless_there(&files.authority(), authorities.to_pem().as_bytes())?;
    write_unless_there(&files.issuer(), issuer.to_pem().as_bytes())?;
    make_tls(&directory, &options.self_signed)?;
    finish(data_dir, &directory, database, options)?;
    let key = load(&files.request_key(), RequestSignatureKey::from_pkcs8)?;
    output::print(&format!(
        "made {path}, key {key}\n\
         next: trybuy-server --data-dir DIR license-server gateway add NAME --key-hex {key}\n      \
         where DIR is the data directory of the license server, then\n      \
         trybuy-server --data-dir {data} serve --role gateway --listen 0.0.0.0:8443\n",
        path = directory.path().display(),
        key = shown_key(&key),
        data = data_dir.path().display(),
    ))
}

fn make_keys(files: &Files<'_>) -> Result<()> {
    keep(&files.request_key(), || RequestSignatureKey::generate()?.to_pkcs8())?;
    keep(&files.decryption_key(), || DecryptionKey::generate()?.to_pkcs8())?;
    keep(&files.identity_key(), || EcdsaKey::generate()?.to_pkcs8())
}

/// What the license server says of itself, once it is known to be one under the authority.
async fn license_server(
    options: &InitGateway,
    files: &Files<'_>,
    authorities: &Authorities,
) -> Result<CertificateChain> {
    let url = &options.license_server;
    let server = LicenseServer::new(url.clone(), own_keys(files)?)?;
    let info = server.info().await.map_err(|error| {
        let what = format!("{url} does not answer as a license server");
        anyhow::Error::from(error).context(
            Failure::new(Slug::LicenseServerUnreachable, what)
                .help("start the license server first, or name another with `--license-server`"),
        )
    })?;
    let chain = CertificateChain::from_pem(&info.certificate)
        .context("the license server shows no certificate")?;
    authorities.verify(&chain, Role::LicenseIssuer, SystemClock.now()).map_err(|refused| {
        let what = format!("the certificate of the license server at {url} was refused: {refused}");
        Failure::new(Slug::CertificateRefused, what)
            .help("name the certificates of its certifying authority with `--authority`")
    })?;
    Ok(chain)
}

fn make_tls(directory: &RoleDir, hosts: &[String]) -> Result<()> {
    if hosts.is_empty() || directory.file("tls.key").exists() {
        return Ok(());
    }
    let key = EcdsaKey::generate().context("no key can be made")?;
    let certificate = self_signed(&key, hosts, SystemClock.now(), TLS_VALIDITY)
        .context("a name in `--self-signed` cannot stand in a certificate")?;
    let pkcs8 = key.to_pkcs8().context("no key can be made")?;
    write_unless_there(&directory.file("tls.pem"), certificate.to_pem().as_bytes())?;
    write_unless_there(&directory.file("tls.key"), private_key_pem(&pkcs8).as_bytes())
}

/// Writes the configuration, once it and the database are known to be usable.
fn finish(
    data_dir: &DataDir,
    directory: &RoleDir,
    database: Database,
    options: &InitGateway,
) -> Result<()> {
    let text = configuration(&database, options);
    match write_new(&directory.config(), text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(already_set_up(directory).into());
        }
        other => other.with_context(|| cannot_write(directory))?,
    }
    let config = GatewayConfig::load(data_dir, database.into())?;
    open::runtime()?.block_on(migrate(&config.database))
}

/// The template with what was given.
fn configuration(database: &Database, options: &InitGateway) -> String {
    let text = |value: &str| toml::Value::String(value.to_owned()).to_string();
    let features: Vec<toml::Value> =
        options.features.iter().map(|feature| feature.to_string().into()).collect();
    let mut lines = vec![
        (
            "url = \"http://127.0.0.1:8000\"",
            format!("url = {}", text(&options.service.to_string())),
        ),
        (
            "product_id = \"com.example.service\"",
            format!("product_id = {}", text(options.product.as_str())),
        ),
        (
            "version = \"1.0.0\"",
            format!("version = {}", text(&options.product_version.to_string())),
        ),
        ("features = []", format!("features = {}", toml::Value::Array(features))),
        (
            "url = \"http://127.0.0.1:8082\"",
            format!("url = {}", text(options.license_server.as_str())),
        ),
    ];
    if let Some(database) = &database.database_url {
        let line = "# url = \"postgres://trybuy@localhost/trybuy\"";
        lines.push((line, format!("url = {}", text(database))));
    }
    lines.iter().fold(TEMPLATE.to_owned(), |file, (line, given)| file.replacen(line, given, 1))
}

fn write_unless_there(path: &Path, bytes: &[u8]) -> Result<()> {
    match write_new(path, bytes) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other.with_context(|| format!("{} cannot be written", path.display())),
    }
}

fn already_set_up(directory: &RoleDir) -> Failure {
    let what = format!("{} is the directory of a gateway already", directory.path().display());
    Failure::new(Slug::AlreadySetUp, what)
        .help("start it with `trybuy-server serve --role gateway`, or name another data directory")
}

fn cannot_write(directory: &RoleDir) -> String {
    format!("{} cannot be written", directory.path().display())
}

/// A key as operators copy it.
/// The id that the license server knows a gateway by.
pub(super) fn id_of(key: &RequestSignatureKey) -> String {
    key_id(&key.public_key()).to_string()
}
