//! A license server that got its certificates from the authority's command.

use trybuy_formats::certificates::{CertificateChain, CertificateRequest};
use trybuy_formats::ids::OrderId;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};
use trybuy_server::clock::{Clock as _, SystemClock};

use super::{Commands, parsed, product};

/// A license server whose certificates are in the files `server.pem` and `issuer.pem`.
pub(crate) struct Orderer {
    issuer: EcdsaKey,
    pub(crate) key: DecryptionKey,
}

impl Orderer {
    pub(crate) fn new(commands: &Commands) -> Self {
        let issuer = EcdsaKey::generate().expect("a key");
        let request = CertificateRequest::to_sign_with(&issuer, "Acme", "acme");
        commands.write("issuer.request.pem", request.expect("a request"));
        commands.sign("issuer.request.pem", "license-issuer", "acme", "issuer.pem");
        let key = DecryptionKey::generate().expect("a key");
        let request = CertificateRequest::to_decrypt_with(&key, "Acme", "acme");
        commands.write("server.request.pem", request.expect("a request"));
        commands.sign("server.request.pem", "license-server", "acme", "server.pem");
        Self { issuer, key }
    }

    /// A new order, signed.
    pub(crate) fn order(&self, commands: &Commands) -> (OrderId, String) {
        let order = PurchaseOrder {
            format: 1,
            order_id: OrderId::new(),
            license_server: parsed("acme"),
            product: product(),
            quantity: 3,
            certificate: commands.text("server.pem"),
            ordered_at: SystemClock.now(),
        };
        let chain = CertificateChain::from_pem(&commands.text("issuer.pem")).expect("a chain");
        (order.order_id, sign_certified(&self.issuer, &chain, &order).expect("signed"))
    }
}
