//! The encryption of a gateway: its own certificate, and the licenses that it admits.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::script::Script;

/// Certificates of the gateway's own, made by OpenSSL.
pub(super) struct TlsFiles {
    _directory: tempfile::TempDir,
    pub(super) ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

pub(super) fn tls_files() -> &'static TlsFiles {
    static FILES: LazyLock<TlsFiles> = LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = |name| directory.path().join(name);
        openssl(
            &directory,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Company \
             -keyout ca.key -out ca.pem",
        );
        openssl(
            &directory,
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Gateway \
             -addext subjectAltName=IP:127.0.0.1,DNS:localhost -addext basicConstraints=critical,CA:FALSE \
             -CA ca.pem -CAkey ca.key -keyout own.key -out own.pem",
        );
        let (ca, certificate, key) = (path("ca.pem"), path("own.pem"), path("own.key"));
        TlsFiles { _directory: directory, ca, certificate, key }
    });
    &FILES
}

fn openssl(directory: &tempfile::TempDir, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(directory.path());
    let output = command.output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

pub(super) fn configuration(script: &Script) -> ServerConfig {
    let files = tls_files();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let admitted = if script.admits_none { &script.other } else { &script.company };
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(admitted.authority.certificate().der().to_vec()))
        .expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .allow_unauthenticated()
        .build()
        .expect("a verifier");
    let own = CertificateDer::pem_file_iter(&files.certificate).expect("readable");
    let own = own.collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(&files.key).expect("a key");
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(own, key)
        .expect("a configuration")
}
