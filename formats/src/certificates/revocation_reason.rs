//! Why a certificate is on a revocation list (RFC 5280, section 5.3.1; `CT-10`).

use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::CrlReason;

use super::extensions::{decode, extension};
use super::{CertificateError, IssueError};

const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

/// Why a certificate is good no more, in the words of RFC 5280: the reasons that a license server has, and no other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RevocationReason {
    /// Another certificate took its place: its license was upgraded, or the same license was signed anew.
    Superseded,
    /// The license was taken back.
    PrivilegeWithdrawn,
}

impl RevocationReason {
    const ALL: [Self; 2] = [Self::Superseded, Self::PrivilegeWithdrawn];

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    fn code(self) -> CrlReason {
        match self {
            Self::Superseded => CrlReason::Superseded,
            Self::PrivilegeWithdrawn => CrlReason::PrivilegeWithdrawn,
        }
    }

    /// The reason among the extensions of an entry, if it has one.
    pub(super) fn of_entry(extensions: &[Extension]) -> Result<Option<Self>, CertificateError> {
        let found = extensions.iter().find(|extension| extension.extn_id == REASON_CODE);
        let Some(found) = found else { return Ok(None) };
        let code: CrlReason = decode(found.extn_value.as_bytes())?;
        let known = Self::ALL.into_iter().find(|reason| reason.code() == code);
        known.map(Some).ok_or(CertificateError::Profile)
    }

    /// The extension of an entry that says so.
    pub(super) fn extension(self) -> Result<Extension, IssueError> {
        extension(REASON_CODE, false, &self.code())
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is no reason for a revocation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a known reason for a revocation")]
pub struct UnknownReason;

impl FromStr for RevocationReason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        let known = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        known.ok_or(UnknownReason)
    }
}
