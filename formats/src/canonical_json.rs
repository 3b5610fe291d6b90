//! JSON documents of one encoding (`CV-2`, `CV-11`).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::limits;
use crate::signed::FORMAT;

/// Why bytes are not a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotCanonical {
    /// They are one of another version.
    TooNew(u32),
    /// They are none, or not as a writer would write it.
    Malformed,
}

/// Reads a document that has a member `format`, and refuses every spelling but a writer's own.
pub(crate) fn parse<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, NotCanonical> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u64,
    }
    match serde_json::from_slice::<Versioned>(bytes) {
        Ok(Versioned { format }) if format == u64::from(FORMAT) => {}
        Ok(Versioned { format }) if format <= limits::INTEGER => {
            return Err(NotCanonical::TooNew(u32::try_from(format).unwrap_or(u32::MAX)));
        }
        _ => return Err(NotCanonical::Malformed),
    }
    parse_unversioned(bytes).ok_or(NotCanonical::Malformed)
}

/// Reads a document without that member; none where a writer would have spelled it otherwise.
pub(crate) fn parse_unversioned<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let document: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&document).ok()?;
    (written == bytes).then_some(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        format: u32,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        number: Option<u64>,
    }

    #[test]
    fn only_one_spelling_is_read() {
        let written = r#"{"format":1,"text":"\u0001\b\t\n\f\r\"\\/é","number":7}"#;
        assert!(parse::<Line>(written.as_bytes()).is_ok());
        for other in [
            r#"{"format": 1,"text":""}"#,
            r#"{"text":"","format":1}"#,
            r#"{"format":1,"text":"\/"}"#,
            r#"{"format":1,"text":"\u00e9"}"#,
            r#"{"format":1,"text":"\u000a"}"#,
            r#"{"format":1,"text":"\u001F"}"#,
            r#"{"format":1,"text":"","number":null}"#,
            r#"{"format":1,"text":"","number":7.0}"#,
            r#"{"format":1.0,"text":""}"#,
            r#"{"format":-1,"text":""}"#,
            r#"{"format":1,"text":""}{}"#,
            "\u{feff}{\"format\":1,\"text\":\"\"}",
        ] {
            assert_eq!(parse::<Line>(other.as_bytes()), Err(NotCanonical::Malformed), "{other}");
        }
    }

    #[test]
    fn another_version_is_named_whatever_else_it_holds() {
        for (format, named) in [("0", 0), ("2", 2), ("9007199254740991", u32::MAX)] {
            let json = format!(r#"{{ "new": [], "format": {format} }}"#);
            assert_eq!(parse::<Line>(json.as_bytes()), Err(NotCanonical::TooNew(named)));
        }
        let beyond = br#"{"format":9007199254740992}"#;
        assert_eq!(parse::<Line>(beyond), Err(NotCanonical::Malformed));
    }
}
