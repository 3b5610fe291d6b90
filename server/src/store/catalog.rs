//! Pages of the catalog (T&B Fig. 2).

use std::str::FromStr;

use trybuy_formats::ids::{ApplicationId, Name, Platform, Version};

use super::columns::Columns;
use super::{PAGE_LIMIT, Store, StoreError};

/// What a page of the catalog is to show.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogQuery {
    /// Words that all have to be in an application's id, name or summary.
    pub words: SearchWords,
    /// Only applications with a release for this platform.
    pub platform: Option<Platform>,
    /// Only applications after this one: the last one of the page before.
    pub after: Option<ApplicationId>,
    /// At most that many, up to [`PAGE_LIMIT`].
    pub limit: u32,
}

/// The words of a search: at most 8 of at most 100 characters each, in any case.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchWords(Vec<String>);

/// A search with too many or too long words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a search has at most 8 words of at most 100 characters")]
pub struct InvalidSearch;

/// One line of the catalog.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogEntry {
    /// Application id.
    pub id: ApplicationId,
    /// Its name.
    pub name: Name,
    /// One line about it.
    pub summary: String,
    /// The newest version.
    pub version: Version,
    /// The platforms of that version, in alphabetical order.
    pub platforms: Vec<Platform>,
}

/// A page of something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<T> {
    /// What is on the page, at most as much as was asked for.
    pub entries: Vec<T>,
    /// Whether something comes after it.
    pub more: bool,
}

const WORDS: usize = 8;
const WORD_LENGTH: usize = 100;

/// Unused words are `%`. An application comes with its first release, so each has one.
const PAGE: &str = "SELECT id, name, summary, newest_version, \
    (SELECT string_agg(releases.platform, ' ') FROM releases \
        WHERE releases.application = applications.id \
        AND releases.version = applications.newest_version) AS platforms \
    FROM applications \
    WHERE id > $1 \
    AND ($2 IS NULL OR EXISTS (SELECT 1 FROM releases \
        WHERE releases.application = applications.id AND releases.platform = $2)) \
    AND search_text LIKE $4 ESCAPE '!' AND search_text LIKE $5 ESCAPE '!' \
    AND search_text LIKE $6 ESCAPE '!' AND search_text LIKE $7 ESCAPE '!' \
    AND search_text LIKE $8 ESCAPE '!' AND search_text LIKE $9 ESCAPE '!' \
    AND search_text LIKE $10 ESCAPE '!' AND search_text LIKE $11 ESCAPE '!' \
    ORDER BY id LIMIT $3";

impl Store {
    /// A page of the catalog, in the order of the ids. The next one begins after its last entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn catalog_page(
        &self,
        query: &CatalogQuery,
    ) -> Result<Page<CatalogEntry>, StoreError> {
        let limit = query.limit.min(PAGE_LIMIT);
        let mut statement = sqlx::query(PAGE)
            .bind(query.after.as_ref().map_or("", ApplicationId::as_str))
            .bind(query.platform.as_ref().map(Platform::as_str))
            .bind(i64::from(limit) + 1);
        for at in 0..WORDS {
            statement = statement.bind(query.words.pattern(at));
        }
        let rows = self.fetch_all(statement).await?;
        let entries: Result<_, _> =
            rows.iter().map(|row| CatalogEntry::from_columns(Columns(row))).collect();
        Ok(Page::new(entries?, limit))
    }
}

impl<T> Page<T> {
    /// From the entries of a query for one more than the limit.
    pub(super) fn new(mut entries: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = entries.len() > limit;
        entries.truncate(limit);
        Self { entries, more }
    }
}

impl FromStr for SearchWords {
    type Err = InvalidSearch;

    fn from_str(text: &str) -> Result<Self, InvalidSearch> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let too_long = |word: &&str| word.chars().count() > WORD_LENGTH;
        if words.len() > WORDS || words.iter().any(too_long) {
            return Err(InvalidSearch);
        }
        // PostgreSQL has no texts with U+0000. No text that is searched has one either.
        let plain = |word: &&str| word.to_lowercase().replace('\0', "\u{fffd}");
        Ok(Self(words.iter().map(plain).collect()))
    }
}

impl SearchWords {
    /// The pattern of LIKE for one of the words.
    fn pattern(&self, at: usize) -> String {
        let mut pattern = String::from("%");
        if let Some(word) = self.0.get(at) {
            for character in word.chars() {
                if matches!(character, '%' | '_' | '!') {
                    pattern.push('!');
                }
                pattern.push(character);
            }
            pattern.push('%');
        }
        pattern
    }
}

impl CatalogEntry {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let platforms: String = columns.text("platforms")?;
        let platforms: Result<Vec<Platform>, _> = platforms.split(' ').map(str::parse).collect();
        let mut platforms = platforms.map_err(|_| StoreError::Corrupt { column: "platform" })?;
        platforms.sort();
        Ok(Self {
            id: columns.text("id")?,
            name: columns.text("name")?,
            summary: columns.text("summary")?,
            version: columns.text("newest_version")?,
            platforms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_matched_literally_and_in_any_case() {
        let words: SearchWords = " 50%_off!  ÄRGER ".parse().expect("two words");
        assert_eq!(words.pattern(0), "%50!%!_off!!%");
        assert_eq!(words.pattern(1), "%ärger%");
        assert_eq!(words.pattern(2), "%");
    }

    #[test]
    fn searches_have_a_cap() {
        assert_eq!("a ".repeat(9).parse::<SearchWords>(), Err(InvalidSearch));
        assert_eq!("ä".repeat(101).parse::<SearchWords>(), Err(InvalidSearch));
        assert!("ä".repeat(100).parse::<SearchWords>().is_ok());
    }
}
