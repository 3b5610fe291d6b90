//! A server, a Builder with its licenses, and strangers of both kinds.

use std::error::Error;

use serde_json::{Value, json};
use trybuy_formats::builder_license::{BuilderKind, BuilderLicense, Holder};
use trybuy_formats::ids::{Digest, KeyId, LicenseId, LicenseeId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::{LicenseSecret, MasterSecret, key_id};
use trybuy_formats::primitives::{DecryptionKey, SignatureKey};
use trybuy_formats::signed;

use super::base64;

/// Who takes part.
pub(super) struct Parties {
    pub(super) server: SignatureKey,
    pub(super) builder: DecryptionKey,
    pub(super) other_server: SignatureKey,
    pub(super) other_builder: DecryptionKey,
    pub(super) master: MasterSecret,
    /// The license that files are opened with.
    pub(super) license: BuilderLicense,
}

impl Parties {
    pub(super) fn new() -> Result<Self, Box<dyn Error>> {
        let (builder, master) = (DecryptionKey::generate()?, MasterSecret::generate());
        Ok(Self {
            license: license(&builder, &master, LicenseId::new())?,
            server: SignatureKey::generate()?,
            other_server: SignatureKey::generate()?,
            other_builder: DecryptionKey::generate()?,
            builder,
            master,
        })
    }

    pub(super) fn builder_key_id(&self) -> KeyId {
        self.license.builder_key_id
    }

    pub(super) fn secret(&self) -> LicenseSecret {
        LicenseSecret::derive(&self.master, self.license.license_id, self.builder_key_id())
    }

    /// The license with changes, signed.
    pub(super) fn sign(
        &self,
        change: impl FnOnce(&mut BuilderLicense),
    ) -> Result<String, signed::SignError> {
        let mut license = self.license.clone();
        change(&mut license);
        signed::sign(&self.server, &license)
    }

    /// `keys.json`.
    pub(super) fn keys(&self) -> Result<Value, Box<dyn Error>> {
        let of_another = license(&self.builder, &self.master, LicenseId::new())?;
        Ok(json!({
            "builder_keys": {
                "builder": base64(&self.builder.to_pkcs8()?),
                "stranger": base64(&self.other_builder.to_pkcs8()?),
            },
            "server_keys": {
                "server": base64(self.server.verification_key().spki()),
                "stranger": base64(self.other_server.verification_key().spki()),
            },
            "licenses": {
                "license": self.sign(|_| {})?,
                "other-licensee": self.sign(|license| license.licensee_ids = vec![LicenseeId::new()])?,
                "second-licensee": self.sign(|license| {
                    license.licensee_ids.insert(0, LicenseeId::new());
                })?,
                "other-secret": signed::sign(&self.server, &of_another)?,
            },
        }))
    }
}

fn license(
    builder: &DecryptionKey,
    master: &MasterSecret,
    license_id: LicenseId,
) -> Result<BuilderLicense, Box<dyn Error>> {
    let recipient = builder.encryption_key();
    let builder_key_id = key_id(recipient.spki());
    let secret = LicenseSecret::derive(master, license_id, builder_key_id);
    Ok(BuilderLicense {
        format: signed::FORMAT,
        license_id,
        licensee_ids: vec![LicenseeId::new()],
        kind: BuilderKind::Trial,
        holder: Holder { name: "Ada Lovelace".parse()?, email: "ada@example.com".parse()? },
        platform: "x86_64-linux".parse()?,
        builder_key_id,
        request_key: vec![7; 32],
        sealed_secret: secret.seal_to(&recipient)?,
        issued_at: at(0)?,
        ends_at: Some(at(400 * 86_400)?),
        terms_digest: Digest::from_bytes([1; 32]),
    })
}

/// An instant some seconds after the one at which everything is issued.
pub(super) fn at(seconds: i64) -> Result<Instant, &'static str> {
    Instant::from_unix(1_800_000_000 + seconds).ok_or("beyond the range of instants")
}
