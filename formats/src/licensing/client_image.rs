//! Client images: what the license server's client image cache 120 holds.

use serde::{Deserialize, Serialize};

use crate::ids::{ClientSoftwareId, Digest, Name, Version};
use crate::instant::Instant;
use crate::limits;
use crate::signed::{Document, FORMAT};

/// What its vendor says of a client image: signed by the vendor, whose certificate is enclosed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientImage {
    /// Version of this structure, 1.
    pub format: u32,
    /// The client software id, whose vendor is that of the certificate.
    pub software_id: ClientSoftwareId,
    /// The client's name.
    pub name: Name,
    /// The client's version.
    pub version: Version,
    /// Length of the image, in bytes.
    pub size: u64,
    /// SHA-256 of the image.
    pub digest: Digest,
    /// When it was signed.
    pub signed_at: Instant,
}

impl Document for ClientImage {
    const TYPE: &'static str = "trybuy-client-image";
    const PAYLOAD_CAP: usize = limits::CLIENT_IMAGE_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == FORMAT && (1..=limits::CLIENT_IMAGE).contains(&self.size)
    }
}
