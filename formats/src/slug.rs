//! The stable names of every refusal and failure, the same on the wire, in `error[slug]` and in JSON.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Declares the enum, its spelling and the list of all, so that they cannot drift apart.
macro_rules! slugs {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable name of a refusal or failure.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[non_exhaustive]
        pub enum Slug {
            $($(#[$doc])* $name,)*
        }

        impl Slug {
            /// Every slug there is.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its spelling.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

slugs! {
    /// The trial is over (hard expiration).
    TrialExpired = "trial-expired",
    /// The trial and its grace are over (soft expiration).
    GraceEnded = "grace-ended",
    /// The file is licensed to somebody else.
    LicenseeMismatch = "licensee-mismatch",
    /// The clear copy of the control information differs from the signed one.
    ControlMismatch = "control-mismatch",
    /// The file is not as the server sent it.
    FileDamaged = "file-damaged",
    /// The file is encrypted for another Builder, or signed by another server.
    WrongKey = "wrong-key",
    /// The clock is earlier than a time that has already been seen.
    ClockSetBack = "clock-set-back",
    /// The Builder license is over.
    BuilderLicenseExpired = "builder-license-expired",
    /// The application asks for a newer Builder.
    BuilderTooOld = "builder-too-old",
    /// A limit beside the date has been reached.
    LimitReached = "limit-reached",
    /// There is no such application in the Builder's library.
    NotInstalled = "not-installed",
    /// Access condition C: the licensing terms have not been accepted.
    TermsNotAccepted = "terms-not-accepted",
    /// Access condition A: there is no valid Builder license.
    NoBuilderLicense = "no-builder-license",
    /// Access condition B: the Builder's public key is missing or unusable.
    NoBuilderKey = "no-builder-key",
    /// The vendor or the operator does not serve this licensee.
    LicenseeBlocked = "licensee-blocked",
    /// The server asks for a verified e-mail address.
    EmailNotVerified = "email-not-verified",
    /// The purchase key is unknown, used, revoked, or of something else.
    KeyRefused = "key-refused",
    /// The licensee has had all trials of the application.
    TrialLimitReached = "trial-limit-reached",
    /// The application is not offered for this platform.
    PlatformUnsupported = "platform-unsupported",
    /// The server does not answer.
    ServerUnreachable = "server-unreachable",
    /// The server shows another key than the one that was pinned.
    ServerKeyChanged = "server-key-changed",
    /// The system does not allow programs to run from memory.
    MemoryExecutionForbidden = "memory-execution-forbidden",
    /// The file was written by a newer release of trybuy.
    FormatTooNew = "format-too-new",
    /// The program cannot be executed on this machine.
    CannotExecute = "cannot-execute",
    /// The file or the head is older than one that was already accepted.
    HeadTooOld = "head-too-old",
    /// A sealed state of the Builder is missing, foreign or edited.
    StateDamaged = "state-damaged",
    /// There is not enough room on the disk.
    DiskFull = "disk-full",
    /// A local file cannot be read or written.
    LocalFile = "local-file",
    /// Another trybuy is working on the same thing.
    Busy = "busy",
    /// The Builder has not been set up.
    NotSetUp = "not-set-up",
    /// The Builder has been set up already.
    AlreadySetUp = "already-set-up",
    /// A response file answers another request.
    OtherRequest = "other-request",
    /// The command line is wrong.
    Usage = "usage",
    /// The request is not one the server understands.
    BadRequest = "bad-request",
    /// There is no such thing on the server.
    NotFound = "not-found",
    /// There is no valid token, or no valid signature.
    Unauthorized = "unauthorized",
    /// The token is valid, but not for this.
    Forbidden = "forbidden",
    /// The signature's time is too far from the server's.
    ClockSkew = "clock-skew",
    /// Too many requests.
    RateLimited = "rate-limited",
    /// The request or the upload is too large.
    TooLarge = "too-large",
    /// The release has been published before, with other content.
    ReleaseExists = "release-exists",
    /// A policy or a profile was changed by somebody else meanwhile.
    PolicyChanged = "policy-changed",
    /// The manifest of an application is wrong.
    InvalidManifest = "invalid-manifest",
    /// What was uploaded is not a release in the server format.
    InvalidRelease = "invalid-release",
    /// A certificate is not one of the certifying authority for this role, or not valid now.
    CertificateRefused = "certificate-refused",
    /// A purchase request was refused.
    OrderRefused = "order-refused",
    /// The fee of an order has not been paid.
    FeeDue = "fee-due",
    /// A license pack is not authentic, or not for this license server.
    PackRefused = "pack-refused",
    /// A license pack has been installed before.
    PackInstalled = "pack-installed",
    /// There is no valid license for the service behind a gateway.
    LicenseRequired = "license-required",
    /// A seat license is forged, of another authority, or damaged.
    LicenseInvalid = "license-invalid",
    /// A seat license is for another client, product or platform type.
    LicenseForeign = "license-foreign",
    /// A seat license has ended.
    LicenseExpired = "license-expired",
    /// A seat license cannot be used yet.
    LicenseNotActive = "license-not-active",
    /// A seat license was revoked.
    LicenseRevoked = "license-revoked",
    /// A newer certificate took the place of a seat license's.
    LicenseSuperseded = "license-superseded",
    /// A seat license is for an older version than the service needs.
    LicenseTooOld = "license-too-old",
    /// The temporary license of a client has ended, and there is no free license.
    NoFreeLicense = "no-free-license",
    /// A license server does not know the client's software.
    ClientImageUnknown = "client-image-unknown",
    /// A client image is not the one its vendor signed.
    ClientImageRefused = "client-image-refused",
    /// The response to a platform challenge is wrong, late or repeated.
    ChallengeFailed = "challenge-failed",
    /// The license server does not answer.
    LicenseServerUnreachable = "license-server-unreachable",
    /// The license server was restored from a backup and does not know what it granted since.
    LicenseServerRestored = "license-server-restored",
    /// The license server does not know the gateway.
    GatewayNotRegistered = "gateway-not-registered",
    /// The service behind a gateway does not answer.
    ServiceUnreachable = "service-unreachable",
    /// The server failed.
    ServerError = "server-error",
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is no slug.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a known slug")]
pub struct UnknownSlug;

impl FromStr for Slug {
    type Err = UnknownSlug;

    fn from_str(text: &str) -> Result<Self, UnknownSlug> {
        let known = Self::ALL.iter().copied().find(|slug| slug.as_str() == text);
        known.ok_or(UnknownSlug)
    }
}

impl TryFrom<String> for Slug {
    type Error = UnknownSlug;

    fn try_from(text: String) -> Result<Self, UnknownSlug> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.as_str().to_owned()
    }
}
