//! What `authority` takes.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use trybuy_formats::certificates::Role;
use trybuy_formats::ids::Name;
use trybuy_formats::instant::Span;

#[derive(Subcommand)]
pub(in crate::cli) enum AuthorityCommand {
    /// Make a certifying authority: `authority.key` and `authority.pem` in a directory.
    Init {
        /// The directory.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Its name.
        #[arg(long, value_name = "NAME")]
        name: Name,
        /// How long its certificate is valid.
        #[arg(long, value_name = "DURATION", default_value = "3650d")]
        valid_for: Span,
    },
    /// Issue a certificate for a request.
    Sign {
        /// The authority's directory.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// The request, in PEM.
        request: PathBuf,
        /// What the certificate is for.
        #[arg(long, value_enum)]
        role: CertificateRole,
        /// Whom it is for; the request has to ask for the same.
        #[arg(long)]
        id: String,
        /// How long it is valid, the authority's own end at most.
        #[arg(long, value_name = "DURATION", default_value = "730d")]
        valid_for: Span,
        /// The file for the certificate, which must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Sign a list of revoked certificates, with none in it: stock servers ask for one of each authority of a
    /// chain.
    RevocationList {
        /// The authority's directory.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// How long the list is valid.
        #[arg(long, value_name = "DURATION", default_value = "90d")]
        valid_for: Span,
        /// The file for the list, in PEM, which must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// The roles that an authority issues certificates for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CertificateRole {
    /// Signs license packs.
    Clearinghouse,
    /// Decrypts license packs.
    LicenseServer,
    /// Issues seat licenses, and signs orders.
    LicenseIssuer,
    /// Signs client images.
    ImageVendor,
}

impl From<CertificateRole> for Role {
    fn from(role: CertificateRole) -> Self {
        match role {
            CertificateRole::Clearinghouse => Self::Clearinghouse,
            CertificateRole::LicenseServer => Self::LicenseServer,
            CertificateRole::LicenseIssuer => Self::LicenseIssuer,
            CertificateRole::ImageVendor => Self::ImageVendor,
        }
    }
}
