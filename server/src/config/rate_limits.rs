//! `[rate_limits]`: how often a peer may ask for what costs something.

use std::num::NonZeroU32;

use serde::Deserialize;

/// How often a peer may ask for what costs something. A whole minute's or hour's share may come at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitsConfig {
    /// Registrations and offline requests from one address. Default: 60.
    pub registrations_per_minute: NonZeroU32,
    /// Requests with a wrong signature or token from one address. Default: 120.
    pub failures_per_minute: NonZeroU32,
    /// Acceptance codes of one Builder license. Default: 30.
    pub acceptance_codes_per_minute: NonZeroU32,
    /// Signed times for one Builder license. Default: 10.
    pub signed_times_per_minute: NonZeroU32,
    /// Purchase keys that one Builder license tries. Default: 10.
    pub purchases_per_minute: NonZeroU32,
    /// Codes to verify e-mail addresses, asked for from one address. Default: 30.
    pub email_codes_per_minute: NonZeroU32,
    /// The same to one mailbox, and so of one Builder. Default: 6.
    pub email_codes_per_hour: NonZeroU32,
}

impl Default for RateLimitsConfig {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).expect("the defaults are not zero");
        Self {
            registrations_per_minute: of(60),
            failures_per_minute: of(120),
            acceptance_codes_per_minute: of(30),
            signed_times_per_minute: of(10),
            purchases_per_minute: of(10),
            email_codes_per_minute: of(30),
            email_codes_per_hour: of(6),
        }
    }
}
