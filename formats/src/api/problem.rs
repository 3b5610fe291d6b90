//! Errors on the wire: problem documents (RFC 9457).

use serde::{Deserialize, Serialize};

use crate::instant::Instant;
use crate::slug::Slug;

/// A problem document, sent as `application/problem+json`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// The stable name; on the wire the relative reference `/problems/SLUG`.
    #[serde(rename = "type", with = "slug_reference")]
    pub slug: Slug,
    /// The HTTP status code.
    pub status: u16,
    /// What happened, a sentence for people.
    pub title: String,
    /// More about this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The access condition that was not met (step 310).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<AccessCondition>,
    /// The server's time, with `clock-skew` (`RQ-5`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time: Option<Instant>,
}

/// The access conditions of step 310.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AccessCondition {
    /// "ownership of a valid license for the Application Builder".
    A,
    /// "receipt of the user's Application Builder public encryption key".
    B,
    /// "explicit user acceptance of the licensing terms".
    C,
}

/// Serde adapter: a slug as the reference `/problems/SLUG`.
mod slug_reference {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::slug::Slug;

    const PREFIX: &str = "/problems/";

    pub(super) fn serialize<S: Serializer>(slug: &Slug, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{PREFIX}{slug}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Slug, D::Error> {
        let text = String::deserialize(from)?;
        let slug = text.strip_prefix(PREFIX).and_then(|name| name.parse().ok());
        slug.ok_or_else(|| D::Error::custom("not a known problem type"))
    }
}
