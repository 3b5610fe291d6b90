//! What is asked of a gateway: what its service needs, and by way of it, a license.

use serde::Serialize;
use serde::de::DeserializeOwned;
use trybuy_formats::api::{
    ChallengeAnswer, GatewayInfo, LicenseAnswer, LicenseInfo, LicenseRequest, SignedRequest,
};

use super::tls;
use crate::client::address::ServerAddress;
use crate::client::http::Http;
use crate::error::Error;
use crate::messages;

/// The folder of what a gateway itself answers; everything else is its service's (RFC 8615).
const BASE: &str = "/.well-known/trybuy";

/// Connections to a gateway, without a license.
pub struct GatewayClient {
    http: Http,
    address: ServerAddress,
}

impl GatewayClient {
    /// Prepares connections; none is made yet.
    ///
    /// # Errors
    /// `server-unreachable` when this system trusts no certificates.
    pub fn new(address: ServerAddress, ca: Option<&str>) -> Result<Self, Error> {
        let http = Http::with_tls(tls::anonymous(ca)?)?;
        Ok(Self { http, address })
    }

    /// Presents a license for nothing but the gateway's word about it (Fig. 5, steps 176 to 184). Its service hears
    /// nothing of that.
    ///
    /// # Errors
    /// Why the gateway refuses it.
    pub fn present(
        address: &ServerAddress,
        tls: rustls::ClientConfig,
    ) -> Result<LicenseInfo, Error> {
        Http::with_tls(tls)?.get(&address.join(&format!("{BASE}/license")))
    }

    /// What a license is needed for.
    ///
    /// # Errors
    /// `server-unreachable`, or `server-error` when it is no gateway.
    pub fn info(&self) -> Result<GatewayInfo, Error> {
        self.http.get(&self.address.join(&format!("{BASE}/gateway"))).map_err(explain)
    }

    /// Asks for a license (Fig. 6, step 188; Fig. 7, step 220).
    ///
    /// # Errors
    /// What gateway and license server refuse, and `server-unreachable`.
    pub fn ask(&self, request: &LicenseRequest) -> Result<ChallengeAnswer, Error> {
        self.post("license-requests", request)
    }

    /// Answers the challenge (Fig. 6, step 196).
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn respond(&self, document: String) -> Result<LicenseAnswer, Error> {
        self.post("challenge-responses", &SignedRequest { document })
    }

    /// Asks for an upgrade (Fig. 8, step 244).
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn upgrade(&self, document: String) -> Result<LicenseAnswer, Error> {
        self.post("upgrades", &SignedRequest { document })
    }

    fn post<A: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<A, Error> {
        let body = serde_json::to_vec(body).expect("a plain structure");
        self.http.post(&self.address.join(&format!("{BASE}/{path}")), body).map_err(explain)
    }
}

/// The same failure with what to do where it is a gateway's.
fn explain(error: Error) -> Error {
    match messages::gateway_help(&error) {
        Some(help) => error.with_help(help),
        None => error,
    }
}
