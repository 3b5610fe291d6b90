//! What every handler of a license server reaches, assembled once when it starts.

use std::ops::Deref;
use std::sync::Arc;

use trybuy_formats::certificates::{Authorities, LicenseIssuer};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;

use super::config::LicenseServerConfig;
use super::images::ImageCache;
use super::issuing::Granting;
use super::keys::{LicenseServerCertificates, LicenseServerFiles};
use super::mark::MarkFile;
use super::revocation_list::LastList;
use crate::app::RoleState;
use crate::auth::TakesSignedRequests;
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::health::Disk;
use crate::rate_limits::{ClientNetwork, PeerLimit};
use crate::store::{GrantingModule, Store};

/// Everything that a license server's process has.
pub struct LicenseServer {
    /// Configuration.
    pub config: LicenseServerConfig,
    /// The secure license store 112.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The client image cache 120.
    pub images: ImageCache,
    /// The disk that its files are on.
    pub disk: Disk,
    /// How far the records go, beside the database.
    pub mark: MarkFile,
    /// Whom it trusts.
    pub authorities: Authorities,
    /// The granting module 126, as the store calls it.
    pub granting: Arc<dyn GrantingModule>,
    /// The revocation list.
    pub last_list: LastList,
    /// Requests of clients, by address.
    pub requests: PeerLimit<ClientNetwork>,
    module: Arc<Granting>,
    failures: PeerLimit<ClientNetwork>,
}

/// What a license server is put together from.
pub struct LicenseServerParts {
    /// Configuration.
    pub config: LicenseServerConfig,
    /// Its files.
    pub files: LicenseServerFiles,
    /// The secret of tokens, records and their mark.
    pub secret: LicenseServerSecret,
    /// Its certificates.
    pub certificates: LicenseServerCertificates,
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

impl From<LicenseServerParts> for LicenseServer {
    fn from(parts: LicenseServerParts) -> Self {
        let LicenseServerParts { config, files, secret, certificates, store, clock } = parts;
        let module = Arc::new(Granting::new(certificates.issuer, secret));
        Self {
            requests: PeerLimit::per_minute(config.rate_limits.requests_per_minute),
            failures: PeerLimit::per_minute(config.rate_limits.failures_per_minute),
            config,
            store,
            clock,
            last_list: LastList::default(),
            images: ImageCache::new(files.images()),
            disk: Disk::of(files.directory().path()),
            mark: MarkFile::new(files.mark()),
            authorities: certificates.authorities,
            granting: Arc::clone(&module) as Arc<dyn GrantingModule>,
            module,
        }
    }
}

impl LicenseServer {
    /// Whose licenses it issues.
    pub fn issuer(&self) -> &LicenseIssuer {
        self.module.signer()
    }

    /// The secret of tokens, records and their mark.
    pub fn secret(&self) -> &LicenseServerSecret {
        self.granting.secret()
    }
}

/// A license server as handlers get it; cheap to clone.
#[derive(Clone)]
pub struct LicenseServerState(Arc<LicenseServer>);

impl From<LicenseServer> for LicenseServerState {
    fn from(server: LicenseServer) -> Self {
        Self(Arc::new(server))
    }
}

impl Deref for LicenseServerState {
    type Target = LicenseServer;

    fn deref(&self) -> &LicenseServer {
        &self.0
    }
}

impl RoleState for LicenseServerState {
    const DESCRIBED: &'static str =
        "the addresses of a license server are described in docs/licensing.md";

    fn http(&self) -> &HttpConfig {
        &self.config.http
    }
}

impl TakesSignedRequests for LicenseServerState {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn failures(&self) -> &PeerLimit<ClientNetwork> {
        &self.failures
    }
}
