//! What every handler reaches, assembled once when the server starts.

use std::ops::Deref;
use std::sync::Arc;

use url::Url;

use crate::blobs::Blobs;
use crate::clock::Clock;
use crate::config::{Config, HttpConfig};
use crate::keys::ServerKeys;
use crate::rate_limits::RateLimits;
use crate::store::Store;
use crate::trials::Buffers;
use crate::vendors::UploadSlots;

/// What the middleware and the extractors need of a role's state.
pub trait RoleState: Clone + Send + Sync + 'static {
    /// Where the role's addresses are described, for those who ask for another one.
    const DESCRIBED: &'static str;

    /// The connections.
    fn http(&self) -> &HttpConfig;
}

/// Everything a server process in the catalog role has.
pub struct App {
    /// Configuration.
    pub config: Config,
    /// The server's keys 137.
    pub keys: ServerKeys,
    /// The metadata.
    pub store: Store,
    /// The programs.
    pub blobs: Blobs,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// How many uploads each vendor has running.
    pub uploads: UploadSlots,
    /// Buffers of downloads.
    pub buffers: Buffers,
    /// Where the server is reached from outside; no slash at its end.
    pub public_url: String,
}

impl App {
    /// Puts the parts together. `listening` is the address that is used where the configuration names
    /// none.
    pub fn new(
        config: Config,
        keys: ServerKeys,
        store: Store,
        blobs: Blobs,
        clock: Arc<dyn Clock>,
        listening: &str,
    ) -> Self {
        let public_url = config.server.public_url.as_ref().map_or(listening, Url::as_str);
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            rate_limits: RateLimits::new(&config.rate_limits),
            uploads: UploadSlots::new(config.uploads.concurrent_per_vendor),
            buffers: Buffers::default(),
            config,
            keys,
            store,
            blobs,
            clock,
        }
    }
}

/// The application as handlers get it; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<App>);

impl From<App> for AppState {
    fn from(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl RoleState for AppState {
    const DESCRIBED: &'static str = "the API is described at /api/v1/openapi.json";

    fn http(&self) -> &HttpConfig {
        &self.config.http
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
