//! Certificates: the gateway's own, and those that clients show.
//!
//! A client need not show one, and any is taken whose key the client proves to have: whether it is a
//! license is decided about each request, so that a client without one gets an answer that says so
//! instead of a connection that breaks off.

mod any_client;
mod server_certificate;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem;
use rustls::server::ServerSessionMemoryCache;
use rustls::{DistinguishedName, ServerConfig};

use self::any_client::AnyClient;

pub use self::server_certificate::ServerCertificate;

/// The names of the protocols in ALPN (RFC 7301).
pub(super) const HTTP2: &[u8] = b"h2";
const HTTP11: &[u8] = b"http/1.1";

/// Sessions that can be resumed. Each holds the client's certificates, some 2 KB.
const SESSIONS: usize = 4096;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file holds no certificates, or no key.
    #[error("{} is not PEM with {expected}", path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
        /// Where it is wrong.
        #[source]
        source: pem::Error,
    },
    /// The key is not the certificate's, or neither can be used.
    #[error("the certificate and the key do not make a server")]
    Unusable(#[source] rustls::Error),
}

/// The gateway's TLS: its certificate, and the subjects (DER names) of the authorities whose licenses are
/// asked for. Browsers offer only certificates of these; none names no authority.
pub fn server_config(
    certificate: Arc<ServerCertificate>,
    authorities: Vec<Vec<u8>>,
) -> Arc<ServerConfig> {
    let authorities = authorities.into_iter().map(DistinguishedName::from).collect();
    let builder = ServerConfig::builder();
    let algorithms = builder.crypto_provider().signature_verification_algorithms;
    let mut config = builder
        .with_client_cert_verifier(Arc::new(AnyClient::new(authorities, algorithms)))
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP11.to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Arc::new(config)
}
