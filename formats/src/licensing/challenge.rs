//! The platform challenge (SL Fig. 6 and 7).

use serde::{Deserialize, Serialize};

use super::product::are_features;
use crate::encoding::base64_bytes;
use crate::ids::{ClientSoftwareId, Digest, Label, ProductId, Version};
use crate::limits;
use crate::primitives::{SPKI_LENGTH, Sha256};
use crate::signed::{Document, FORMAT};

/// Length of a challenge, in bytes. The source prefers 128 bits.
pub const CHALLENGE_LENGTH: usize = 32;

/// Computes `Hash(challenge ‖ client image ‖ challenge)` with SHA-256 (SL Fig. 7, steps 230 and 236), the
/// image in as many pieces as it comes in.
pub struct Response {
    challenge: Vec<u8>,
    hash: Sha256,
}

impl Response {
    /// Begins with the challenge.
    pub fn to(challenge: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(challenge);
        Self { challenge: challenge.to_vec(), hash }
    }

    /// Goes on with the next piece of the image.
    pub fn update(&mut self, image: &[u8]) {
        self.hash.update(image);
    }

    /// Ends with the challenge.
    pub fn finish(mut self) -> Digest {
        self.hash.update(&self.challenge);
        Digest::from_bytes(self.hash.finish())
    }
}

/// The payload of a client's response (SL Fig. 6, step 196): "trusted information about the client,
/// including the platform type and the client's public key". Signed with the client's key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChallengeResponse {
    /// Version of this structure, 1.
    pub format: u32,
    /// What the challenge came with, unchanged.
    #[serde(with = "base64_bytes")]
    pub token: Vec<u8>,
    /// The response.
    pub response: Digest,
    /// The client's software, which tells its platform type.
    pub software_id: ClientSoftwareId,
    /// The product that a license is wanted for.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// The features that the license has to enable, as [`are_features`] wants them.
    pub features: Vec<Label>,
    /// The key that the license is to be encrypted to: RSA-3072, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_bytes")]
    pub encryption_key: Vec<u8>,
    /// A license for this product that the client still has, in DER.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_bytes")]
    pub held_license: Option<Vec<u8>>,
}

impl Document for ChallengeResponse {
    const TYPE: &'static str = "trybuy-challenge-response";
    const PAYLOAD_CAP: usize = limits::CLIENT_DOCUMENT_PAYLOAD;

    fn is_valid(&self) -> bool {
        let held = self.held_license.as_ref();
        self.format == FORMAT
            && self.token.len() <= limits::CHALLENGE_TOKEN
            && are_features(&self.features)
            && self.encryption_key.len() == SPKI_LENGTH
            && held.is_none_or(|license| license.len() <= limits::CERTIFICATE)
    }
}

/// Serde adapter for bytes that may be missing.
mod optional_bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::encoding::base64_bytes;

    #[derive(Serialize, Deserialize)]
    struct Bytes(#[serde(with = "base64_bytes")] Vec<u8>);

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        bytes.clone().map(Bytes).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<Bytes>::deserialize(from)?.map(|Bytes(bytes)| bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::sha256;

    #[test]
    fn a_response_hashes_the_image_between_two_challenges() {
        let challenge = [7; CHALLENGE_LENGTH];
        let mut response = Response::to(&challenge);
        for piece in [b"client ".as_slice(), b"image"] {
            response.update(piece);
        }
        let whole = [challenge.as_slice(), b"client image", challenge.as_slice()].concat();
        assert_eq!(response.finish(), Digest::from_bytes(sha256(&whole)));
    }
}
