//! Clients that cannot show a license themselves: the gateway holds theirs (SL: "a legacy license store,
//! which stores licenses for clients whose platforms cannot generate a unique system ID").
//!
//! A *legacy* client is known by a token that its administrator gave it; it shows the token in the field
//! `Legacy-Client`, or in a cookie that it got by visiting `/.well-known/trybuy/legacy/TOKEN`. A
//! *direct-connect* client sits at the gateway's own machine and is known by its user, as the system says it
//! of whoever connects to the gateway's local socket.

use trybuy_formats::certificates::{CertificateChain, VerifiedLicense};
use trybuy_formats::ids::{Digest, Label, PlatformType};
use trybuy_formats::instant::Instant;
use trybuy_formats::primitives::EcdsaKey;

use super::requirement::NoLicense;
use super::state::GatewayState;
use crate::error::ApiError;
use crate::gateway::Origin;
use crate::store::GatewayClient;

/// How the names of direct-connect clients begin, before the number of their user.
pub const USER: &str = "user-";

impl GatewayState {
    /// The valid license of a legacy client.
    ///
    /// # Errors
    /// The token is nobody's, or there is no license for the client.
    pub(super) async fn license_of_token(
        &self,
        origin: Origin,
        token: Digest,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        let client = self.client_of_token(origin, token).await?;
        self.held_license(client, now).await
    }

    /// The legacy client of a token.
    ///
    /// # Errors
    /// The token is nobody's, or too many were.
    pub(super) async fn client_of_token(
        &self,
        origin: Origin,
        token: Digest,
    ) -> Result<GatewayClient, ApiError> {
        match self.store.gateway_client_of_token(token).await? {
            Some(client) => Ok(client),
            None => {
                self.rate_limits.wrong_tokens.count(&origin.into())?;
                Err(NoLicense::UnknownToken.into())
            }
        }
    }

    /// The valid license of a user of this machine, who becomes a client with the first request.
    ///
    /// # Errors
    /// The user may be no client, or there is no license for it.
    pub(super) async fn license_of_user(
        &self,
        user: u32,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        if !self.direct_users.contain(user) {
            return Err(NoLicense::NoDirectUser(user).into());
        }
        let name: Label = format!("{USER}{user}").parse().map_err(ApiError::fault)?;
        let client = match self.store.gateway_client(&name).await? {
            Some(client) => client,
            None => {
                let client = new_client(name, PlatformType::DirectConnect, None, now)?;
                self.store.add_gateway_client(&client).await?;
                // Another request of the user may have been faster; its key is the one.
                self.store.gateway_client(&client.name).await?.unwrap_or(client)
            }
        };
        if client.platform_type != PlatformType::DirectConnect {
            return Err(NoLicense::Foreign("a legacy client of this name".to_owned()).into());
        }
        self.held_license(client, now).await
    }

    /// The license that is held for a client, or a new one.
    async fn held_license(
        &self,
        client: GatewayClient,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        self.check_list(now)?;
        let name = client.name.clone();
        let license = self.usable_or_new(client, now).await?;
        self.temporary_licenses.note(&name, &license, now);
        Ok(license)
    }

    async fn usable_or_new(
        &self,
        client: GatewayClient,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        if let Some(license) = self.usable(&client, now) {
            return Ok(license);
        }
        let turn = self.turns.wait(&client.name).await;
        // Whoever had the turn before has perhaps got one, and the client may have been removed.
        let found = self.store.gateway_client(&client.name).await?;
        let found = found.filter(|found| found.client_key == client.client_key);
        let client = found.ok_or(NoLicense::Missing)?;
        if let Some(license) = self.usable(&client, now) {
            return Ok(license);
        }
        turn.check()?;
        turn.end(self.new_license(&client, now).await)
    }

    async fn new_license(
        &self,
        client: &GatewayClient,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        let (license, pem) = self.requested_license(client, now).await?;
        self.store.set_gateway_client_license(&client.name, &pem).await?;
        Ok(license)
    }

    /// What the license server gives a client, if it is good here; verified, and in PEM.
    pub(super) async fn requested_license(
        &self,
        client: &GatewayClient,
        now: Instant,
    ) -> Result<(VerifiedLicense, String), ApiError> {
        let pem = self.license_server.request_for(client, &self.requirement, now).await?;
        let license = self.verify_held(client, &pem, now)?;
        self.still_valid(&license, now)?;
        Ok((license, pem))
    }

    /// The license that is kept for a client, if it is good here and now.
    pub(super) fn usable(&self, client: &GatewayClient, now: Instant) -> Option<VerifiedLicense> {
        let license = self.verify_held(client, client.license.as_deref()?, now).ok()?;
        self.still_valid(&license, now).ok()?;
        Some(license)
    }

    fn verify_held(
        &self,
        client: &GatewayClient,
        pem: &str,
        now: Instant,
    ) -> Result<VerifiedLicense, NoLicense> {
        let chain = CertificateChain::from_pem(pem)?;
        let verified = self.authorities.verify_license(&chain, now)?;
        let is_theirs = verified.certificate().spki() == client.client_key
            && verified.license().platform_type == client.platform_type
            && verified.license().license_server == self.license_server_id;
        if !is_theirs {
            return Err(NoLicense::Foreign("another client".to_owned()));
        }
        self.requirement.check(verified.license())?;
        Ok(verified)
    }
}

/// A client with a key of its own, whose private half is thrown away: nobody can use its licenses
/// elsewhere.
///
/// # Errors
/// When the library fails.
pub fn new_client(
    name: Label,
    platform_type: PlatformType,
    token_digest: Option<Digest>,
    now: Instant,
) -> Result<GatewayClient, ApiError> {
    let key = EcdsaKey::generate().map_err(ApiError::fault)?;
    Ok(GatewayClient {
        name,
        platform_type,
        token_digest,
        client_key: key.spki().to_vec(),
        license: None,
        added_at: now,
    })
}
