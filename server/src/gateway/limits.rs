//! What clients and the service may take of the gateway.

use std::time::Duration;

/// The caps of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time; further ones wait. Default: 4096.
    pub connections: usize,
    /// Connections of one client address at the same time; further ones are closed. Default: 256.
    pub connections_per_client: usize,
    /// How long a TLS handshake may take. Default: 10s.
    pub handshake_timeout: Duration,
    /// How long a connection may stand still while a head or a body is on its way. Default: 60s.
    pub idle_timeout: Duration,
    /// How long connecting to the service may take. Default: 5s.
    pub connect_timeout: Duration,
    /// How long the service may take to answer with a head, once it has the whole request, and to take
    /// the next piece of a request. Default: 60s.
    pub upstream_timeout: Duration,
    /// How long running requests may take after the signal to stop. Default: 30s.
    pub shutdown_limit: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            connections_per_client: 256,
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(5),
            upstream_timeout: Duration::from_secs(60),
            shutdown_limit: Duration::from_secs(30),
        }
    }
}
