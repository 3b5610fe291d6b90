//! `trybuy-server client-image`: what vendors of clients do.

use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use trybuy_formats::certificates::{CertificateChain, CertificateError, CertificateRequest, Role};
use trybuy_formats::ids::{Digest, ImageVendorId, Name};
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_formats::licensing::signing::sign_certified;
use trybuy_formats::limits;
use trybuy_formats::primitives::{EcdsaKey, Sha256};
use trybuy_formats::signed::FORMAT;
use trybuy_formats::slug::Slug;
use zeroize::Zeroizing;

use super::arguments::license_server::{ClientImageCommand, SignImage};
use super::failure::Failure;
use super::{files, output};
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::{create_private_dir, open_regular};

/// The most that is read of a file with a key, in bytes; a key has some hundred.
const KEY_FILE: usize = 4096;

pub(super) fn run(command: ClientImageCommand) -> Result<()> {
    match command {
        ClientImageCommand::Init { directory, vendor, name } => init(&directory, vendor, &name),
        ClientImageCommand::Sign(options) => sign(options),
    }
}

/// Makes a vendor's key. The request comes last.
fn init(directory: &Path, vendor: ImageVendorId, name: &Name) -> Result<()> {
    create_private_dir(directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let key = EcdsaKey::generate().context("no key can be made")?;
    let request = CertificateRequest::to_sign_with(&key, name.as_str(), &vendor.to_string())
        .context("the name cannot stand in a certificate")?;
    let pkcs8 = key.to_pkcs8().context("no key can be made")?;
    files::write_output(&directory.join("signing.key"), &pkcs8)?;
    let path = directory.join("request.pem");
    files::write_output(&path, request.as_bytes())?;
    output::print(&format!(
        "made {}\nnext: have a certifying authority issue a certificate for it, as an image vendor\n",
        path.display()
    ))
}

fn sign(options: SignImage) -> Result<()> {
    let SignImage { image, software_id, name, version, certificate, key, out } = options;
    let pem = files::read_text(&certificate, limits::CERTIFICATE_FILE)?;
    let chain = CertificateChain::from_pem(&pem).map_err(refused)?;
    let key = read_key(&key)?;
    if chain.leaf().spki() != key.spki() {
        return Err(refused(CertificateError::OtherKey).into());
    }
    chain.leaf().check_role(Role::ImageVendor).map_err(refused)?;
    let vendor = chain.leaf().subject_id().unwrap_or_default();
    if vendor != software_id.vendor().to_string() {
        let what = format!(
            "the certificate is of the vendor {vendor}, and {software_id} is an id of the vendor {}",
            software_id.vendor()
        );
        let help = "a client software id has your vendor number in its digits 3 to 8";
        return Err(Failure::new(Slug::ClientImageRefused, what).help(help).into());
    }
    let (size, digest) = measure(&image)?;
    let signed_at = SystemClock.now();
    let statement =
        ClientImage { format: FORMAT, software_id, name, version, size, digest, signed_at };
    let signed = sign_certified(&key, &chain, &statement).map_err(|error| {
        Failure::new(Slug::ClientImageRefused, format!("the image cannot be signed: {error}"))
            .help("an image has 1 byte to 1 GiB")
    })?;
    files::write_output(&out, signed.as_bytes())?;
    output::print(&format!("signed {digest}\n"))
}

fn read_key(path: &Path) -> Result<EcdsaKey, Failure> {
    let unusable = |what: String| {
        Failure::new(Slug::LocalFile, format!("{} {what}", path.display()))
            .help("name your private key, PKCS#8 in DER")
    };
    let read = || -> io::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE));
        open_regular(path)?.take(KEY_FILE as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| unusable(format!("cannot be read: {error}")))?;
    EcdsaKey::from_pkcs8(&bytes).map_err(|_| unusable("is not a key of P-256".to_owned()))
}

fn refused(error: CertificateError) -> Failure {
    Failure::new(Slug::CertificateRefused, format!("the certificate cannot be used: {error}"))
        .help("name the certificate that the certifying authority issued for your key, as an image vendor")
}

/// The length of a file, and its SHA-256.
fn measure(path: &Path) -> Result<(u64, Digest), Failure> {
    let read = || -> io::Result<(u64, Digest)> {
        let mut file = open_regular(path)?.take(limits::CLIENT_IMAGE + 1);
        let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                return Ok((size, Digest::from_bytes(hash.finish())));
            }
            size += length as u64;
            hash.update(&piece[..length]);
        }
    };
    read().map_err(|error| {
        Failure::new(Slug::LocalFile, format!("{} cannot be read: {error}", path.display()))
            .help("name the client's executable file")
    })
}
