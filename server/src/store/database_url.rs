//! Where the database is.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use url::Url;

use super::StoreError;

/// The address of a database: a file of SQLite or a `postgres://` URL.
///
/// `Debug` and `Display` leave out the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Kind);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Sqlite(PathBuf),
    Postgres(Url),
}

/// The name of the SQLite file in a data directory.
const FILE_NAME: &str = "trybuy.sqlite3";

impl DatabaseUrl {
    /// The default: SQLite in a file of the data directory, made by the first connection.
    pub fn in_directory(directory: &Path) -> Self {
        Self(Kind::Sqlite(directory.join(FILE_NAME)))
    }

    /// Whether it is a file that is not there, or is empty: what was written may be in the log
    /// beside it (`-wal`) until SQLite brings it in.
    pub fn is_missing_file(&self) -> bool {
        let Kind::Sqlite(path) = &self.0 else { return false };
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        let has_content = |path: &Path| path.metadata().is_ok_and(|file| file.len() > 0);
        !has_content(path) && !has_content(Path::new(&log))
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.0
    }

    /// The URL that sqlx connects to.
    pub(super) fn connection_url(&self) -> Result<String, StoreError> {
        match &self.0 {
            Kind::Postgres(url) => Ok(url.to_string()),
            Kind::Sqlite(path) => {
                let path = path
                    .to_str()
                    .filter(|text| !text.is_empty())
                    .ok_or(StoreError::InvalidUrl { reason: "the path is not UTF-8" })?;
                Ok(format!("sqlite:{}?mode=rwc", percent_encoded(path)))
            }
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = StoreError;

    /// Reads `postgres://…`, `postgresql://…`, `sqlite:PATH` or `sqlite://PATH`.
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if let Some(path) = text.strip_prefix("sqlite://").or(text.strip_prefix("sqlite:")) {
            return if path.is_empty() || path == ":memory:" {
                Err(StoreError::InvalidUrl { reason: "SQLite needs the path of a file" })
            } else {
                Ok(Self(Kind::Sqlite(PathBuf::from(path))))
            };
        }
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
                Ok(Self(Kind::Postgres(url)))
            }
            _ => Err(StoreError::InvalidUrl { reason: "it begins with postgres:// or sqlite://" }),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Kind::Postgres(url) => {
                let host = url.host_str().unwrap_or_default();
                write!(f, "postgres://{host}{}", url.path())
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The path with every byte that could mean something in a URL as `%XX`.
fn percent_encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String does not fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_by_their_scheme() {
        for good in ["postgres://u:p@h/d", "postgresql://h/d", "sqlite:a.db", "sqlite:///var/a.db"]
        {
            assert!(good.parse::<DatabaseUrl>().is_ok(), "{good}");
        }
        for bad in ["", "mysql://h/d", "a.db", "sqlite:", "sqlite://", "sqlite::memory:"] {
            assert!(bad.parse::<DatabaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let url: DatabaseUrl =
            "postgres://ada:secret@db.example/trybuy?x=secret".parse().expect("a URL");
        assert_eq!(format!("{url} {url:?}").matches("secret").count(), 0);
    }

    #[test]
    fn a_path_with_signs_of_a_url_is_encoded() {
        let url = DatabaseUrl::in_directory(Path::new("/a b/50%?#"));
        let encoded = url.connection_url().expect("UTF-8");
        assert_eq!(encoded, "sqlite:/a%20b/50%25%3F%23/trybuy.sqlite3?mode=rwc");
    }
}
