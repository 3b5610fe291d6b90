//! Spans of time in the configuration, written `90d`, `30s`.

use std::time::Duration;

use serde::{Deserialize as _, Deserializer, de::Error as _};
use trybuy_formats::instant::Span;

/// Serde adapter for a [`Span`].
pub(crate) fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// Serde adapter for a [`Duration`].
pub(crate) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    span(from).map(|span| Duration::from_secs(span.as_seconds()))
}
