//! How many connections each client has, so that none has them all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::rate_limits::ClientNetwork;

/// Who connections are counted for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Party {
    /// Whoever comes from there.
    Network(ClientNetwork),
    /// A user of this machine.
    User(u32),
}

impl From<SocketAddr> for Party {
    fn from(address: SocketAddr) -> Self {
        Self::Network(address.ip().into())
    }
}

/// The connections of each client that has any.
#[derive(Clone)]
pub(super) struct Shares {
    most: usize,
    taken: Arc<Mutex<HashMap<Party, usize>>>,
}

/// One connection of a client, counted until it is dropped.
pub(super) struct Share {
    shares: Shares,
    client: Party,
}

impl Shares {
    /// With at most so many connections for each.
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// Counts one more, unless the client has its share.
    pub(super) fn take(&self, client: Party) -> Option<Share> {
        let mut taken = self.taken();
        let count = taken.entry(client).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Share { shares: self.clone(), client })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Party, usize>> {
        // Every change is complete before anything can panic.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Entry::Occupied(mut count) = self.shares.taken().entry(self.client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    #[test]
    fn each_client_has_its_own_share_and_gets_it_back() {
        let client =
            |text: &str| Party::Network(text.parse::<IpAddr>().expect("an address").into());
        let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
        let shares = Shares::new(2);
        let first = shares.take(one).expect("free");
        let _second = shares.take(one).expect("free");
        assert!(shares.take(one).is_none());
        let others = shares.take(other).expect("free");
        drop(first);
        let _third = shares.take(one).expect("free again");
        drop(others);
        assert!(!shares.taken().contains_key(&other), "nobody is remembered without connections");
    }
}
