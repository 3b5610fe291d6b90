//! What every handler of the clearinghouse reaches.

use std::ops::Deref;
use std::sync::Arc;

use super::ClearinghouseConfig;
use super::identity::Identity;
use crate::app::RoleState;
use crate::clock::Clock;
use crate::config::HttpConfig;
use crate::rate_limits::{ClientNetwork, PeerLimit};
use crate::store::Store;

/// Everything a server process in the clearinghouse role has.
pub struct Clearinghouse {
    /// Configuration.
    pub config: ClearinghouseConfig,
    /// Who it is.
    pub identity: Identity,
    /// The master license database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Orders, by address: each costs verifications and perhaps a row.
    pub orders: PeerLimit<ClientNetwork>,
    /// Messages about payments with a wrong signature, by address.
    pub failures: PeerLimit<ClientNetwork>,
}

impl Clearinghouse {
    /// Puts the parts together.
    pub fn new(
        config: ClearinghouseConfig,
        identity: Identity,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            orders: PeerLimit::per_minute(config.rate_limits.orders_per_minute),
            failures: PeerLimit::per_minute(config.rate_limits.failures_per_minute),
            config,
            identity,
            store,
            clock,
        }
    }
}

/// The clearinghouse as handlers get it; cheap to clone.
#[derive(Clone)]
pub struct ClearinghouseState(Arc<Clearinghouse>);

impl From<Clearinghouse> for ClearinghouseState {
    fn from(clearinghouse: Clearinghouse) -> Self {
        Self(Arc::new(clearinghouse))
    }
}

impl RoleState for ClearinghouseState {
    const DESCRIBED: &'static str = "a clearinghouse has /api/v1/products and /api/v1/orders";

    fn http(&self) -> &HttpConfig {
        &self.config.http
    }
}

impl Deref for ClearinghouseState {
    type Target = Clearinghouse;

    fn deref(&self) -> &Clearinghouse {
        &self.0
    }
}
