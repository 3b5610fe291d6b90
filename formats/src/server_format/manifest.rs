//! The manifest: what a release is, before its sections (`SF-2`).

use serde::{Deserialize, Serialize};

use crate::control::Sections;
use crate::encoding::base64_bytes;
use crate::ids::{ApplicationId, Digest, Name, Platform, Version, is_line_break_or_control};
use crate::limits;
use crate::primitives::VerificationKey;
use crate::signed::FORMAT;

/// The description of a release (`SF-2`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this structure, 1.
    pub format: u32,
    /// Application id 183.
    pub application: ApplicationId,
    /// The application's name for people.
    pub name: Name,
    /// The version of the release.
    pub version: Version,
    /// What the application does: one line of up to 200 characters.
    pub summary: String,
    /// Where to read more: an http or https address of up to 300 characters.
    pub homepage: Option<String>,
    /// Under what it is listed: up to 8 words of 1 to 40 characters.
    pub categories: Vec<String>,
    /// The platform it is made for.
    pub platform: Platform,
    /// What the program is.
    pub kind: ProgramKind,
    /// The oldest release of the Builder that may run it.
    pub minimum_builder: Option<Version>,
    /// SubjectPublicKeyInfo of the server it is published to (187).
    #[serde(with = "base64_bytes")]
    pub server_public_key: Vec<u8>,
    /// The lengths of the sections.
    pub sections: Sections,
    /// SHA-256 of the documentation.
    pub documentation_digest: Digest,
    /// SHA-256 of the licensing terms.
    pub terms_digest: Digest,
    /// SHA-256 of the relicensing terms.
    pub relicensing_digest: Digest,
    /// Length of the decoded program, in bytes.
    pub program_size: u64,
    /// SHA-256 of the decoded program.
    pub program_digest: Digest,
}

/// What a program is, and so how it is launched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProgramKind {
    /// An executable file of its platform.
    Native,
}

/// A manifest with a value out of its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidManifest {
    /// The version of the structure.
    #[error("the format of a manifest is 1")]
    Format,
    /// The summary.
    #[error("a summary is one line of up to 200 characters")]
    Summary,
    /// The homepage.
    #[error("a homepage is an http or https address of up to 300 characters")]
    Homepage,
    /// The categories.
    #[error("there are up to 8 categories, each one line of 1 to 40 characters")]
    Categories,
    /// The server's public key.
    #[error("the server's public key is not one of RSA-3072")]
    ServerPublicKey,
    /// The lengths of the sections.
    #[error(
        "documentation may have 4 MiB, terms and relicensing terms 1 MiB each, a program 64 GiB; there must be terms and a program"
    )]
    Sections,
    /// The length of the decoded program.
    #[error("a program has 1 byte to 64 GiB")]
    ProgramSize,
    /// The manifest as a whole.
    #[error("a manifest has at most 65536 bytes")]
    Length,
}

impl Manifest {
    /// Checks the ranges that the types alone do not hold.
    ///
    /// # Errors
    /// The first value that is out of its range.
    pub fn validate(&self) -> Result<(), InvalidManifest> {
        let checks = [
            (self.format == FORMAT, InvalidManifest::Format),
            (is_line(&self.summary, 0, 200), InvalidManifest::Summary),
            (self.homepage.as_deref().is_none_or(is_homepage), InvalidManifest::Homepage),
            (are_categories(&self.categories), InvalidManifest::Categories),
            (self.has_server_key(), InvalidManifest::ServerPublicKey),
            (self.sections.are_within_caps(), InvalidManifest::Sections),
            ((1..=limits::PROGRAM).contains(&self.program_size), InvalidManifest::ProgramSize),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }

    fn has_server_key(&self) -> bool {
        VerificationKey::from_spki(&self.server_public_key).is_ok()
    }
}

fn is_line(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count()) && !text.contains(is_line_break_or_control)
}

fn is_homepage(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.len() <= 300
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

fn are_categories(categories: &[String]) -> bool {
    categories.len() <= 8 && categories.iter().all(|category| is_line(category, 1, 40))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_single_lines_of_limited_length() {
        assert!(is_line("", 0, 200) && is_line(&"ü".repeat(200), 0, 200));
        assert!(!is_line("a\nb", 0, 200) && !is_line(&"a".repeat(201), 0, 200));
        assert!(!is_line("\u{1b}[2J", 0, 200) && !is_line("a\u{2028}b", 0, 200));
        assert!(are_categories(&["graphics".to_owned()]));
        assert!(!are_categories(&[String::new()]));
        assert!(!are_categories(&vec!["a".to_owned(); 9]));
    }

    #[test]
    fn a_homepage_is_a_web_address() {
        for good in ["https://example.com", "http://example.com/a?b#c"] {
            assert!(is_homepage(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "http:///a",
            "javascript:alert(1)",
            "https://a b",
            "ftp://a",
            "https://ä.example",
        ] {
            assert!(!is_homepage(bad), "{bad}");
        }
    }
}
