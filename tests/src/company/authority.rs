//! The certifying authority that all sides trust: the program's own, or one of OpenSSL alone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::text;
use crate::binaries::{Binaries, repository};
use crate::command::Outcome;
use crate::files;
use crate::server::ServerSetup;

/// Whoever issues the certificates of the roles.
pub trait Authority: Send + Sync {
    /// Issues a certificate for a request, beside it, with those it was issued under.
    ///
    /// # Errors
    /// When it is refused.
    fn sign(&self, request: &Path, role: &str, id: &str) -> Result<PathBuf>;

    /// The certificate that is trusted.
    fn trusted(&self) -> PathBuf;
}

/// `trybuy-server authority`.
pub struct Development {
    setup: ServerSetup,
    folder: PathBuf,
}

impl Development {
    /// Makes one in a folder.
    ///
    /// # Errors
    /// When the program refuses.
    pub fn make(binaries: &Binaries, folder: &Path) -> Result<Box<dyn Authority>> {
        let setup = ServerSetup::existing(binaries, folder, &[]);
        let init = ["authority", "init", text(folder)?, "--name", "Example Authority"];
        setup.run(init)?.success()?;
        Ok(Box::new(Self { setup, folder: folder.to_owned() }))
    }
}

impl Authority for Development {
    fn sign(&self, request: &Path, role: &str, id: &str) -> Result<PathBuf> {
        let out = chain_beside(request, role);
        let signed = ["authority", "sign", text(&self.folder)?, text(request)?, "--role", role];
        let rest = ["--id", id, "--out", text(&out)?];
        self.setup.run([signed.as_slice(), &rest].concat())?.success()?;
        Ok(out)
    }

    fn trusted(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }
}

/// A root and an intermediate authority that `openssl` makes, with the sections and the commands of
/// `docs/formats/certificates.md`.
pub struct OpenSsl {
    folder: PathBuf,
    /// Issues one certificate.
    issuing: String,
}

impl OpenSsl {
    /// Makes one in a folder.
    ///
    /// # Errors
    /// When OpenSSL refuses, or the document has not what is needed.
    pub fn make(_: &Binaries, folder: &Path) -> Result<Box<dyn Authority>> {
        let page = std::fs::read_to_string(repository().join("docs/formats/certificates.md"))?;
        let sections = files::blocks(&page, "ini");
        let [making, issuing] = files::blocks(&page, "sh")[..] else {
            anyhow::bail!("the document makes an authority, and then has it issue a certificate");
        };
        std::fs::create_dir(folder)?;
        std::fs::write(folder.join("profile.cnf"), sections.first().context("the sections")?)?;
        let authority = Self { folder: folder.to_owned(), issuing: issuing.to_owned() };
        authority.run(making)?;
        Ok(Box::new(authority))
    }

    fn run(&self, script: &str) -> Result<()> {
        let mut shell = Command::new("bash");
        shell.args(["-euxo", "pipefail", "-c", script]).current_dir(&self.folder);
        Outcome::of(&mut shell)?.success().map(drop)
    }
}

impl Authority for OpenSsl {
    /// The document shows it for a clearinghouse.
    fn sign(&self, request: &Path, role: &str, _: &str) -> Result<PathBuf> {
        let section = role.replace('-', "_");
        let out = chain_beside(request, role);
        let script = self.issuing.replace("clearinghouse.csr", text(request)?);
        let script = script.replace("clearinghouse.pem", text(&out)?);
        self.run(&script.replace("-extensions clearinghouse", &format!("-extensions {section}")))?;
        Ok(out)
    }

    fn trusted(&self) -> PathBuf {
        self.folder.join("root.pem")
    }
}

fn chain_beside(request: &Path, role: &str) -> PathBuf {
    request.with_file_name(format!("{role}.chain.pem"))
}
