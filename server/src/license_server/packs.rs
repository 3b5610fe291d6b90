//! The license pack installer 110 (SL Fig. 4, steps 164 to 170).
//!
//! Whether the clearinghouse's certificate is good is asked at two times. Now: an authority's certificate that has
//! ended vouches for nobody, so a pack has to be installed while its clearinghouse's certificate is valid, or be
//! delivered again, signed anew. And at the pack's issue date, so that a certificate is not used for a time in which
//! it was not valid. A pack is refused by name for every other reason that it can have.
//!
//! What is refused leaves a record, too. Packs come by commands only, so nobody but the operator can fill the database
//! with those.

use trybuy_formats::certificates::{Authorities, Certificate, CertificateError, Role};
use trybuy_formats::ids::{LicenseServerId, OrderId, PackId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::pack::{LicensePack, PackError, SealedPack};
use trybuy_formats::licensing::signing::{CertifiedError, open_certified};
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::signed::SignedError;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::{
    DecisionOutcome, DecisionReason, LicenseDecision, PackInstallation, PackReason, Store,
    StoreError,
};

/// What packs are installed with.
pub struct PackInstaller<'a> {
    /// The secure license store 112.
    pub store: &'a Store,
    /// What authenticates the records.
    pub secret: &'a LicenseServerSecret,
    /// The certifying authority that clearinghouses are under.
    pub authorities: &'a Authorities,
    /// Who packs are for.
    pub license_server: &'a LicenseServerId,
    /// The key K_LS that packs are encrypted to.
    pub key: &'a DecryptionKey,
    /// The time.
    pub now: Instant,
}

/// Why a pack was not installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackRefused {
    /// It is no pack, or its signature does not fit.
    #[error("the file: {0}")]
    Document(SignedError),
    /// It is not from a known clearinghouse.
    #[error("the certificate that the pack is signed under was refused: {0}")]
    Certificate(CertificateError),
    /// The clearinghouse's certificate was not valid when the pack was issued.
    #[error("the clearinghouse's certificate was not valid when the pack was issued")]
    IssueDate,
    /// It is for another license server.
    #[error("the pack is for the license server {0}")]
    LicenseServer(LicenseServerId),
    /// It cannot be decrypted, or is not the one that is written outside.
    #[error("the pack cannot be opened")]
    Contents(#[source] PackError),
    /// The clearinghouse in it is not the one that signed it.
    #[error("the pack names the clearinghouse {named} and is signed by {signer}")]
    Clearinghouse {
        /// Which one it names.
        named: String,
        /// Whose certificate it is.
        signer: String,
    },
    /// Its licenses have ended.
    #[error("the licenses of the pack ended at {0}")]
    Ended(Instant),
    /// It was installed before.
    #[error("the pack has been installed before")]
    Installed,
    /// Another pack of its order was.
    #[error("another pack of its order has been installed before: {0}")]
    OrderInstalled(PackId),
    /// It is of another order than the one that it was asked for.
    #[error("the pack is that of the order {0}")]
    Order(OrderId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PackRefused {
    /// What is recorded of it; nothing where the store failed, and nothing was decided.
    fn reason(&self) -> Option<PackReason> {
        Some(match self {
            Self::Document(SignedError::Signature) => PackReason::PackForged,
            Self::Document(_) | Self::Contents(_) => PackReason::PackUnreadable,
            Self::Certificate(_) | Self::IssueDate | Self::Clearinghouse { .. } => {
                PackReason::ClearinghouseUnknown
            }
            Self::LicenseServer(_) => PackReason::PackForeign,
            Self::Ended(_) => PackReason::PackEnded,
            Self::Installed => PackReason::PackInstalled,
            Self::OrderInstalled(_) => PackReason::OrderInstalled,
            Self::Order(_) => PackReason::PackForeign,
            Self::Store(_) => return None,
        })
    }
}

impl Refusal for PackRefused {
    fn slug(&self) -> Slug {
        match self {
            Self::Document(SignedError::TooNew) | Self::Contents(PackError::TooNew) => {
                Slug::FormatTooNew
            }
            Self::Certificate(_) => Slug::CertificateRefused,
            Self::Installed => Slug::PackInstalled,
            Self::Store(error) => error.slug(),
            _ => Slug::PackRefused,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Document(SignedError::TooNew) | Self::Contents(PackError::TooNew) => {
                "install a newer release of the license server"
            }
            Self::Certificate(CertificateError::Ended) | Self::IssueDate => {
                "ask the clearinghouse to deliver the pack again under a valid certificate"
            }
            Self::Document(_) => "fetch the pack from the clearinghouse again",
            Self::Certificate(_) | Self::Clearinghouse { .. } => {
                "fetch the pack from the clearinghouse again, and see that the certifying authority's \
                 certificate is the right one"
            }
            Self::LicenseServer(_) => "install it on that license server",
            Self::Contents(_) => {
                "see that this license server's keys are those that the pack was ordered with, and fetch \
                 the pack again"
            }
            Self::Ended(_) => "order another one",
            Self::Installed => {
                "its licenses are there: see `trybuy-server license-server pack list`"
            }
            Self::OrderInstalled(_) => {
                "ask the operator of the clearinghouse, which has issued two packs for one order, as when it was \
                 restored from a backup"
            }
            Self::Order(_) => {
                "ask the operator of the clearinghouse; somebody between may have changed its answer"
            }
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}

impl PackInstaller<'_> {
    /// Verifies, decrypts and installs a pack, once (SL Fig. 4, steps 164 to 170): that of an order, where one is asked
    /// for. There is a record, whatever is decided.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn install(
        &self,
        file: &[u8],
        order: Option<OrderId>,
    ) -> Result<LicensePack, PackRefused> {
        let (signer, pack) = match self.open(file) {
            Ok(opened) => opened,
            Err(refused) => return Err(self.refuse(refused, None).await?),
        };
        let checked = check(&pack, &signer, self.now).and_then(|()| check_order(&pack, order));
        if let Err(refused) = checked {
            return Err(self.refuse(refused, Some(&pack)).await?);
        }
        // Whether it is new is decided, and recorded, in one transaction.
        match self.store.install_pack(self.secret, &pack, self.now).await? {
            PackInstallation::Installed => Ok(pack),
            PackInstallation::Again => Err(PackRefused::Installed),
            PackInstallation::OfSameOrder(pack) => Err(PackRefused::OrderInstalled(pack)),
        }
    }

    /// Verifies and decrypts a pack (SL Fig. 4, steps 164 and 166). Answers who signed it, too.
    fn open(&self, file: &[u8]) -> Result<(Certificate, LicensePack), PackRefused> {
        // A file may have been edited where it came by mail: its end of line is no part of it.
        let file = std::str::from_utf8(file).map(str::trim_end);
        let file = file.map_err(|_| PackRefused::Document(SignedError::Malformed))?;
        let role = Role::Clearinghouse;
        let opened = open_certified::<SealedPack>(self.authorities, role, self.now, file);
        let (signer, sealed) = opened.map_err(|error| match error {
            CertifiedError::Certificate(error) => PackRefused::Certificate(error),
            CertifiedError::Document(error) => PackRefused::Document(error),
            _ => PackRefused::Document(SignedError::Malformed),
        })?;
        if sealed.license_server != *self.license_server {
            return Err(PackRefused::LicenseServer(sealed.license_server.clone()));
        }
        Ok((signer, sealed.open(self.key).map_err(PackRefused::Contents)?))
    }

    /// Records that a pack was refused, with what could be read of it.
    async fn refuse(
        &self,
        refused: PackRefused,
        pack: Option<&LicensePack>,
    ) -> Result<PackRefused, StoreError> {
        let outcome = DecisionOutcome::PackRefused;
        let decision = match pack {
            Some(pack) => LicenseDecision::about_pack(outcome, pack, self.now),
            None => LicenseDecision::of(outcome, self.now),
        };
        let reason = refused.reason().map(DecisionReason::Pack);
        let decision = LicenseDecision { reason, ..decision };
        self.store.record_decision(self.secret, decision).await?;
        Ok(refused)
    }
}

fn check_order(pack: &LicensePack, order: Option<OrderId>) -> Result<(), PackRefused> {
    if order.is_some_and(|order| order != pack.order_id) {
        return Err(PackRefused::Order(pack.order_id));
    }
    Ok(())
}

fn check(pack: &LicensePack, signer: &Certificate, now: Instant) -> Result<(), PackRefused> {
    let id = signer.subject_id().unwrap_or_default();
    if id != pack.clearinghouse.as_str() {
        let named = pack.clearinghouse.to_string();
        return Err(PackRefused::Clearinghouse { named, signer: id });
    }
    if !(signer.not_before()..=signer.not_after()).contains(&pack.issued_at) {
        return Err(PackRefused::IssueDate);
    }
    match pack.ends_at.filter(|end| *end <= now) {
        Some(end) => Err(PackRefused::Ended(end)),
        None => Ok(()),
    }
}
