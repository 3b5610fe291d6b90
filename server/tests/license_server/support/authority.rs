//! A certifying authority, and those that it knows.

use trybuy_formats::certificates::{
    Authorities, CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
};
use trybuy_formats::ids::{ClientSoftwareId, Digest};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey, sha256};

/// The license server's id.
pub(crate) const SERVER: &str = "server";

/// A certifying authority.
pub(crate) struct Authority {
    authority: DevelopmentAuthority,
    now: Instant,
}

/// Somebody with a key that signs, and its certificate.
pub(crate) struct Certified {
    pub(crate) key: EcdsaKey,
    pub(crate) chain: CertificateChain,
}

impl Authority {
    pub(crate) fn new(now: Instant) -> Self {
        let validity = Span::seconds(3650 * DAY.as_seconds());
        let authority = DevelopmentAuthority::generate("Test authority", now, validity);
        Self { authority: authority.expect("an authority"), now }
    }

    pub(crate) fn authorities(&self) -> Authorities {
        let own = CertificateChain::new(vec![self.authority.certificate().clone()]);
        Authorities::from_pem(&own.expect("a chain").to_pem()).expect("authorities")
    }

    fn issue(&self, request: &str, role: Role, validity: Span) -> CertificateChain {
        let request = CertificateRequest::from_pem(request).expect("a request");
        let issued = self.authority.issue(&request, role, self.now, validity).expect("issued");
        CertificateChain::new(vec![issued]).expect("a chain")
    }

    /// Somebody of a role, for a year.
    pub(crate) fn certified(&self, role: Role, id: &str) -> Certified {
        self.certified_for(role, id, Span::seconds(365 * DAY.as_seconds()))
    }

    /// Somebody of a role, for a while.
    pub(crate) fn certified_for(&self, role: Role, id: &str, validity: Span) -> Certified {
        let key = EcdsaKey::generate().expect("a key");
        let request = CertificateRequest::to_sign_with(&key, id, id).expect("a request");
        let chain = self.issue(&request, role, validity);
        Certified { key, chain }
    }

    /// The issuer of the license server's licenses.
    pub(crate) fn issuer(&self, id: &str) -> LicenseIssuer {
        let Certified { key, chain } = self.certified(Role::LicenseIssuer, id);
        LicenseIssuer::new(key, chain).expect("an issuer")
    }

    /// The issuer of the license server's licenses with a key, for a while.
    pub(crate) fn issuer_with(&self, key: EcdsaKey, id: &str, validity: Span) -> LicenseIssuer {
        let request = CertificateRequest::to_sign_with(&key, id, id).expect("a request");
        let chain = self.issue(&request, Role::LicenseIssuer, validity);
        LicenseIssuer::new(key, chain).expect("an issuer")
    }

    /// The certificate of the key that packs are encrypted to.
    pub(crate) fn license_server(&self, key: &DecryptionKey, id: &str) -> CertificateChain {
        let request = CertificateRequest::to_decrypt_with(key, id, id).expect("a request");
        self.issue(&request, Role::LicenseServer, Span::seconds(365 * DAY.as_seconds()))
    }
}

impl Certified {
    /// What a vendor says of an image.
    pub(crate) fn statement(&self, software_id: &str, image: &[u8], now: Instant) -> String {
        let software_id: ClientSoftwareId = software_id.parse().expect("a software id");
        let statement = ClientImage {
            format: 1,
            software_id,
            name: "Client".parse().expect("a name"),
            version: "1.0.0".parse().expect("a version"),
            size: image.len() as u64,
            digest: Digest::from_bytes(sha256(image)),
            signed_at: now,
        };
        sign_certified(&self.key, &self.chain, &statement).expect("signed")
    }

    /// A pack as a clearinghouse delivers it.
    pub(crate) fn pack(&self, pack: &LicensePack, key: &DecryptionKey) -> String {
        let sealed = pack.seal(&key.encryption_key()).expect("sealed");
        sign_certified(&self.key, &self.chain, &sealed).expect("signed")
    }
}
