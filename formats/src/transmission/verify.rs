//! Verification: the server's signature, and that everything belongs together (`CI-6`, `TF-3`).

use crate::builder_license::BuilderLicense;
use crate::client_storage::ClearCopy;
use crate::control::{self, ControlError, ControlInformation};
use crate::keys::LicenseSecret;
use crate::primitives::VerificationKey;
use crate::read_at::ReadAt;
use crate::signed::{SignedError, Verified};
use crate::slug::Slug;

use super::open::{Contents, Opened};

/// A file whose control information was verified. Its texts can be read; its program only after
/// [`authorize`](Self::authorize).
pub struct VerifiedFile<R> {
    pub(super) contents: Contents<R>,
    pub(super) control: Verified<ControlInformation>,
    pub(super) license: Verified<BuilderLicense>,
}

/// Why an opened file was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The server's key in the file is not the pinned one (`TF-3`).
    #[error("the file comes from another server than the one this Builder was set up with")]
    ServerKey,
    /// The control information was refused.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The Builder license is for another key than the one the file was opened with.
    #[error("the Builder license belongs to another Builder")]
    BuilderLicense,
    /// The control information names another Builder's key than the envelope.
    #[error("the control information was made for another Builder's key")]
    BuilderKey,
    /// The control information was made for another file key.
    #[error("the control information was made for another file")]
    FileKey,
    /// Layout or lengths of the sections are not those in the control information.
    #[error("the file is not laid out as its control information says")]
    Layout,
    /// The file is licensed to none of the Builder license's licensees.
    #[error("the file is licensed to somebody else")]
    Licensee,
}

impl VerifyError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::ServerKey | Self::Control(ControlError::Signed(SignedError::ForeignKey)) => {
                Slug::WrongKey
            }
            Self::Control(ControlError::Signed(SignedError::TooNew)) => Slug::FormatTooNew,
            Self::Control(ControlError::Sealed) | Self::Licensee => Slug::LicenseeMismatch,
            Self::BuilderLicense => Slug::NoBuilderLicense,
            Self::Control(_) | Self::BuilderKey | Self::FileKey | Self::Layout => Slug::FileDamaged,
        }
    }
}

/// The clear copy of the control information is not a copy of the verified one (`CS-2`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the clear copy of the control information was altered")]
pub struct ControlMismatch;

impl ControlMismatch {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        Slug::ControlMismatch
    }
}

impl<R: ReadAt> Opened<R> {
    /// Decrypts the control information with the license secret, verifies it with the server's
    /// pinned key, and checks that file, key and license belong together (`CI-6`).
    ///
    /// # Errors
    /// Why the file was refused.
    pub fn verify(
        self,
        server: &VerificationKey,
        license: &Verified<BuilderLicense>,
        secret: &LicenseSecret,
    ) -> Result<VerifiedFile<R>, VerifyError> {
        let Self { contents, control_area } = self;
        if control_area.server_key != server.spki() {
            return Err(VerifyError::ServerKey);
        }
        if license.builder_key_id != contents.recipient {
            return Err(VerifyError::BuilderLicense);
        }
        let control = control::open(&control_area.sealed, server, secret)?;
        check_belonging(&contents, &control, license)?;
        Ok(VerifiedFile { contents, control, license: license.clone() })
    }
}

/// `CI-6`.
fn check_belonging<R>(
    contents: &Contents<R>,
    control: &ControlInformation,
    license: &BuilderLicense,
) -> Result<(), VerifyError> {
    let preamble = &contents.preamble;
    let same_layout = control.layout == preamble.layout && control.sections == preamble.sections;
    let checks = [
        (control.builder_key_id == contents.recipient, VerifyError::BuilderKey),
        (control.file_key_commitment == contents.commitment, VerifyError::FileKey),
        (same_layout, VerifyError::Layout),
        (license.licensee_ids.contains(&control.licensee_id), VerifyError::Licensee),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
}

impl<R> VerifiedFile<R> {
    /// The verified control information.
    pub fn control(&self) -> &Verified<ControlInformation> {
        &self.control
    }

    /// Compares the clear copy in front of a stored file with the verified control information;
    /// to be done before every launch (`CS-2`).
    ///
    /// # Errors
    /// When they differ in any byte.
    pub fn compare_clear_copy(&self, clear: &ClearCopy) -> Result<(), ControlMismatch> {
        clear.is_copy_of(&self.control).then_some(()).ok_or(ControlMismatch)
    }
}
