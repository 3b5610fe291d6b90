//! Certificates: the gateway's own, and those that clients show.
//!
//! A client need not show one, and any is taken whose key the client proves to have: whether it is a
//! license is decided about each request, so that a client without one gets an answer that says so
//! instead of a connection that breaks off.

mod any_client;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use rustls::{DistinguishedName, ServerConfig};

use self::any_client::AnyClient;

/// The names of the protocols in ALPN (RFC 7301).
pub(super) const HTTP2: &[u8] = b"h2";
const HTTP11: &[u8] = b"http/1.1";

/// Sessions that can be resumed. Each holds the client's certificates, some 2 KB.
const SESSIONS: usize = 4096;
/// The largest file of certificates or of a key, in bytes.
const FILE_CAP: u64 = 1 << 20;

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

/// The gateway's TLS: its certificate chain, its key, and the subjects (DER names) of the authorities
/// whose licenses are asked for. Browsers offer only certificates of these; none names no authority.
///
/// # Errors
/// When a file is not what it should be, or the key is another certificate's.
pub fn server_config(
    chain: &Path,
    key: &Path,
    authorities: Vec<Vec<u8>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(chain)?;
    let key = private_key(key)?;
    let authorities = authorities.into_iter().map(DistinguishedName::from).collect();
    let builder = ServerConfig::builder();
    let algorithms = builder.crypto_provider().signature_verification_algorithms;
    let mut config = builder
        .with_client_cert_verifier(Arc::new(AnyClient::new(authorities, algorithms)))
        .with_single_cert(chain, key)
        .map_err(TlsError::Unusable)?;
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP11.to_vec()];
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(path)?;
    let malformed = |source| malformed(path, "certificates", source);
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(malformed)?;
    if chain.is_empty() {
        return Err(malformed(pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = zeroize::Zeroizing::new(read(path)?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|source| malformed(path, "a private key", source))
}

fn malformed(path: &Path, expected: &'static str, source: pem::Error) -> TlsError {
    TlsError::Malformed { path: path.to_owned(), expected, source }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    if fs::metadata(path).map_err(unreadable)?.len() > FILE_CAP {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    fs::read(path).map_err(unreadable)
}
