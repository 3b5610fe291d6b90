//! What a certificate of each role is like (`CT-6`, `CT-7`).

use der::asn1::ObjectIdentifier;
use der::flagset::FlagSet;
use x509_cert::ext::pkix::KeyUsages;

use crate::ids::{ClearinghouseId, ClientId, ImageVendorId, LicenseServerId};

/// What a certificate is for. Each role has a critical extended key usage of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A clearinghouse, which signs license packs.
    Clearinghouse,
    /// A license server, whose packs are encrypted to it: "K_LS_pub and the license server ID".
    LicenseServer,
    /// A license server as the issuer of its licenses. It also signs its orders and its revocation lists.
    LicenseIssuer,
    /// A vendor of clients, who signs client images.
    ImageVendor,
    /// A license of a client: it authenticates the client in TLS, and does nothing else.
    SeatLicense,
}

/// The kinds of key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum KeyKind {
    /// ECDSA with P-256.
    P256,
    /// RSA-3072.
    Rsa3072,
}

/// An object identifier of trybuy: below an arc made from a random UUID, for which no registration is needed.
macro_rules! own_identifier {
    ($number:literal) => {
        ObjectIdentifier::new_unwrap(concat!(
            "1.2.840.113556.1.8000.2554.53383.31418.32591.17698.40239.4517836.8618897.",
            $number
        ))
    };
}

/// TLS client authentication (RFC 5280, section 4.2.1.12): without it TLS libraries refuse a client.
const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// The extension with the fields of a license (`CT-9`).
pub(super) const LICENSE_FIELDS: ObjectIdentifier = own_identifier!("16");

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [
        Self::Clearinghouse,
        Self::LicenseServer,
        Self::LicenseIssuer,
        Self::ImageVendor,
        Self::SeatLicense,
    ];

    /// The usage that names the role. That of licenses is also in the certificate they are issued under.
    pub(super) fn purpose(self) -> ObjectIdentifier {
        match self {
            Self::Clearinghouse => own_identifier!("1"),
            Self::LicenseServer => own_identifier!("2"),
            Self::ImageVendor => own_identifier!("3"),
            Self::LicenseIssuer | Self::SeatLicense => own_identifier!("4"),
        }
    }

    /// The whole extended key usage.
    pub(super) fn extended_key_usage(self) -> Vec<ObjectIdentifier> {
        match self {
            Self::LicenseIssuer | Self::SeatLicense => vec![CLIENT_AUTHENTICATION, self.purpose()],
            _ => vec![self.purpose()],
        }
    }

    /// The key usage.
    pub(super) fn key_usage(self) -> FlagSet<KeyUsages> {
        match self {
            Self::LicenseServer => KeyUsages::KeyEncipherment.into(),
            Self::LicenseIssuer => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
            _ => KeyUsages::DigitalSignature.into(),
        }
    }

    /// Whether its certificates issue others.
    pub(super) fn is_authority(self) -> bool {
        self == Self::LicenseIssuer
    }

    /// The kind of its key.
    pub(super) fn key_kind(self) -> KeyKind {
        match self {
            Self::LicenseServer => KeyKind::Rsa3072,
            _ => KeyKind::P256,
        }
    }

    /// Whether a text is an id of this role, as it stands in the subject's serial number.
    pub fn is_id(self, text: &str) -> bool {
        match self {
            Self::Clearinghouse => text.parse::<ClearinghouseId>().is_ok(),
            Self::LicenseServer | Self::LicenseIssuer => text.parse::<LicenseServerId>().is_ok(),
            Self::ImageVendor => text.parse::<ImageVendorId>().is_ok(),
            Self::SeatLicense => text.parse::<ClientId>().is_ok(),
        }
    }
}
