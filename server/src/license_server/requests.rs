//! The request handler 122 with the client authenticating module 124 (SL Fig. 6 to 8): what clients and gateways ask.

use std::io;
use std::sync::Arc;

use trybuy_formats::api::{ChallengeAnswer, GatewayLicenseRequest, LicenseAnswer, LicenseRequest};
use trybuy_formats::certificates::{Certificate, CertificateError};
use trybuy_formats::ids::{ClientId, Label};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::challenge::ChallengeResponse;
use trybuy_formats::licensing::product::are_features;
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::signing::{ClientKey, open_from_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{EncryptionKey, PrimitiveError};
use trybuy_formats::signed::SignedError;
use trybuy_formats::slug::Slug;

use super::challenge::{self, Unfit};
use super::{LicenseServer, presented};
use crate::refusal::Refusal;
use crate::store::{
    DecisionOutcome, DecisionReason, LicenseCase, LicenseDecision, LicenseGrant, StoreError,
    WantedLicense, Way,
};

/// Why a client got no license.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestRefused {
    /// It was decided so, and recorded.
    #[error("{}", words(*.0))]
    Decided(DecisionReason),
    /// What the client signed cannot be read.
    #[error("the request: {0}")]
    Document(SignedError),
    /// The key of the client that a gateway asks for is none.
    #[error("the client's key is not a public key of P-256")]
    ClientKey,
    /// The key that the license is to be encrypted to is none.
    #[error("the encryption key is not a public RSA-3072 key")]
    EncryptionKey,
    /// A gateway asked for a client that has to answer a challenge itself.
    #[error("clients of this platform type answer a challenge")]
    PlatformType,
    /// A gateway names features that are none.
    #[error("features are in order and each once, and not too many")]
    Features,
    /// Nothing can be issued under the license server's own certificate any more.
    #[error("the certificate of this license server, under which licenses are issued, has ended")]
    IssuerEnded,
    /// The store.
    #[error("the secure license store cannot be used")]
    Store(#[from] StoreError),
    /// A client image cannot be read.
    #[error("a client image cannot be read")]
    Image(#[source] io::Error),
    /// The library failed, or a stored certificate is none.
    #[error("the license cannot be sealed")]
    Sealing(#[source] SealingFailed),
}

/// Why a license cannot be sealed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum SealingFailed {
    /// The library.
    #[error(transparent)]
    Primitive(#[from] PrimitiveError),
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

fn words(reason: DecisionReason) -> &'static str {
    match reason {
        DecisionReason::ClientImageUnknown => {
            "this license server does not know the client's software"
        }
        DecisionReason::ChallengeWrong => {
            "the client's software is not the one that its software id names"
        }
        DecisionReason::ChallengeLate => "the challenge was answered too late",
        DecisionReason::ChallengeRepeated => "the challenge was answered before",
        DecisionReason::ChallengeForeign => "the challenge is not one for this request",
        DecisionReason::LicenseForeign => {
            "the license that was presented is not one of this license server for this client"
        }
        DecisionReason::ClientBarred => {
            "the client's license was revoked, and it gets no other one"
        }
        DecisionReason::NoUpgrade => "there is no free upgrade license for the license",
        DecisionReason::NoFreeLicense => "there is no free license",
        DecisionReason::NotOrdered => {
            "no license of this product in this version, with these features, was bought or ordered"
        }
        DecisionReason::TemporaryEnded => {
            "there is no free license, and the temporary one has ended"
        }
        DecisionReason::TemporaryRevoked => {
            "there is no free license, and the temporary one was revoked"
        }
        DecisionReason::LicenseServerRestored
        | DecisionReason::FewerRecords
        | DecisionReason::OtherRecords => {
            "the license server was restored from a backup and gives out no new licenses"
        }
        DecisionReason::PackUnknown => "the pack of the license is not installed",
        DecisionReason::Pack(_) => "the pack was refused",
    }
}

impl Refusal for RequestRefused {
    fn slug(&self) -> Slug {
        match self {
            Self::Decided(reason) => slug(*reason),
            Self::Document(SignedError::TooNew) => Slug::FormatTooNew,
            Self::Document(SignedError::Signature) => Slug::Unauthorized,
            Self::IssuerEnded => Slug::CertificateRefused,
            Self::Document(_)
            | Self::ClientKey
            | Self::EncryptionKey
            | Self::PlatformType
            | Self::Features => Slug::BadRequest,
            Self::Store(_) | Self::Image(_) | Self::Sealing(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self.slug() {
            _ if matches!(self, Self::Decided(DecisionReason::NotOrdered)) => {
                "ask the operator of the license server to order licenses of this product for clients of this \
                 platform type, in the version and with the features that the service needs"
            }
            Slug::ClientImageUnknown => {
                "ask the operator of the license server to install the image of this client's release"
            }
            _ if matches!(self, Self::Decided(DecisionReason::ChallengeWrong)) => {
                "install the client again from its origin, or ask the operator of the license server to install the \
                 image of this client"
            }
            Slug::ChallengeFailed => "ask for another challenge",
            Slug::LicenseForeign => "ask for a license without presenting one",
            Slug::NoFreeLicense => "ask the operator of the license server to order more licenses",
            Slug::LicenseRevoked => {
                "ask the operator of the license server, who can readmit this client"
            }
            Slug::CertificateRefused => {
                "ask the operator of the license server to install a newer certificate"
            }
            Slug::LicenseServerRestored => "ask the operator of the license server",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

fn slug(reason: DecisionReason) -> Slug {
    match reason {
        DecisionReason::ClientImageUnknown => Slug::ClientImageUnknown,
        DecisionReason::ChallengeWrong
        | DecisionReason::ChallengeLate
        | DecisionReason::ChallengeRepeated
        | DecisionReason::ChallengeForeign => Slug::ChallengeFailed,
        DecisionReason::LicenseForeign => Slug::LicenseForeign,
        DecisionReason::ClientBarred => Slug::LicenseRevoked,
        DecisionReason::NoUpgrade
        | DecisionReason::NoFreeLicense
        | DecisionReason::NotOrdered
        | DecisionReason::TemporaryEnded
        | DecisionReason::TemporaryRevoked => Slug::NoFreeLicense,
        DecisionReason::LicenseServerRestored
        | DecisionReason::FewerRecords
        | DecisionReason::OtherRecords
        | DecisionReason::PackUnknown => Slug::LicenseServerRestored,
        DecisionReason::Pack(_) => Slug::PackRefused,
    }
}

impl LicenseServer {
    /// Answers a request with a platform challenge (SL Fig. 7, steps 220 to 228).
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub async fn request_license(
        &self,
        request: &LicenseRequest,
    ) -> Result<ChallengeAnswer, RequestRefused> {
        let now = self.clock.now();
        self.check_issuer(now)?;
        if self.store.client_image(request.software_id).await?.is_some() {
            let period = self.store.record_head().await?.challenge_period;
            return challenge::issue(self.secret(), request, period, now)
                .map_err(|error| RequestRefused::Sealing(error.into()));
        }
        let reason = DecisionReason::ClientImageUnknown;
        let decision = LicenseDecision {
            reason: Some(reason),
            client_id: Some(request.client_id),
            product_id: Some(request.product_id.clone()),
            version: Some(request.version.clone()),
            features: request.features.clone(),
            platform_type: Some(request.software_id.platform_type()),
            software_id: Some(request.software_id),
            ..LicenseDecision::of(DecisionOutcome::Refused, now)
        };
        self.store.record_decision(self.secret(), decision).await?;
        Err(RequestRefused::Decided(reason))
    }

    /// Answers a response to a challenge with a license (SL Fig. 6, steps 198 to 210; Fig. 7, steps 232 to 238).
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub async fn answer_response(&self, document: &str) -> Result<LicenseAnswer, RequestRefused> {
        let (client, response) =
            open_from_client::<ChallengeResponse>(document).map_err(RequestRefused::Document)?;
        let key = encryption_key(&response.encryption_key)?;
        let now = self.clock.now();
        let (challenge, mut refused) = self.check_response(&client, &response, now).await?;
        let held = response.held_license.as_deref();
        let presented =
            held.and_then(|der| presented::read(&self.authorities, self.issuer(), der, now).ok());
        if presented.as_ref().is_some_and(|held| held.license.client_id != client.client_id()) {
            refused = refused.or(Some(DecisionReason::LicenseForeign));
        }
        let software_id = response.software_id;
        let case = LicenseCase {
            wanted: WantedLicense {
                client_id: client.client_id(),
                client_key: client.spki().to_vec(),
                product_id: response.product_id.clone(),
                version: response.version.clone(),
                features: response.features.clone(),
                platform_type: software_id.platform_type(),
                now,
            },
            way: Way::Challenge { software_id, challenge },
            presented,
            refused,
            temporary: self.config.licenses.temporary,
        };
        self.decide(case, &key).await
    }

    /// Upgrades a license that is presented in place of a challenge (SL Fig. 8, steps 244 to 248).
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub async fn upgrade_license(&self, document: &str) -> Result<LicenseAnswer, RequestRefused> {
        let (client, request) =
            open_from_client::<UpgradeRequest>(document).map_err(RequestRefused::Document)?;
        let key = encryption_key(&request.encryption_key)?;
        let now = self.clock.now();
        let client_id = client.client_id();
        let presented =
            presented::read(&self.authorities, self.issuer(), &request.license, now).ok();
        let Some(presented) = presented.filter(|held| held.license.client_id == client_id) else {
            return self.refuse_license(client_id, now).await;
        };
        let case = LicenseCase {
            wanted: WantedLicense {
                client_id,
                client_key: client.spki().to_vec(),
                product_id: presented.license.product_id.clone(),
                version: request.version.clone(),
                features: request.features.clone(),
                platform_type: presented.license.platform_type,
                now,
            },
            way: Way::Upgrade,
            presented: Some(presented),
            refused: None,
            temporary: self.config.licenses.temporary,
        };
        self.decide(case, &key).await
    }

    /// Answers a gateway that asks for a client without a challenge (SL Table 2: Legacy and Direct-Connect).
    ///
    /// # Errors
    /// [`RequestRefused`].
    pub async fn license_for_gateway(
        &self,
        gateway: Label,
        request: &GatewayLicenseRequest,
    ) -> Result<LicenseAnswer, RequestRefused> {
        if request.platform_type.is_challenged() {
            return Err(RequestRefused::PlatformType);
        }
        if !are_features(&request.features) {
            return Err(RequestRefused::Features);
        }
        let client =
            ClientKey::from_spki(&request.client_key).map_err(|_| RequestRefused::ClientKey)?;
        let key = encryption_key(&request.encryption_key)?;
        let case = LicenseCase {
            wanted: WantedLicense {
                client_id: client.client_id(),
                client_key: client.spki().to_vec(),
                product_id: request.product_id.clone(),
                version: request.version.clone(),
                features: request.features.clone(),
                platform_type: request.platform_type,
                now: self.clock.now(),
            },
            way: Way::Gateway(gateway),
            presented: None,
            refused: None,
            temporary: self.config.licenses.temporary,
        };
        self.decide(case, &key).await
    }

    /// Compares a response with the one that the client's image gives. Answers the challenge that it uses up, and why
    /// the response does not count.
    async fn check_response(
        &self,
        client: &ClientKey,
        response: &ChallengeResponse,
        now: Instant,
    ) -> Result<(Option<crate::store::UsedChallenge>, Option<DecisionReason>), RequestRefused> {
        let opened = challenge::open(self.secret(), client.client_id(), response, now);
        let opened = match opened {
            Ok(opened) => opened,
            Err(Unfit { reason, used }) => return Ok((used, Some(reason))),
        };
        let used = Some(opened.used);
        if self.store.is_challenge_used(opened.used).await? {
            return Ok((used, Some(DecisionReason::ChallengeRepeated)));
        }
        let Some(image) = self.store.client_image(response.software_id).await? else {
            return Ok((used, Some(DecisionReason::ClientImageUnknown)));
        };
        let expected = self.images.response(&image, opened.challenge).await;
        let expected = expected.map_err(RequestRefused::Image)?;
        let is_right = challenge::is_right(&expected, &response.response);
        Ok((used, (!is_right).then_some(DecisionReason::ChallengeWrong)))
    }

    async fn refuse_license(
        &self,
        client: ClientId,
        now: Instant,
    ) -> Result<LicenseAnswer, RequestRefused> {
        let reason = DecisionReason::LicenseForeign;
        let decision = LicenseDecision {
            reason: Some(reason),
            client_id: Some(client),
            ..LicenseDecision::of(DecisionOutcome::Refused, now)
        };
        self.store.record_decision(self.secret(), decision).await?;
        Err(RequestRefused::Decided(reason))
    }

    fn check_issuer(&self, now: Instant) -> Result<(), RequestRefused> {
        let has_ended = self.issuer().chain().leaf().not_after() <= now;
        if has_ended { Err(RequestRefused::IssuerEnded) } else { Ok(()) }
    }

    /// Lets the granting module decide, and encrypts what it issued to the client (SL Fig. 6, step 208).
    async fn decide(
        &self,
        case: LicenseCase,
        key: &EncryptionKey,
    ) -> Result<LicenseAnswer, RequestRefused> {
        self.check_issuer(case.wanted.now)?;
        let granting = Arc::clone(&self.granting);
        match self.store.grant_license(&granting, case).await? {
            LicenseGrant::Refused(reason) => Err(RequestRefused::Decided(reason)),
            LicenseGrant::Issued { outcome, certificate } => {
                let license = self.seal(&certificate, key).map_err(RequestRefused::Sealing)?;
                Ok(LicenseAnswer { outcome, license })
            }
        }
    }

    fn seal(&self, certificate: &[u8], key: &EncryptionKey) -> Result<Vec<u8>, SealingFailed> {
        let leaf = Certificate::from_der(certificate)?;
        let chain = self.issuer().chain().with_leaf(leaf)?;
        Ok(sealed_license::seal(&chain, key)?)
    }
}

fn encryption_key(spki: &[u8]) -> Result<EncryptionKey, RequestRefused> {
    EncryptionKey::from_spki(spki).map_err(|_| RequestRefused::EncryptionKey)
}
