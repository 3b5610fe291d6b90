//! The certificates of both sides.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A server's certificate for `localhost` and a client's, each signed by itself.
pub(super) struct Certificates(PathBuf);

impl Certificates {
    pub(super) fn make(folder: &Path) -> Result<Self> {
        for name in ["localhost", "client"] {
            let made = Command::new("openssl")
                .current_dir(folder)
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
                .args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")])
                .args(["-addext", &format!("subjectAltName=DNS:{name}")])
                .args(["-addext", "basicConstraints=critical,CA:FALSE"])
                .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
                .output()
                .context("cannot run openssl")?;
            ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}
