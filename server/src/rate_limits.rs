//! Limits on how often a peer may ask for what costs something.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use trybuy_formats::ids::{EmailKey, LicenseId};
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use crate::config::RateLimitsConfig;
use crate::refusal::Refusal;

/// After this many requests, peers that have been quiet are forgotten. To go through all of them costs
/// about as much as that many requests.
const FORGET_AFTER: u32 = 4096;

/// All rate limits of a server process.
pub struct RateLimits {
    /// Registrations and offline requests, by address: each costs RSA operations and perhaps a row.
    pub registrations: PeerLimit<ClientNetwork>,
    /// Requests with a wrong signature or token, by address.
    pub failures: PeerLimit<ClientNetwork>,
    /// Acceptance codes, by Builder license: each costs a row.
    pub acceptance_codes: PeerLimit<LicenseId>,
    /// Signed times, by Builder license: each costs an RSA signature.
    pub signed_times: PeerLimit<LicenseId>,
    /// Purchase keys that are tried, by Builder license.
    pub purchases: PeerLimit<LicenseId>,
    /// Codes to verify an e-mail address, by the address they come from: each costs a mail.
    pub email_codes: PeerLimit<ClientNetwork>,
    /// The same by the address they are sent to, whatever Builder asks: nobody's mailbox is filled.
    pub mailboxes: PeerLimit<EmailKey>,
}

impl RateLimits {
    /// The limits of a configuration.
    pub fn new(config: &RateLimitsConfig) -> Self {
        Self {
            registrations: PeerLimit::per_minute(config.registrations_per_minute),
            failures: PeerLimit::per_minute(config.failures_per_minute),
            acceptance_codes: PeerLimit::per_minute(config.acceptance_codes_per_minute),
            signed_times: PeerLimit::per_minute(config.signed_times_per_minute),
            purchases: PeerLimit::per_minute(config.purchases_per_minute),
            email_codes: PeerLimit::per_minute(config.email_codes_per_minute),
            mailboxes: PeerLimit::of(Quota::per_hour(config.email_codes_per_hour)),
        }
    }
}

/// What addresses are counted as one: an IPv4 address, or the /64 that one IPv6 subscriber has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClientNetwork(IpAddr);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !0 << 64)),
            v4 => v4,
        })
    }
}

/// One limit, counted for each peer alone.
pub struct PeerLimit<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    counted: AtomicU32,
}

impl<K: Hash + Eq + Clone> PeerLimit<K> {
    /// So many a minute, all of which may come at once.
    pub fn per_minute(count: NonZeroU32) -> Self {
        Self::of(Quota::per_minute(count))
    }

    fn of(quota: Quota) -> Self {
        Self { limiter: RateLimiter::keyed(quota), counted: AtomicU32::new(1) }
    }

    /// Counts one more for the peer.
    ///
    /// # Errors
    /// How long to wait, when the peer has had its share.
    pub fn count(&self, peer: &K) -> Result<(), TooManyRequests> {
        if self.counted.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET_AFTER) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(peer).map_err(|until| TooManyRequests {
            wait: until.wait_time_from(DefaultClock::default().now()),
        })
    }
}

/// A peer has asked too often.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("too many requests")]
pub struct TooManyRequests {
    /// How long to wait.
    pub wait: Duration,
}

impl Refusal for TooManyRequests {
    fn slug(&self) -> Slug {
        Slug::RateLimited
    }

    fn help(&self) -> Option<String> {
        Some(format!("try again in {}", counted(self.wait.as_secs() + 1, "second", "seconds")))
    }

    fn wait(&self) -> Option<Duration> {
        Some(self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscriber_of_ipv6_is_one_peer() {
        let network = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().expect(text));
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:1"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn each_peer_has_its_own_share() {
        let limit = PeerLimit::per_minute(NonZeroU32::new(2).expect("not zero"));
        assert!(limit.count(&1).is_ok());
        assert!(limit.count(&1).is_ok());
        assert!(limit.count(&1).is_err());
        assert!(limit.count(&2).is_ok());
    }
}
