//! Newtypes for every id, name and digest, parsed at the edge (`ID-1` to `ID-4`, `CV-5`).

#[macro_use]
mod newtypes;
pub(crate) mod email;
mod licensing;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::encoding::from_hex32;

pub use self::licensing::{
    ChallengeId, ClearinghouseId, ClientId, ClientSoftwareId, Currency, Description, ImageVendorId,
    LicenseServerId, Locale, MarkMac, OrderId, PackId, PaymentReference, PlatformType, ProductId,
    RecordMac, SeatLicenseId,
};

/// A text that is not what its type asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// Not an application id (`ID-1`).
    #[error(
        "not an application id: reverse DNS such as com.example.sketch, lower case, 3 to 128 characters"
    )]
    Application,
    /// Not a release (`ID-2`).
    #[error("not a semantic version such as 1.4.0, at most 64 characters")]
    Version,
    /// Not a platform (`ID-3`).
    #[error("not a platform such as x86_64-linux")]
    Platform,
    /// Not a UUID (`ID-4`).
    #[error("not a UUID in lower-case hyphenated form")]
    Uuid,
    /// Not a SHA-256 digest (`CV-5`).
    #[error("not 64 lower-case hexadecimal digits")]
    Digest,
    /// Not a name of a person or an application.
    #[error("not a name: 1 to 100 characters, no control characters, no space at either end")]
    Name,
    /// Not a label.
    #[error("not a name such as education: 1 to 63 lower-case letters, digits and dashes")]
    Label,
    /// Not a note.
    #[error("not a note: 1 to 200 characters, no control characters, no space at either end")]
    Note,
    /// Not an e-mail address.
    #[error("not an e-mail address such as ada@example.com, at most 254 characters")]
    Email,
    /// What stands before the `@` of an e-mail address.
    #[error(
        "not an e-mail address: before the `@` stand letters, digits and !#$%&'*+-/=?^_`{{|}}~, joined by \
        single dots"
    )]
    EmailLocalPart,
    /// What stands behind the `@` of an e-mail address.
    #[error(
        "not an e-mail address: behind the `@` stands a domain such as example.com, without a dot at its \
        end"
    )]
    EmailDomain,
    /// Not a platform type (SL Table 2).
    #[error("not a platform type: windows, non-windows, legacy or direct-connect")]
    PlatformType,
    /// Not a locale.
    #[error("not a locale such as en or pt-BR")]
    Locale,
    /// Not a description.
    #[error(
        "not a description: 1 to 1000 characters, no control characters, no space at either end"
    )]
    Description,
    /// Not a currency.
    #[error("not a currency such as EUR: three upper-case letters")]
    Currency,
    /// Not the id of a seat license.
    #[error("not a license id: the id of a pack, a point and a serial number")]
    SeatLicense,
    /// Not a client software id (SL Fig. 7).
    #[error("not a client software id: 16 lower-case hexadecimal digits")]
    ClientSoftware,
    /// Not the number of a client image vendor.
    #[error("not the number of a client image vendor: 1 to 16777215")]
    ImageVendor,
}

text_newtype! {
    /// Application id 183: reverse DNS, unique on a server (`ID-1`).
    ApplicationId, |text| holds(is_application_id(text), InvalidId::Application)
}
text_newtype! {
    /// The machine a program is made for, for example `x86_64-linux` (`ID-3`).
    Platform, |text| holds(is_platform(text), InvalidId::Platform)
}
text_newtype! {
    /// The name of a person or an application, for people: 1 to 100 characters.
    Name, |text| holds(is_name(text), InvalidId::Name)
}
text_newtype! {
    /// What a vendor calls a class of licensees or a profile: 1 to 63 lower-case letters, digits and
    /// dashes.
    Label, |text| holds(is_label(text), InvalidId::Label)
}
text_newtype! {
    /// A vendor's words on something, for the vendor alone: 1 to 200 characters.
    Note, |text| holds(is_note(text), InvalidId::Note)
}
text_newtype! {
    /// An e-mail address as it was typed, checked for its form only: a dot-atom, `@` and a domain, at most
    /// 254 bytes (`ID-5`).
    Email, email::check
}

impl Platform {
    /// The platform this code was built for.
    pub fn current() -> Self {
        Self(format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS))
    }
}

fn holds(it_does: bool, otherwise: InvalidId) -> Result<(), InvalidId> {
    if it_does { Ok(()) } else { Err(otherwise) }
}

fn is_application_id(text: &str) -> bool {
    (3..=128).contains(&text.len()) && text.contains('.') && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_platform(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    (3..=32).contains(&text.len())
        && text.split_once('-').is_some_and(|(arch, system)| word(arch) && word(system))
}

fn is_name(text: &str) -> bool {
    is_line_of_at_most(100, text)
}

fn is_note(text: &str) -> bool {
    is_line_of_at_most(200, text)
}

fn is_line_of_at_most(characters: usize, text: &str) -> bool {
    text.trim() == text
        && (1..=characters).contains(&text.chars().count())
        && !text.contains(is_line_break_or_control)
}

/// What would end a line or change how a terminal shows it: control characters, the separators of lines
/// and paragraphs, and the controls of the direction of writing, which reorder what stands around them.
pub fn is_line_break_or_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The version of a release: a semantic version (`ID-2`), ordered as such and then by its build metadata.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(semver::Version);

impl FromStr for Version {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        (text.len() <= 64)
            .then(|| semver::Version::parse(text).ok())
            .flatten()
            .map(Self)
            .ok_or(InvalidId::Version)
    }
}

impl Version {
    /// Whether this release comes before another in the order of semantic versions, in which build
    /// metadata does not count (semver.org 2.0.0, section 11).
    pub fn precedes(&self, other: &Self) -> bool {
        self.0.cmp_precedence(&other.0).is_lt()
    }
}

text_form!(Version);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

uuid_newtype! {
    /// A change of a policy.
    PolicyChangeId
}
uuid_newtype! {
    /// Licensee id 103, 184: to whom something is licensed.
    LicenseeId
}

impl LicenseeId {
    /// A new one that does not tell when it was made (UUID version 4): who registers with the address
    /// of somebody else could otherwise read from it whether that one had registered before.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

uuid_newtype! {
    /// The id of a Builder license; it stays the same when the license is renewed.
    LicenseId
}
uuid_newtype! {
    /// One trial of one application by one licensee.
    TrialId
}
uuid_newtype! {
    /// One stored release: application, version and platform.
    ReleaseId
}
uuid_newtype! {
    /// A webhook of a vendor.
    WebhookId
}
uuid_newtype! {
    /// One event for one webhook; the same at every attempt to deliver it.
    DeliveryId
}

digest_newtype! {
    /// SHA-256 of a public key's SubjectPublicKeyInfo (`CV-6`).
    KeyId
}
digest_newtype! {
    /// SHA-256 of a text or a program.
    Digest
}
digest_newtype! {
    /// The commitment to a file key (`EN-6`).
    FileKeyCommitment
}
digest_newtype! {
    /// What a server knows an e-mail address by, once the address itself is deleted.
    EmailKey
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn application_ids_are_reverse_dns() {
        for good in ["a.b", "com.example.sketch", "org.x-y.z9"] {
            assert!(good.parse::<ApplicationId>().is_ok(), "{good}");
        }
        let long = format!("a.{}", "b".repeat(64));
        for bad in
            ["", "a", "a.", ".a", "a..b", "A.b", "a.-b", "a.b-", "a/b.c", "a.b\n", "../a.b", &long]
        {
            assert_eq!(bad.parse::<ApplicationId>(), Err(InvalidId::Application), "{bad}");
        }
    }

    #[test]
    fn platforms_have_two_words() {
        assert!(Platform::current().as_str().parse::<Platform>().is_ok());
        for bad in ["", "x86_64", "x86_64-", "-linux", "x-y-z", "X86-linux", "x86 64-linux"] {
            assert_eq!(bad.parse::<Platform>(), Err(InvalidId::Platform), "{bad}");
        }
    }

    #[test]
    fn names_and_notes_are_checked() {
        for bad in ["", " Ada", "Ada ", "A\u{1b}[31m", "a\nb"] {
            assert_eq!(bad.parse::<Name>(), Err(InvalidId::Name), "{bad:?}");
        }
        for good in ["Ada Lovelace", "עדה", "a\u{200d}b"] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        assert!("n".repeat(200).parse::<Note>().is_ok());
        for bad in ["", "two\nlines", &"n".repeat(201)] {
            assert_eq!(bad.parse::<Note>(), Err(InvalidId::Note), "{bad:?}");
        }
    }

    #[test]
    fn no_name_or_note_breaks_a_line_or_turns_the_text_around_it() {
        for steers in ('\u{2028}'..='\u{202e}').chain('\u{2066}'..='\u{2069}') {
            let text = format!("a{steers}b");
            assert_eq!(text.parse::<Name>(), Err(InvalidId::Name), "{text:?}");
            assert_eq!(text.parse::<Note>(), Err(InvalidId::Note), "{text:?}");
        }
    }

    #[test]
    fn uuids_and_digests_have_one_spelling() {
        let id = TrialId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<TrialId>().is_err());
        assert!(id.to_string().replace('-', "").parse::<TrialId>().is_err());
        let digest = Digest::from_bytes([0xab; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!(digest.to_string().to_uppercase().parse::<Digest>().is_err());
    }
}
