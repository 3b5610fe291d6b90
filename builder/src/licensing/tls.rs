//! Encrypted connections to gateways: whom they are trusted by, and what the client shows.

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::limits;
use trybuy_formats::primitives::EcdsaKey;

use crate::error::Error;
use crate::messages;

/// A connection that shows no license, for requests.
///
/// # Errors
/// `server-unreachable` when nothing is trusted, `usage` when `ca` is no certificates.
pub fn anonymous(ca: Option<&str>) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder().with_root_certificates(trusted(ca)?).with_no_client_auth())
}

/// A connection that presents a license as the client's certificate, for HTTP/1.1.
///
/// # Errors
/// As [`anonymous`], and `license-invalid` when key and license do not belong together.
pub fn presenting(
    ca: Option<&str>,
    license: &CertificateChain,
    key: &EcdsaKey,
) -> Result<ClientConfig, Error> {
    let certificates = license.certificates().iter();
    let certificates = certificates.map(|it| CertificateDer::from(it.der().to_vec())).collect();
    let pkcs8 = key.to_pkcs8().map_err(|error| messages::key_generation().caused_by(error))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8.to_vec()));
    let mut configuration = ClientConfig::builder()
        .with_root_certificates(trusted(ca)?)
        .with_client_auth_cert(certificates, key)
        .map_err(|error| messages::license_unusable().caused_by(error))?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

/// Whether a text holds certificates in PEM that can be trusted.
///
/// # Errors
/// `usage`, with the file's name.
pub fn check_ca(name: &str, text: &str) -> Result<(), Error> {
    add(&mut RootCertStore::empty(), text).map_err(|why| messages::no_ca(name, &why))
}

/// The system's certificates and those that were named.
fn trusted(ca: Option<&str>) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // As other programs do: what cannot be read of the system's certificates is not trusted.
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(text) = ca {
        add(&mut roots, text).map_err(messages::no_certificates)?;
    }
    if roots.is_empty() {
        return Err(messages::no_certificates("none are installed".to_owned()));
    }
    Ok(roots)
}

fn add(roots: &mut RootCertStore, text: &str) -> Result<(), String> {
    if text.len() > limits::CERTIFICATE_FILE {
        return Err(format!("it is longer than {} bytes", limits::CERTIFICATE_FILE));
    }
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("it holds no certificates in PEM".to_owned()) } else { Ok(()) }
}
