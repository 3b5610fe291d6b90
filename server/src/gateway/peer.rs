//! Who is at the other end of a connection.

use std::net::SocketAddr;

use rustls::pki_types::CertificateDer;

/// The other end of a connection, the same for all of its requests.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// The certificates that it showed, its own first; none where it showed none. It has the key of the
    /// first one; whether any of them means anything has not been looked at.
    pub certificates: Option<Vec<CertificateDer<'static>>>,
}
