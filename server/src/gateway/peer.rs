//! Who is at the other end of a connection.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::access::Pass;
use crate::serving::Party;

/// Where a connection comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// An address, over TLS.
    Network(SocketAddr),
    /// This machine, through the socket of direct-connect clients.
    Local {
        /// The user, as the system says it.
        user: u32,
    },
}

/// The other end of a connection, the same for all of its requests.
pub struct Peer {
    /// Where it is.
    pub origin: Origin,
    /// The certificates that it showed, its own first; none where it showed none. It has the key of the
    /// first one; whether any of them means anything has not been looked at.
    pub certificates: Option<Vec<CertificateDer<'static>>>,
    /// What was found out about the license that it showed.
    pass: Mutex<Option<Pass>>,
}

impl Peer {
    /// A peer that nothing has been found out about.
    pub(super) fn new(origin: Origin, certificates: Option<Vec<CertificateDer<'static>>>) -> Self {
        Self { origin, certificates, pass: Mutex::new(None) }
    }

    /// What was found out about the license that it showed.
    pub(super) fn pass(&self) -> Option<Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers what was found out.
    pub(super) fn remember(&self, pass: Pass) {
        *self.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
    }
}

impl From<Origin> for Party {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Network(address) => address.into(),
            Origin::Local { user } => Self::User(user),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address) => address.fmt(f),
            Self::Local { user } => write!(f, "user {user}"),
        }
    }
}
