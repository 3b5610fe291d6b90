//! Between the columns of a row and the types of the program.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};
use trybuy_formats::instant::Instant;

use super::StoreError;

/// Reads the columns of one row; a value that does not fit its type is [`StoreError::Corrupt`].
#[derive(Clone, Copy)]
pub(super) struct Columns<'r>(pub(super) &'r AnyRow);

impl<'r> Columns<'r> {
    fn raw<T: Decode<'r, Any> + Type<Any>>(self, column: &'static str) -> Result<T, StoreError> {
        self.0.try_get(column).map_err(|_| StoreError::Corrupt { column })
    }

    /// A text that is parsed into its type.
    pub(super) fn text<T: FromStr>(self, column: &'static str) -> Result<T, StoreError> {
        parse(self.raw(column)?, column)
    }

    /// A text that may be missing.
    pub(super) fn optional_text<T: FromStr>(
        self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<&str> = self.raw(column)?;
        text.map(|text| parse(text, column)).transpose()
    }

    /// A value that is stored as JSON.
    pub(super) fn json<T: DeserializeOwned>(self, column: &'static str) -> Result<T, StoreError> {
        let text: &str = self.raw(column)?;
        serde_json::from_str(text).map_err(|_| StoreError::Corrupt { column })
    }

    /// A variant that is stored by its name in the formats.
    pub(super) fn word<T: DeserializeOwned>(self, column: &'static str) -> Result<T, StoreError> {
        let word: String = self.raw(column)?;
        serde_json::from_value(word.into()).map_err(|_| StoreError::Corrupt { column })
    }

    /// An instant.
    pub(super) fn instant(self, column: &'static str) -> Result<Instant, StoreError> {
        Instant::from_unix(self.raw(column)?).ok_or(StoreError::Corrupt { column })
    }

    /// An instant that may be missing.
    pub(super) fn optional_instant(
        self,
        column: &'static str,
    ) -> Result<Option<Instant>, StoreError> {
        let seconds: Option<i64> = self.raw(column)?;
        seconds
            .map(|seconds| Instant::from_unix(seconds).ok_or(StoreError::Corrupt { column }))
            .transpose()
    }

    /// A count or a size.
    pub(super) fn number<T: TryFrom<i64>>(self, column: &'static str) -> Result<T, StoreError> {
        let number: i64 = self.raw(column)?;
        T::try_from(number).map_err(|_| StoreError::Corrupt { column })
    }

    /// A number that may be missing.
    pub(super) fn optional_number<T: TryFrom<i64>>(
        self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let number: Option<i64> = self.raw(column)?;
        number
            .map(|number| T::try_from(number).map_err(|_| StoreError::Corrupt { column }))
            .transpose()
    }

    /// Bytes.
    pub(super) fn bytes(self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.raw(column)
    }

    /// Bytes that are UTF-8.
    pub(super) fn long_text(self, column: &'static str) -> Result<String, StoreError> {
        String::from_utf8(self.bytes(column)?).map_err(|_| StoreError::Corrupt { column })
    }
}

fn parse<T: FromStr>(text: &str, column: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { column })
}

/// A size or a count for a BIGINT column. All of them are capped far below its end.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A value as JSON.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("types of the formats have string keys only")
}

/// The name of a variant in the formats.
pub(super) fn word<T: Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a variant without fields is a string and not {other:?}"),
    }
}

/// An instant that may be missing.
pub(super) fn seconds(instant: Option<Instant>) -> Option<i64> {
    instant.map(Instant::unix)
}
