//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::access::Pass;

/// The other end of a connection, the same for all of its requests.
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The certificates that it showed, its own first; none where it showed none. It has the key of the
    /// first one; whether any of them means anything has not been looked at.
    pub certificates: Option<Vec<CertificateDer<'static>>>,
    /// Its user, where it is on this machine and the system says so.
    pub user: Option<u32>,
    /// What was found out about the license that it showed.
    pass: Mutex<Option<Pass>>,
}

impl Peer {
    /// A peer that nothing has been found out about.
    pub fn new(
        address: SocketAddr,
        certificates: Option<Vec<CertificateDer<'static>>>,
        user: Option<u32>,
    ) -> Self {
        Self { address, certificates, user, pass: Mutex::new(None) }
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
