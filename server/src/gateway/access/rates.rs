//! How often a client may ask for what costs something.

use std::num::NonZeroU32;

use crate::rate_limits::PeerLimit;
use crate::serving::Party;

/// How often a client may ask for what costs something. A whole minute's share may come at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Requests from one address that are passed on to the license server. Default: 120.
    pub license_requests_per_minute: NonZeroU32,
    /// Tokens from one address that are no legacy client's: each costs a look into the database.
    /// Default: 60.
    pub wrong_tokens_per_minute: NonZeroU32,
}

impl Default for Rates {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).expect("the defaults are not zero");
        Self { license_requests_per_minute: of(120), wrong_tokens_per_minute: of(60) }
    }
}

/// What each client has had.
pub(super) struct RateLimits {
    pub(super) license_requests: PeerLimit<Party>,
    pub(super) wrong_tokens: PeerLimit<Party>,
}

impl RateLimits {
    pub(super) fn new(rates: &Rates) -> Self {
        Self {
            license_requests: PeerLimit::per_minute(rates.license_requests_per_minute),
            wrong_tokens: PeerLimit::per_minute(rates.wrong_tokens_per_minute),
        }
    }
}
