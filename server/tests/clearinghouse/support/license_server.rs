//! Who orders: license servers under a certifying authority.

use std::sync::OnceLock;

use trybuy_formats::certificates::{
    Authorities, CertificateChain, CertificateRequest, DevelopmentAuthority, Role,
};
use trybuy_formats::ids::{OrderId, PlatformType};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};

use super::parsed;

/// A certifying authority.
pub(crate) struct Authority {
    authority: DevelopmentAuthority,
    now: Instant,
}

impl Authority {
    pub(crate) fn new(now: Instant) -> Self {
        let authority = DevelopmentAuthority::generate("Test", now, days(3650)).expect("made");
        Self { authority, now }
    }

    pub(crate) fn trusted(&self) -> Authorities {
        Authorities::from_pem(&self.pem()).expect("an authority")
    }

    pub(crate) fn pem(&self) -> String {
        let certificate = self.authority.certificate().clone();
        CertificateChain::new(vec![certificate]).expect("one").to_pem()
    }

    /// Issues a certificate that lasts for 730 days.
    pub(crate) fn issue(&self, request: &str, role: Role) -> CertificateChain {
        let request = CertificateRequest::from_pem(request).expect("a request");
        let issued = self.authority.issue(&request, role, self.now, days(730));
        CertificateChain::new(vec![issued.expect("issued")]).expect("one")
    }
}

fn days(days: u64) -> Span {
    Span::seconds(days * DAY.as_seconds())
}

/// A license server 28, with its two keys.
pub(crate) struct LicenseServer {
    id: String,
    /// Signs orders.
    pub(crate) issuer: EcdsaKey,
    pub(crate) issuer_chain: CertificateChain,
    /// Packs are encrypted to its key.
    pub(crate) chain: CertificateChain,
}

impl LicenseServer {
    pub(crate) fn new(id: &str, authority: &Authority) -> Self {
        let issuer = EcdsaKey::generate().expect("a key");
        let request = CertificateRequest::to_sign_with(&issuer, id, id).expect("a request");
        let issuer_chain = authority.issue(&request, Role::LicenseIssuer);
        let request = CertificateRequest::to_decrypt_with(decryption_key(), id, id);
        let chain = authority.issue(&request.expect("a request"), Role::LicenseServer);
        Self { id: id.to_owned(), issuer, issuer_chain, chain }
    }

    /// An order of ten licenses of what most tests offer.
    pub(crate) fn order(&self) -> PurchaseOrder {
        PurchaseOrder {
            format: 1,
            order_id: OrderId::new(),
            license_server: parsed(&self.id),
            product: product(),
            quantity: 10,
            certificate: self.chain.to_pem(),
            ordered_at: super::begin(),
        }
    }

    pub(crate) fn sign(&self, order: &PurchaseOrder) -> String {
        sign_certified(&self.issuer, &self.issuer_chain, order).expect("signed")
    }

    pub(crate) fn key(&self) -> &'static DecryptionKey {
        decryption_key()
    }
}

/// One for all license servers: it takes time to make.
fn decryption_key() -> &'static DecryptionKey {
    static KEY: OnceLock<DecryptionKey> = OnceLock::new();
    KEY.get_or_init(|| DecryptionKey::generate().expect("a key"))
}

/// What most tests offer.
pub(crate) fn product() -> Product {
    Product {
        product_id: parsed("com.example.office"),
        version: parsed("5.0.0"),
        license_type: LicenseType::Full,
        platform_type: PlatformType::NonWindows,
        features: vec![parsed("print")],
    }
}
