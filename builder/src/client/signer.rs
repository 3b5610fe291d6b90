//! Signs the Builder's requests (`RQ-1` to `RQ-5`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::ids::LicenseId;
use trybuy_formats::instant::Instant;
use trybuy_formats::offline::{OfflineRequest, SignedRequest};
use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::request_signature::{self, Request, SignatureFields};

/// The Builder's request key, and the name the server knows it by.
pub struct Signer {
    key: RequestSignatureKey,
    key_id: String,
}

impl Signer {
    /// Signs before registration, when the key itself is its name (`RQ-2`).
    pub fn unregistered(key: RequestSignatureKey) -> Self {
        let key_id = URL_SAFE_NO_PAD.encode(key.public_key());
        Self { key, key_id }
    }

    /// Signs as the Builder of a license.
    pub fn registered(key: RequestSignatureKey, license: LicenseId) -> Self {
        Self { key, key_id: license.to_string() }
    }

    /// The public half of the key.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.public_key()
    }

    /// Signs a request that goes by way of a file.
    pub(crate) fn sign_offline(&self, request: &OfflineRequest) -> SignedRequest {
        SignedRequest::sign(&self.key, &self.key_id, request)
    }

    /// The header fields that sign a request.
    pub(crate) fn sign(
        &self,
        method: &reqwest::Method,
        url: &url::Url,
        body: &[u8],
        created: Instant,
    ) -> SignatureFields {
        let method = method.as_str();
        let request = Request { method, path: url.path(), query: url.query(), body };
        request_signature::sign(&self.key, &self.key_id, &request, created)
    }
}
