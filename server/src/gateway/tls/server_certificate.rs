//! The gateway's own certificate, which is renewed while the gateway runs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::TlsError;

/// The largest file of certificates or of a key, in bytes.
const FILE_CAP: u64 = 1 << 20;

/// A certificate chain and its key, as they are in their files.
#[derive(Debug)]
pub struct ServerCertificate {
    chain: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    /// Of the files that it was read from.
    dates: Mutex<Dates>,
}

type Dates = [SystemTime; 2];

impl ServerCertificate {
    /// Reads a certificate chain and its key, both in PEM.
    ///
    /// # Errors
    /// When a file is not what it should be, or the key is another certificate's.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::clone(rustls::ServerConfig::builder().crypto_provider());
        let dates = [date(chain)?, date(key)?];
        let current = RwLock::new(certified_key(chain, key, &provider)?);
        let (chain, key) = (chain.to_owned(), key.to_owned());
        Ok(Self { chain, key, provider, current, dates: Mutex::new(dates) })
    }

    /// Looks at the files from time to time, for as long as this is polled. Those that cannot be used, as
    /// when only one of them has been replaced so far, are looked at again the next time.
    pub async fn follow(&self, pause: Duration) {
        loop {
            tokio::time::sleep(pause).await;
            match self.read_again() {
                Ok(true) => tracing::info!("the gateway's certificate was read again"),
                Ok(false) => {}
                Err(error) => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!(error = %format!("{error:#}"), "the certificate stays as it was");
                }
            }
        }
    }

    /// Reads the files again if they have changed. Answers whether they have.
    fn read_again(&self) -> Result<bool, TlsError> {
        let dates = [date(&self.chain)?, date(&self.key)?];
        let mut known = self.dates.lock().unwrap_or_else(PoisonError::into_inner);
        if *known == dates {
            return Ok(false);
        }
        let read = certified_key(&self.chain, &self.key, &self.provider)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
        *known = dates;
        Ok(true)
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn date(path: &Path) -> Result<SystemTime, TlsError> {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

fn certified_key(
    chain: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let (chain, key) = (certificates(chain)?, private_key(key)?);
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Unusable)?;
    Ok(Arc::new(certified))
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
