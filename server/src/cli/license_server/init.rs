//! `trybuy-server license-server init`

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::CertificateRequest;
use trybuy_formats::ids::{LicenseServerId, Name};
use trybuy_formats::slug::Slug;
use url::Url;

use super::refused;
use crate::cli::arguments::Database;
use crate::cli::failure::Failure;
use crate::cli::init::refuse_foreign_files;
use crate::cli::{migrate, open, output};
use crate::config::DatabaseSection;
use crate::data_dir::{DataDir, replace, write_new};
use crate::license_server::config::TEMPLATE;
use crate::license_server::keys::{LicenseServerFiles, LicenseServerKeys};

/// Makes the license server's directory.
///
/// The configuration file comes last: as long as it is missing, an `init` that was cut off can be repeated, and
/// keeps the keys that are there.
pub(super) fn run(
    data_dir: &DataDir,
    database: Database,
    (id, name): (&LicenseServerId, Option<Name>),
    clearinghouse: Option<Url>,
) -> Result<()> {
    let files = LicenseServerFiles::of(data_dir);
    if files.directory().config().exists() {
        return Err(already_set_up(&files).into());
    }
    refuse_foreign_files(data_dir)?;
    let database_url = database.database_url;
    let resolved = DatabaseSection::default().resolve(database_url.clone(), data_dir)?;
    let path = files.directory().path();
    for made in [data_dir.create(), files.directory().create()] {
        made.with_context(|| format!("{} cannot be made", path.display()))?;
    }
    let keys = LicenseServerKeys::create_missing(&files).map_err(refused)?;
    write_requests(&files, &keys, name.as_ref().map_or(id.as_str(), Name::as_str), id)?;
    open::runtime()?.block_on(migrate::migrate(&resolved))?;
    let configuration = configuration(id, database_url, clearinghouse);
    match write_new(&files.directory().config(), configuration.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(already_set_up(&files).into());
        }
        other => other.context("the configuration cannot be written")?,
    }
    output::print(&format!(
        "made {}\n\
         next: have a certifying authority issue certificates for\n      \
         {} in the role of a license server, and\n      \
         {} in the role of a license issuer, then\n      \
         trybuy-server --data-dir {} license-server certificate install --license-server FILE \
         --issuer FILE --authority FILE\n",
        path.display(),
        files.pack_request().display(),
        files.issuer_request().display(),
        data_dir.path().display()
    ))
}

/// The two requests for certificates: of the key that packs are encrypted to, and of the one that signs licenses.
fn write_requests(
    files: &LicenseServerFiles,
    keys: &LicenseServerKeys,
    name: &str,
    id: &LicenseServerId,
) -> Result<()> {
    let packs = CertificateRequest::to_decrypt_with(&keys.packs, name, id.as_str())?;
    let issuer = CertificateRequest::to_sign_with(&keys.issuer, name, id.as_str())?;
    for (path, request) in [(files.pack_request(), packs), (files.issuer_request(), issuer)] {
        replace(&path, request.as_bytes())
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The template with what was given, so that `serve` finds it again.
fn configuration(
    id: &LicenseServerId,
    database: Option<String>,
    clearinghouse: Option<Url>,
) -> String {
    let given = [
        ("# url = \"postgres://trybuy@localhost/trybuy\"", database),
        ("# url = \"https://clearinghouse.example.com\"", clearinghouse.map(String::from)),
    ];
    let file = TEMPLATE.replacen("id = \"ID\"", &format!("id = \"{id}\""), 1);
    given.into_iter().fold(file, |file, (comment, url)| match url {
        Some(url) => file.replacen(comment, &format!("url = {}", toml::Value::String(url)), 1),
        None => file,
    })
}

fn already_set_up(files: &LicenseServerFiles) -> Failure {
    let path = files.directory().path().display();
    Failure::new(Slug::AlreadySetUp, format!("{path} is the directory of a license server already"))
        .help(
            "start it with `trybuy-server serve --role license-server`, or name another directory",
        )
}
