//! The company whose licenses a gateway admits.

use std::sync::Arc;

use trybuy_formats::certificates::{
    CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
};
use trybuy_formats::instant::Span;
use trybuy_formats::primitives::EcdsaKey;

use super::ISSUER;
use super::script::{DAY, now};

const LENGTH: Span = Span::seconds(800 * DAY);

/// A certifying authority and a license server under it.
pub(crate) struct Company {
    pub(super) authority: Arc<DevelopmentAuthority>,
    pub(super) issuer: LicenseIssuer,
}

impl Company {
    /// Begun so many days ago.
    pub(super) fn begun(days: u64) -> Self {
        let begin = now().minus(Span::seconds(days * DAY));
        let authority =
            DevelopmentAuthority::generate("Test", begin, LENGTH).expect("an authority");
        Self::under(Arc::new(authority), ISSUER)
    }

    /// One with another license server under the same authority.
    pub(super) fn beside(&self, license_server: &str) -> Self {
        Self::under(Arc::clone(&self.authority), license_server)
    }

    fn under(authority: Arc<DevelopmentAuthority>, license_server: &str) -> Self {
        let key = EcdsaKey::generate().expect("a key");
        let request =
            CertificateRequest::to_sign_with(&key, "Licenses", license_server).expect("a request");
        let request = CertificateRequest::from_pem(&request).expect("readable");
        let (role, begin) = (Role::LicenseIssuer, authority.certificate().not_before());
        let certificate = authority.issue(&request, role, begin, LENGTH).expect("issued");
        let chain = CertificateChain::new(vec![certificate]).expect("a chain");
        let issuer = LicenseIssuer::new(key, chain).expect("an issuer");
        Self { authority, issuer }
    }

    /// The authority's certificate in PEM.
    pub(super) fn pem(&self) -> String {
        let certificate = self.authority.certificate().clone();
        CertificateChain::new(vec![certificate]).expect("one").to_pem()
    }
}
