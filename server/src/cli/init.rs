//! `trybuy-server init`

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use trybuy_formats::slug::Slug;

use super::arguments::Settings;
use super::failure::Failure;
use super::{migrate, open, output};
use crate::config::{BUILDER_TERMS, Config, TEMPLATE};
use crate::data_dir::{DataDir, ROLES, TEMPORARY, write_new};
use crate::keys::ServerKeys;

/// Makes a data directory.
///
/// The configuration file comes last: as long as it is missing, an `init` that was cut off can be
/// repeated, and keeps the keys that are there.
pub(super) fn run(data_dir: &DataDir, settings: Settings) -> Result<()> {
    if data_dir.config().exists() {
        return Err(already_set_up(data_dir).into());
    }
    refuse_foreign_files(data_dir)?;
    data_dir.create().with_context(|| format!("{} cannot be made", data_dir.path().display()))?;
    let keys = ServerKeys::create_missing(data_dir)?;
    write_unless_there(data_dir, &data_dir.builder_terms(), BUILDER_TERMS)?;
    let file = configuration(&settings);
    let config = Config::from_text(&file, data_dir, settings.into())?;
    open::runtime()?.block_on(migrate::migrate(&config.database))?;
    match write_new(&data_dir.config(), file.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(already_set_up(data_dir).into());
        }
        other => other.context("the configuration cannot be written")?,
    }
    let path = data_dir.path().display();
    output::print(&format!(
        "made {path}, key id {}\n\
         next: trybuy-server --data-dir {path} token create --role vendor --name NAME\n      \
         trybuy-server --data-dir {path} serve\n",
        keys.key_id()
    ))
}

fn already_set_up(data_dir: &DataDir) -> Failure {
    let what = format!("{} is the data directory of a server already", data_dir.path().display());
    Failure::new(Slug::AlreadySetUp, what)
        .help("start that server with `trybuy-server serve`, or name another directory")
}

/// Refuses a directory with files, without a key of a server or the directory of a role, which is somebody else's: its mode
/// would be changed and secrets be put among what others may read.
pub(super) fn refuse_foreign_files(data_dir: &DataDir) -> Result<()> {
    let has_role = ROLES.iter().any(|role| data_dir.role(role).path().is_dir());
    if has_role || data_dir.signature_key().exists() || data_dir.master_secret().exists() {
        return Ok(());
    }
    let Ok(mut entries) = data_dir.path().read_dir() else { return Ok(()) };
    // What a file system puts there itself, and what an `init` that was cut off left.
    let is_foreign = |name: &str| name != "lost+found" && !name.starts_with(TEMPORARY);
    let foreign = entries.find_map(|entry| {
        let name = entry.ok()?.file_name().to_string_lossy().into_owned();
        is_foreign(&name).then_some(name)
    });
    match foreign {
        Some(name) => {
            let what = format!(
                "{} is not empty and not the data directory of a server: it holds {name}",
                data_dir.path().display()
            );
            Err(Failure::new(Slug::LocalFile, what).help("name a new or an empty directory").into())
        }
        None => Ok(()),
    }
}

fn write_unless_there(data_dir: &DataDir, path: &std::path::Path, text: &str) -> Result<()> {
    match write_new(path, text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other.with_context(|| format!("{} cannot be written", data_dir.path().display())),
    }
}

/// The template with the settings that were given, so that `serve` finds them again.
fn configuration(settings: &Settings) -> String {
    let given = [
        ("#: name = \"trybuy\"", "name", &settings.name),
        ("# public_url = \"https://try.example.com\"", "public_url", &settings.public_url),
        ("# url = \"postgres://trybuy@localhost/trybuy\"", "url", &settings.database.database_url),
        ("# url = \"blobs\"", "url", &settings.blobs_url),
    ];
    given.into_iter().fold(TEMPLATE.to_owned(), |file, (comment, name, value)| match value {
        Some(value) => {
            let value = toml::Value::String(value.clone());
            file.replacen(comment, &format!("{name} = {value}"), 1)
        }
        None => file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::Database;

    #[test]
    fn settings_given_to_init_are_found_in_the_file() {
        let some = |text: &str| Some(text.to_owned());
        let settings = Settings {
            name: some("Ada's \"shop\""),
            public_url: some("https://try.example.org"),
            database: Database { database_url: some("sqlite:/x/y.db") },
            blobs_url: some("s3://bucket/prefix"),
        };
        let file: toml::Table = configuration(&settings).parse().expect("TOML");
        assert_eq!(file["server"]["name"].as_str(), Some("Ada's \"shop\""));
        assert_eq!(file["server"]["public_url"].as_str(), Some("https://try.example.org"));
        assert_eq!(file["database"]["url"].as_str(), Some("sqlite:/x/y.db"));
        assert_eq!(file["blobs"]["url"].as_str(), Some("s3://bucket/prefix"));
    }
}
