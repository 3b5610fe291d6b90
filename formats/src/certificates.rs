//! The certificates of the licensing system: X.509 (RFC 5280) in one strict profile.
//! Specification: `docs/formats/certificates.md`.
//!
//! "The organization registers itself with an independent certifying authority that is trusted by both the
//! organization and the clearinghouse" (SL, Fig. 3). Every certificate has one role, which its critical
//! extended key usage names; [`Authorities`] is the one place that decides whether one is good for a role.
//! So a license never signs, and what signs packs never issues licenses.

mod authority;
mod certificate;
mod chain;
mod encode;
mod extensions;
mod issuer;
mod license;
mod names;
mod private_key;
mod profile;
mod request;
mod revocation;
mod revocation_reason;
mod tls_server;
mod verify;

pub use self::authority::DevelopmentAuthority;
pub use self::certificate::{Certificate, Serial};
pub use self::chain::CertificateChain;
pub use self::issuer::LicenseIssuer;
pub use self::license::VerifiedLicense;
pub use self::private_key::private_key_pem;
pub use self::profile::Role;
pub use self::request::CertificateRequest;
pub use self::revocation::{RevocationList, Revoked, revocation_list_pem};
pub use self::revocation_reason::{RevocationReason, UnknownReason};
pub use self::tls_server::self_signed;
pub use self::verify::Authorities;

use crate::primitives::PrimitiveError;

/// Why a certificate, a chain, a request or a revocation list was refused. The cases are those of the
/// negative vectors.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// It is not one, or not in its one encoding, or longer than its cap (`CT-1`).
    #[error("not a certificate in its one encoding")]
    Malformed,
    /// The chain is empty, too long, or not in order (`CT-2`).
    #[error("not a chain of certificates, each issued by the next one")]
    Chain,
    /// No certificate of the chain is issued by a trusted certifying authority (`CT-3`).
    #[error("not issued under the certifying authority")]
    Untrusted,
    /// A signature does not fit (`CT-4`).
    #[error("a signature in the chain of certificates is not valid")]
    Signature,
    /// It is signed in a way that is not accepted (`CT-4`).
    #[error("signed with an algorithm that is not accepted")]
    Algorithm,
    /// A certificate of the chain is not valid yet (`CT-5`).
    #[error("not valid yet")]
    NotYetValid,
    /// A certificate of the chain is not valid any more (`CT-5`).
    #[error("not valid any more")]
    Ended,
    /// It is for another role (`CT-6`).
    #[error("made for another use")]
    Role,
    /// Its key is not of the kind of its role (`CT-7`).
    #[error("its key is not of the kind that its use needs")]
    Key,
    /// It is not for the key that it was put together with.
    #[error("made for another key")]
    OtherKey,
    /// Something in it is not of the profile: a serial number, a name, an extension (`CT-8`).
    #[error("not of the profile of trybuy's certificates")]
    Profile,
    /// The fields of the license are missing, not readable, or not those of the certificate (`CT-9`).
    #[error("its license fields are missing or do not fit the certificate")]
    LicenseFields,
}

/// Why a certificate, a request or a revocation list could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The caller's values are out of their ranges, or not for this issuer.
    #[error("what is to be issued is not of the profile")]
    Invalid,
    /// The library failed.
    #[error("the signature could not be made")]
    Signature(#[source] PrimitiveError),
}

#[cfg(test)]
mod tests;
