//! The company whose licenses a gateway admits.

use trybuy_formats::certificates::{
    CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
};
use trybuy_formats::instant::Span;
use trybuy_formats::primitives::EcdsaKey;

use super::ISSUER;
use super::script::{DAY, now};

/// A certifying authority and a license server under it.
pub(crate) struct Company {
    pub(super) authority: DevelopmentAuthority,
    pub(super) issuer: LicenseIssuer,
}

impl Company {
    /// Begun so many days ago.
    pub(super) fn begun(days: u64) -> Self {
        let begin = now().minus(Span::seconds(days * DAY));
        let length = Span::seconds(800 * DAY);
        let authority =
            DevelopmentAuthority::generate("Test", begin, length).expect("an authority");
        let key = EcdsaKey::generate().expect("a key");
        let request =
            CertificateRequest::to_sign_with(&key, "Licenses", ISSUER).expect("a request");
        let request = CertificateRequest::from_pem(&request).expect("readable");
        let role = Role::LicenseIssuer;
        let certificate = authority.issue(&request, role, begin, length).expect("issued");
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
