//! What a license server says of its records of decisions: gateways keep it, so that a license server that was
//! restored from a backup can be shown what it had.

use serde::{Deserialize, Serialize};

use super::signing::{CertifiedError, open_certified, sign_certified};
use crate::certificates::{Authorities, Certificate, CertificateError, LicenseIssuer, Role};
use crate::ids::{LicenseServerId, RecordMac};
use crate::instant::Instant;
use crate::limits;
use crate::signed::{Document, FORMAT, SignError, Verified};

/// How far records go. Of one license server, one mark comes after another if it is greater: records become fewer
/// only where somebody has accepted that the license server was restored from a backup.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsMark {
    /// When somebody last accepted that the license server was restored from a backup; nothing if never.
    pub accepted_at: Option<Instant>,
    /// How many records there are.
    pub records: u64,
    /// The authentication of the last one.
    pub mac: RecordMac,
}

impl RecordsMark {
    /// Where no record was written yet.
    pub const BEGIN: Self = Self { accepted_at: None, records: 0, mac: RecordMac::BEGIN };

    /// Whether the other mark comes after this one.
    pub fn precedes(&self, other: &Self) -> bool {
        (self.accepted_at, self.records) < (other.accepted_at, other.records)
    }
}

/// The payload of a license server's statement of its records: signed as the issuer of its licenses (`LI-12`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordsStatement {
    /// Version of this structure, 1.
    pub format: u32,
    /// Whose records.
    pub license_server: LicenseServerId,
    /// How far they go.
    pub mark: RecordsMark,
    /// Whether the license server was found to be restored from a backup, and nobody has accepted that: it wants to
    /// hear of every license that was presented.
    pub restored: bool,
}

impl Document for RecordsStatement {
    const TYPE: &'static str = "trybuy-license-records";
    const PAYLOAD_CAP: usize = limits::RECORDS_STATEMENT_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == FORMAT && self.mark.records <= limits::INTEGER
    }
}

impl RecordsStatement {
    /// Signs what a license server says of its records.
    ///
    /// # Errors
    /// When the library fails.
    pub fn sign(
        issuer: &LicenseIssuer,
        mark: RecordsMark,
        restored: bool,
    ) -> Result<String, SignError> {
        let license_server = issuer.id().clone();
        let statement = Self { format: FORMAT, license_server, mark, restored };
        sign_certified(issuer.key(), issuer.chain(), &statement)
    }

    /// Verifies what a license server said of its records. Answers the certificate that it is signed under, too.
    ///
    /// # Errors
    /// Why it is not a statement of that license server.
    pub fn open(
        authorities: &Authorities,
        license_server: &LicenseServerId,
        now: Instant,
        text: &str,
    ) -> Result<(Certificate, Verified<Self>), CertifiedError> {
        let (signer, statement) =
            open_certified::<Self>(authorities, Role::LicenseIssuer, now, text)?;
        let named = Some(license_server.as_str());
        let is_theirs =
            statement.license_server == *license_server && signer.subject_id().as_deref() == named;
        if is_theirs { Ok((signer, statement)) } else { Err(CertificateError::Untrusted.into()) }
    }
}
