//! The classes of refusal (`VE-4`), by the errors of this crate.

use trybuy_formats::certificates::CertificateError;
use trybuy_formats::client_storage::StoredError;
use trybuy_formats::control::ControlError;
use trybuy_formats::envelope::header::HeaderError;
use trybuy_formats::licensing::identity::IdentityError;
use trybuy_formats::licensing::pack::PackError;
use trybuy_formats::licensing::signing::CertifiedError;
use trybuy_formats::request_signature::RequestSignatureError;
use trybuy_formats::sealed_state::StateError;
use trybuy_formats::server_format::{InvalidSection, ReleaseError};
use trybuy_formats::signed::SignedError;
use trybuy_formats::slug::Slug;
use trybuy_formats::transmission::{ControlMismatch, OpenError, ReadError, VerifyError};

const TOO_NEW: &str = "format-too-new";
const WRONG_KEY: &str = "wrong-key";
const DAMAGED: &str = "file-damaged";
const LICENSEE: &str = "licensee-mismatch";
const CONTROL: &str = "control-mismatch";
const MALFORMED: &str = "malformed";
/// An error that no vector should meet.
const UNEXPECTED: &str = "an unexpected error";

/// A refusal by its class.
pub(crate) struct Refused(&'static str);

impl Refused {
    pub(crate) const WRONG_KEY: Self = Self(WRONG_KEY);
    pub(crate) const DAMAGED: Self = Self(DAMAGED);
    pub(crate) const MALFORMED: Self = Self(MALFORMED);
    pub(crate) const CLOCK_SKEW: Self = Self("clock-skew");

    pub(crate) fn class(&self) -> &'static str {
        self.0
    }

    /// A refusal of a file, which the Builder's user sees under its slug (`VE-4`).
    fn shown(class: &'static str, slug: Slug) -> Self {
        let expected = match class {
            TOO_NEW => Slug::FormatTooNew,
            WRONG_KEY => Slug::WrongKey,
            LICENSEE => Slug::LicenseeMismatch,
            _ => Slug::FileDamaged,
        };
        assert_eq!(slug, expected, "{class} is shown otherwise");
        Self(class)
    }
}

fn header_class(error: &HeaderError) -> &'static str {
    match error {
        HeaderError::Version(_) | HeaderError::Algorithm(_) | HeaderError::Recipient(_) => TOO_NEW,
        HeaderError::ForeignKey(_) => WRONG_KEY,
        HeaderError::Truncated | HeaderError::Damaged => DAMAGED,
        HeaderError::Magic | HeaderError::Malformed => MALFORMED,
        _ => UNEXPECTED,
    }
}

fn signed_class(error: SignedError) -> &'static str {
    match error {
        SignedError::TooNew => TOO_NEW,
        SignedError::ForeignKey => WRONG_KEY,
        SignedError::Signature => DAMAGED,
        SignedError::Malformed => MALFORMED,
        _ => UNEXPECTED,
    }
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        let class = match &error {
            OpenError::Header(error) => header_class(error),
            OpenError::Truncated { .. } | OpenError::Longer { .. } | OpenError::ControlArea => {
                DAMAGED
            }
            OpenError::Malformed => MALFORMED,
            _ => UNEXPECTED,
        };
        Self::shown(class, error.slug())
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        let class = match &error {
            VerifyError::ServerKey => WRONG_KEY,
            VerifyError::Control(ControlError::Signed(error)) => signed_class(*error),
            VerifyError::Control(ControlError::Sealed) | VerifyError::Licensee => LICENSEE,
            VerifyError::BuilderKey | VerifyError::FileKey | VerifyError::Layout => CONTROL,
            _ => UNEXPECTED,
        };
        Self::shown(class, error.slug())
    }
}

impl From<ReadError> for Refused {
    fn from(error: ReadError) -> Self {
        let class = match &error {
            ReadError::Damaged => DAMAGED,
            ReadError::Digest(_) | ReadError::Program(InvalidSection::Size) => CONTROL,
            ReadError::NotText(_) | ReadError::Program(_) => MALFORMED,
            _ => UNEXPECTED,
        };
        Self::shown(class, error.slug())
    }
}

impl From<StoredError> for Refused {
    fn from(error: StoredError) -> Self {
        let class = match &error {
            StoredError::TooNew(_) => TOO_NEW,
            StoredError::Truncated => DAMAGED,
            StoredError::Magic | StoredError::Damaged => MALFORMED,
            _ => UNEXPECTED,
        };
        Self::shown(class, error.slug())
    }
}

impl From<ControlMismatch> for Refused {
    fn from(error: ControlMismatch) -> Self {
        assert_eq!(error.slug(), Slug::ControlMismatch);
        Self(CONTROL)
    }
}

impl From<SignedError> for Refused {
    fn from(error: SignedError) -> Self {
        Self(signed_class(error))
    }
}

impl From<ReleaseError> for Refused {
    fn from(error: ReleaseError) -> Self {
        Self(match error {
            ReleaseError::TooNew(_) => TOO_NEW,
            ReleaseError::Truncated { .. }
            | ReleaseError::Longer { .. }
            | ReleaseError::Digest(_) => DAMAGED,
            ReleaseError::Magic
            | ReleaseError::Damaged
            | ReleaseError::Manifest
            | ReleaseError::Value(_)
            | ReleaseError::NotText(_)
            | ReleaseError::Program(_) => MALFORMED,
            _ => UNEXPECTED,
        })
    }
}

impl From<StateError> for Refused {
    fn from(error: StateError) -> Self {
        Self(match error {
            StateError::TooNew => TOO_NEW,
            StateError::Tampered => DAMAGED,
            StateError::Malformed => MALFORMED,
            _ => UNEXPECTED,
        })
    }
}

impl From<RequestSignatureError> for Refused {
    fn from(error: RequestSignatureError) -> Self {
        Self(match error {
            RequestSignatureError::Malformed => MALFORMED,
            RequestSignatureError::Digest | RequestSignatureError::Signature => DAMAGED,
            _ => UNEXPECTED,
        })
    }
}

impl From<CertificateError> for Refused {
    fn from(error: CertificateError) -> Self {
        Self(match error {
            CertificateError::Malformed => MALFORMED,
            CertificateError::Chain => "chain",
            CertificateError::Untrusted => "untrusted",
            CertificateError::Signature => "signature",
            CertificateError::Algorithm => "algorithm",
            CertificateError::NotYetValid => "not-yet-valid",
            CertificateError::Ended => "ended",
            CertificateError::Role => "role",
            CertificateError::Key => "key",
            CertificateError::Profile => "profile",
            CertificateError::LicenseFields => "license-fields",
            _ => UNEXPECTED,
        })
    }
}

impl From<CertifiedError> for Refused {
    fn from(error: CertifiedError) -> Self {
        match error {
            CertifiedError::Document(error) => error.into(),
            CertifiedError::Certificate(error) => error.into(),
            _ => Self(UNEXPECTED),
        }
    }
}

impl From<IdentityError> for Refused {
    fn from(error: IdentityError) -> Self {
        Self(match error {
            IdentityError::Malformed => MALFORMED,
            IdentityError::UnknownKey => WRONG_KEY,
            IdentityError::Signature => DAMAGED,
            IdentityError::Ended => "ended",
            _ => UNEXPECTED,
        })
    }
}

impl From<PackError> for Refused {
    fn from(error: PackError) -> Self {
        Self(match error {
            PackError::ForeignKey => WRONG_KEY,
            PackError::Tampered => DAMAGED,
            PackError::TooNew => TOO_NEW,
            PackError::Malformed => MALFORMED,
            _ => UNEXPECTED,
        })
    }
}
