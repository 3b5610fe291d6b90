//! `trybuy-server clearinghouse init`

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use trybuy_formats::ids::{ClearinghouseId, Name};
use trybuy_formats::slug::Slug;

use crate::clearinghouse::identity::SigningKey;
use crate::clearinghouse::{ROLE, TEMPLATE};
use crate::cli::arguments::Database;
use crate::cli::failure::Failure;
use crate::cli::init::refuse_foreign_files;
use crate::cli::{migrate, open, output};
use crate::config::DatabaseSection;
use crate::data_dir::{DataDir, RoleDir, write_new};

/// The request for a certificate.
const REQUEST: &str = "request.pem";

/// Makes the clearinghouse's directory.
///
/// The configuration file comes last: as long as it is missing, an `init` that was cut off can be
/// repeated, and keeps the key that is there.
pub(super) fn run(
    data_dir: &DataDir,
    database: Database,
    id: &ClearinghouseId,
    name: Option<Name>,
) -> Result<()> {
    let directory = data_dir.role(ROLE);
    if directory.config().exists() {
        return Err(already_set_up(&directory).into());
    }
    refuse_foreign_files(data_dir)?;
    let database_url = database.database_url;
    let resolved = DatabaseSection::default().resolve(database_url.clone(), data_dir)?;
    for made in [data_dir.create(), directory.create()] {
        made.with_context(|| format!("{} cannot be made", directory.path().display()))?;
    }
    let key = SigningKey::create_missing(&directory)?;
    let request = key.request(name.as_ref().map_or(id.as_str(), Name::as_str), id)?;
    directory.replace(REQUEST, request.as_bytes()).context("the request cannot be written")?;
    open::runtime()?.block_on(migrate::migrate(&resolved))?;
    match write_new(&directory.config(), configuration(id, database_url).as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(already_set_up(&directory).into());
        }
        other => other.context("the configuration cannot be written")?,
    }
    output::print(&format!(
        "made {}\n\
         next: have a certifying authority issue a certificate for {}, then\n      \
         trybuy-server --data-dir {} clearinghouse certificate install FILE --authority FILE\n",
        directory.path().display(),
        directory.file(REQUEST).display(),
        data_dir.path().display()
    ))
}

/// The template with what was given, so that `serve` finds it again.
fn configuration(id: &ClearinghouseId, database_url: Option<String>) -> String {
    let file = TEMPLATE.replacen("id = \"ID\"", &format!("id = \"{id}\""), 1);
    match database_url {
        Some(url) => {
            let url = toml::Value::String(url);
            let comment = "# url = \"postgres://trybuy@localhost/trybuy\"";
            file.replacen(comment, &format!("url = {url}"), 1)
        }
        None => file,
    }
}

fn already_set_up(directory: &RoleDir) -> Failure {
    let what =
        format!("{} is the directory of a clearinghouse already", directory.path().display());
    Failure::new(Slug::AlreadySetUp, what)
        .help("start it with `trybuy-server serve --role clearinghouse`, or name another directory")
}
