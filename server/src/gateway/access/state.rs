//! What a gateway knows, and how it keeps that up to date.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use tokio::sync::watch;
use trybuy_formats::certificates::{
    Authorities, Certificate, CertificateChain, RevocationList, Role, VerifiedLicense,
};
use trybuy_formats::ids::LicenseServerId;
use trybuy_formats::instant::Instant;
use trybuy_formats::primitives::EcdsaKey;

use super::direct_users::DirectUsers;
use super::held_passes::HeldPasses;
use super::license_server::LicenseServer;
use super::rates::{RateLimits, Rates};
use super::requirement::{NoLicense, Requirement};
use super::revoked::Revocations;
use super::seen::Seen;
use super::temporary::TemporaryLicenses;
use super::turns::Turns;
use crate::clock::Clock;
use crate::data_dir::RoleDir;
use crate::health::Disk;
use crate::store::Store;

/// What a gateway is made of.
pub struct GatewayParts {
    /// What a license has to be.
    pub requirement: Requirement,
    /// The certifying authorities that are trusted.
    pub authorities: Authorities,
    /// The license server whose licenses are recognised.
    pub license_server_id: LicenseServerId,
    /// Its certificate, as it was when it was last asked.
    pub issuer: CertificateChain,
    /// What it has revoked, as far as was ever heard.
    pub revocations: Revocations,
    /// What becomes of licenses when no newer revocation list comes.
    pub stale_list: StaleList,
    /// The way to it.
    pub license_server: LicenseServer,
    /// The key that tokens for the service are signed with.
    pub identity_key: EcdsaKey,
    /// The clients that it holds licenses for, and the licenses that were presented.
    pub store: Store,
    /// Where its files are.
    pub directory: RoleDir,
    /// Who may be a direct-connect client.
    pub direct_users: DirectUsers,
    /// How often a client may ask for what costs something.
    pub rates: Rates,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What becomes of licenses when the license server's newest revocation list is older than it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaleList {
    /// They go on working, and the log and the health of the gateway say that the list is old.
    #[default]
    Accept,
    /// None works any more until there is a newer list.
    Refuse,
}

/// What a gateway knows.
pub struct GatewayState {
    pub(super) requirement: Requirement,
    pub(super) authorities: Authorities,
    pub(super) license_server_id: LicenseServerId,
    pub(super) license_server: LicenseServer,
    pub(super) identity_key: EcdsaKey,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) seen: Seen,
    pub(super) turns: Turns,
    pub(super) held_passes: HeldPasses,
    pub(super) temporary_licenses: TemporaryLicenses,
    pub(super) disk: Disk,
    pub(super) directory: RoleDir,
    pub(super) direct_users: DirectUsers,
    /// Told with each round of the worker, whether or not it has heard anything: time has passed.
    pub(super) news: watch::Sender<()>,
    pub(super) rate_limits: RateLimits,
    pub(super) stale_list: StaleList,
    issuer: RwLock<CertificateChain>,
    revocations: RwLock<Revocations>,
}

impl GatewayState {
    /// Puts the parts together.
    pub fn new(parts: GatewayParts) -> Self {
        Self {
            requirement: parts.requirement,
            authorities: parts.authorities,
            license_server_id: parts.license_server_id,
            license_server: parts.license_server,
            identity_key: parts.identity_key,
            store: parts.store,
            clock: parts.clock,
            seen: Seen::default(),
            turns: Turns::default(),
            held_passes: HeldPasses::default(),
            temporary_licenses: TemporaryLicenses::default(),
            disk: Disk::of(parts.directory.path()),
            directory: parts.directory,
            direct_users: parts.direct_users,
            news: watch::Sender::new(()),
            rate_limits: RateLimits::new(&parts.rates),
            stale_list: parts.stale_list,
            issuer: RwLock::new(parts.issuer),
            revocations: RwLock::new(parts.revocations),
        }
    }

    /// Verifies what a client presents: a license of the recognised license server, for a client that
    /// answers challenges. One that comes without the certificate it was issued under is completed.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn verify(
        &self,
        presented: &[CertificateDer<'_>],
        now: Instant,
    ) -> Result<VerifiedLicense, NoLicense> {
        let read = presented.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>();
        let mut chain = CertificateChain::new(read?)?;
        if chain.certificates().len() == 1 {
            chain = self.issuer().with_leaf(chain.leaf().clone())?;
        }
        let verified = self.authorities.verify_license(&chain, now)?;
        let license = verified.license();
        if license.license_server != self.license_server_id {
            let whose = format!("clients of the license server {}", license.license_server);
            return Err(NoLicense::Foreign(whose));
        }
        if !license.platform_type.is_challenged() {
            let whose = format!("{} clients, and no other", license.platform_type);
            return Err(NoLicense::Foreign(whose));
        }
        Ok(verified)
    }

    /// Whether a license that was verified is still valid (SL Fig. 5, step 184).
    ///
    /// # Errors
    /// It has ended, was replaced or was revoked, or whether it was is not known any more and licenses are refused then.
    pub(super) fn still_valid(
        &self,
        license: &VerifiedLicense,
        now: Instant,
    ) -> Result<(), NoLicense> {
        if now > license.certificate().not_after() {
            return Err(NoLicense::Expired);
        }
        let serial = license.certificate().serial();
        match serial.and_then(|serial| self.revocations().refusal(&serial)) {
            Some(refusal) => Err(refusal),
            // The lock is free again: whoever held it twice could wait for a writer that waits for the first time.
            None => self.check_list(now),
        }
    }

    /// Whether what is known of revocations is new enough to let anybody pass.
    ///
    /// # Errors
    /// It is too old, and licenses are refused then.
    pub(super) fn check_list(&self, now: Instant) -> Result<(), NoLicense> {
        let refuses = self.stale_list == StaleList::Refuse && self.revocations().is_stale(now);
        if refuses { Err(NoLicense::StaleList) } else { Ok(()) }
    }

    /// The license server's certificate.
    pub fn issuer(&self) -> CertificateChain {
        self.issuer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes a newer certificate of the license server; a stranger's is not taken.
    pub(super) fn take_issuer(&self, chain: CertificateChain, now: Instant) -> bool {
        let verified = self.authorities.verify(&chain, Role::LicenseIssuer, now);
        let is_ours = verified.is_ok_and(|certificate| {
            certificate.subject_id().as_deref() == Some(self.license_server_id.as_str())
        });
        if is_ours {
            *self.issuer.write().unwrap_or_else(PoisonError::into_inner) = chain;
        }
        is_ours
    }

    /// What was revoked, as far as was ever heard.
    pub(super) fn revocations(&self) -> RwLockReadGuard<'_, Revocations> {
        self.revocations.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a revocation list of the license server.
    pub(super) fn take_revocations(&self, list: &RevocationList) {
        let mut revocations = self.revocations.write().unwrap_or_else(PoisonError::into_inner);
        revocations.take(list, self.clock.now());
    }
}
