//! `trybuy-server init`

use std::io::ErrorKind;

use anyhow::{Context as _, Result};
use trybuy_formats::slug::Slug;

use super::arguments::Settings;
use super::failure::Failure;
use super::open;
use crate::config::{BUILDER_TERMS, Config, TEMPLATE};
use crate::data_dir::{DataDir, write_new};
use crate::keys::ServerKeys;

/// Makes a data directory.
///
/// The configuration file comes last: as long as it is missing, an `init` that was cut off can be
/// repeated, and keeps the keys that are there.
pub(super) fn run(data_dir: &DataDir, settings: Settings) -> Result<()> {
    if data_dir.config().exists() {
        return Err(already_set_up(data_dir).into());
    }
    data_dir.create().with_context(|| format!("{} cannot be made", data_dir.path().display()))?;
    let keys = ServerKeys::create_missing(data_dir)?;
    write_unless_there(data_dir, &data_dir.builder_terms(), BUILDER_TERMS)?;
    let file = configuration(&settings);
    let config = Config::from_text(&file, data_dir, settings.into())?;
    open::runtime()?.block_on(async {
        let store = open::connect(&config).await?;
        store.migrate().await?;
        store.close().await;
        anyhow::Ok(())
    })?;
    match write_new(&data_dir.config(), file.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(already_set_up(data_dir).into());
        }
        other => other.context("the configuration cannot be written")?,
    }
    let path = data_dir.path().display();
    println!("made {path}, key id {}", keys.key_id());
    println!("next: trybuy-server --data-dir {path} token create --role vendor --name NAME");
    println!("      trybuy-server --data-dir {path} serve");
    Ok(())
}

fn already_set_up(data_dir: &DataDir) -> Failure {
    let what = format!("{} is the data directory of a server already", data_dir.path().display());
    Failure::new(Slug::AlreadySetUp, what)
        .help("start that server with `trybuy-server serve`, or name another directory")
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
