//! Granting a seat license (SL Fig. 6, steps 202 to 206, and Fig. 8, steps 246 and 248): decided, signed,
//! counted and recorded in one transaction.
//!
//! What is decided is the granting module's; what the tables hold under concurrency is held here: the end of
//! the records is locked first, so that one decision follows the other, and constraints hold the rest.

mod standing;

use std::sync::Arc;

use sqlx::AnyConnection;
use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{Label, PackId, SeatLicenseId};
use trybuy_formats::licensing::seat_license::SeatLicenseKind;

use super::assignments::{self, Assignment};
use super::cases::{
    Allocation, GrantingModule, LicenseCase, LicenseGrant, LicenseTerms, UpgradedSeat,
    WantedLicense, Way,
};
use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision};
use super::group::{Group, challenge};
use super::issuing::issue_seat;
use super::packs::OfferingPack;
use super::reissuing::{reissued_seat, reissued_temporary};
use super::temporary::{self, TemporaryLicense};
use super::{adoptions, seats, upgrades};
use crate::store::connections::in_time;
use crate::store::group_queue::Grouped;
use crate::store::{Store, StoreError};

impl Store {
    /// Decides about a license, and records the decision, durably. Requests at the same time share a commit.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was recorded then, or, if the database went away during the commit, perhaps all of
    /// it. Asking again is safe in both cases: what was granted is issued again.
    pub async fn grant_license(
        &self,
        granting: &Arc<dyn GrantingModule>,
        case: LicenseCase,
    ) -> Result<LicenseGrant, StoreError> {
        let queued = QueuedLicense { granting: Arc::clone(granting), case };
        match &self.license_queue {
            Some(queue) => in_time(queue.write(queued)).await,
            None => queued.alone(self).await,
        }
    }
}

/// A request that waits to be decided.
pub(in crate::store) struct QueuedLicense {
    granting: Arc<dyn GrantingModule>,
    case: LicenseCase,
}

impl Grouped for QueuedLicense {
    type Answer = LicenseGrant;

    async fn together(store: &Store, group: &[&Self]) -> Result<Vec<LicenseGrant>, StoreError> {
        let Some(first) = group.first() else { return Ok(Vec::new()) };
        store.write(&Chained { secret: first.granting.secret(), operation: &group }).await
    }

    async fn alone(&self, store: &Store) -> Result<LicenseGrant, StoreError> {
        let mut grants = Self::together(store, &[self]).await?;
        grants.pop().ok_or(StoreError::Contention)
    }
}

impl ChainedOperation for &[&QueuedLicense] {
    type Answer = Vec<LicenseGrant>;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<Vec<LicenseGrant>, StoreError> {
        let cases: Vec<_> = self.iter().map(|queued| &queued.case).collect();
        let mut group = Group::of(connection, &cases, chain.head().challenge_period).await?;
        let mut answers = Vec::with_capacity(self.len());
        for queued in *self {
            let decided = queued.decide(connection, chain, &mut group).await?;
            chain.append(queued.decision(&decided));
            answers.push(decided.answer);
        }
        group.sign();
        chain.write(connection).await?;
        group.write(connection).await?;
        let answer = |answer| match answer {
            Answer::Ready(grant) => Ok(grant),
            Answer::Allocated(license) => {
                let certificate = group.certificate(license).ok_or(StoreError::Contention)?;
                Ok(LicenseGrant::Issued { outcome: LicenseOutcome::Granted, certificate })
            }
        };
        answers.into_iter().map(answer).collect()
    }
}

/// A decision: what is recorded of it, and what is answered.
struct Decided {
    outcome: DecisionOutcome,
    reason: Option<DecisionReason>,
    pack_id: Option<PackId>,
    license_id: Option<SeatLicenseId>,
    answer: Answer,
}

/// What is answered.
enum Answer {
    Ready(LicenseGrant),
    /// A license that is issued with the others of the group.
    Allocated(SeatLicenseId),
}

impl Decided {
    fn refused(reason: DecisionReason) -> Self {
        Self {
            outcome: DecisionOutcome::Refused,
            reason: Some(reason),
            pack_id: None,
            license_id: None,
            answer: Answer::Ready(LicenseGrant::Refused(reason)),
        }
    }

    fn issued(
        outcome: LicenseOutcome,
        pack_id: Option<PackId>,
        license_id: SeatLicenseId,
        certificate: Vec<u8>,
    ) -> Self {
        Self {
            outcome: outcome.into(),
            reason: None,
            pack_id,
            license_id: Some(license_id),
            answer: Answer::Ready(LicenseGrant::Issued { outcome, certificate }),
        }
    }

    fn allocated(pack_id: PackId, license_id: SeatLicenseId) -> Self {
        Self {
            outcome: DecisionOutcome::Granted,
            reason: None,
            pack_id: Some(pack_id),
            license_id: Some(license_id),
            answer: Answer::Allocated(license_id),
        }
    }

    fn because(self, reason: DecisionReason) -> Self {
        Self { reason: Some(reason), ..self }
    }
}

impl QueuedLicense {
    async fn decide(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
        group: &mut Group,
    ) -> Result<Decided, StoreError> {
        let Self { granting, case } = self;
        if let Some(reason) = challenge(case).and_then(|it| group.use_challenge(it)) {
            return Ok(Decided::refused(reason));
        }
        if let Some(reason) = case.refused {
            return Ok(Decided::refused(reason));
        }
        let now = case.wanted.now;
        if let Some(presented) = &case.presented {
            group.write(connection).await?;
            if adoptions::adopt(connection, chain, presented, None, now).await? {
                group.forget(&presented.license);
            }
        }
        let held = group.held(connection, &case.wanted).await?;
        let held = upgrades::as_good_now(connection, held, now).await?;
        if let Some(license) = granting.existing(&case.wanted, &held) {
            return self.reissue(connection, license.clone()).await;
        }
        let standing = self.standing(connection, chain, group, &held).await?;
        match granting.allocation(standing) {
            Allocation::Upgrade(license, pack) => self.upgrade(connection, *license, pack).await,
            Allocation::Seat(pack) => {
                let pack_id = pack.pack_id;
                let license_id = group.allocate(granting, &case.wanted, pack);
                Ok(Decided::allocated(pack_id, license_id.ok_or(StoreError::Contention)?))
            }
            Allocation::UpgradedSeat(upgraded) => self.grant_upgraded(connection, *upgraded).await,
            Allocation::Temporary(features) => self.issue_temporary(connection, features).await,
            Allocation::TemporaryAgain(old) => self.reissue_temporary(connection, old).await,
            Allocation::Refused(reason) => Ok(Decided::refused(reason)),
        }
    }

    /// What is recorded of a decision.
    fn decision(&self, decided: &Decided) -> LicenseDecision {
        let WantedLicense { client_id, product_id, version, features, platform_type, now, .. } =
            &self.case.wanted;
        let (software_id, gateway) = match &self.case.way {
            Way::Challenge { software_id, .. } => (Some(*software_id), None),
            Way::Upgrade => (None, None),
            Way::Gateway(gateway) => (None, Some(gateway.clone())),
        };
        LicenseDecision {
            reason: decided.reason,
            client_id: Some(*client_id),
            product_id: Some(product_id.clone()),
            version: Some(version.clone()),
            features: features.clone(),
            platform_type: Some(*platform_type),
            software_id,
            gateway,
            pack_id: decided.pack_id,
            license_id: decided.license_id,
            ..LicenseDecision::of(decided.outcome, *now)
        }
    }

    /// Issues a license again that the client has.
    async fn reissue(
        &self,
        connection: &mut AnyConnection,
        old: Assignment,
    ) -> Result<Decided, StoreError> {
        let Self { granting, case } = self;
        let license = reissued_seat(connection, &**granting, &case.wanted, old).await?;
        let Assignment { license_id, pack_id, certificate, .. } = license;
        Ok(Decided::issued(LicenseOutcome::Reissued, Some(pack_id), license_id, certificate))
    }

    /// Issues the one temporary license again that the client had.
    async fn reissue_temporary(
        &self,
        connection: &mut AnyConnection,
        old: TemporaryLicense,
    ) -> Result<Decided, StoreError> {
        let Self { granting, case } = self;
        let license = reissued_temporary(connection, &**granting, &case.wanted, old).await?;
        let TemporaryLicense { license_id, certificate, .. } = license;
        let issued = Decided::issued(LicenseOutcome::TemporaryAgain, None, license_id, certificate);
        Ok(issued.because(DecisionReason::NoFreeLicense))
    }

    /// Upgrades a record of the table, consuming one upgrade license (SL Fig. 8, step 248). The license keeps its
    /// id, and so its seat; its certificate is another one, and the one before is superseded.
    async fn upgrade(
        &self,
        connection: &mut AnyConnection,
        old: Assignment,
        pack: OfferingPack,
    ) -> Result<Decided, StoreError> {
        let upgrade = pack.pack_id;
        let issued = self.issue(old.license_id, old.pack_id, pack)?;
        let row = Assignment { granted_twice: old.granted_twice, ..issued };
        if !upgrades::upgrade(connection, &old, &row).await? {
            return Err(StoreError::Contention);
        }
        let outcome = LicenseOutcome::Upgraded;
        Ok(Decided::issued(outcome, Some(upgrade), row.license_id, row.certificate))
    }

    /// Allocates a free license and upgrades it, consuming one of each: as both had been done one after the other, but
    /// for the license in between, which nobody needs. What is recorded and in the license is the pack of the upgrade;
    /// that of the seat is in the license's id.
    async fn grant_upgraded(
        &self,
        connection: &mut AnyConnection,
        UpgradedSeat { seat, upgrade }: UpgradedSeat,
    ) -> Result<Decided, StoreError> {
        let taken = seats::take(connection, seat.pack_id).await?.ok_or(StoreError::Contention)?;
        let license_id = SeatLicenseId::of_pack(taken.pack, taken.serial, taken.turn);
        let pack_id = upgrade.pack_id;
        let row = self.issue(license_id, taken.pack, upgrade)?;
        if !upgrades::take(connection, &row).await? {
            return Err(StoreError::Contention);
        }
        assignments::insert(connection, std::slice::from_ref(&row)).await?;
        let outcome = LicenseOutcome::Granted;
        Ok(Decided::issued(outcome, Some(pack_id), license_id, row.certificate))
    }

    /// Issues the one temporary license, with the features of what it stands in for.
    async fn issue_temporary(
        &self,
        connection: &mut AnyConnection,
        features: Vec<Label>,
    ) -> Result<Decided, StoreError> {
        let LicenseCase { wanted, temporary: lasts, .. } = &self.case;
        let (license_id, ends_at) = (SeatLicenseId::temporary(), wanted.now.plus(*lasts));
        let terms = LicenseTerms {
            license_id,
            kind: SeatLicenseKind::Temporary,
            pack_id: None,
            version: &wanted.version,
            features: &features,
            ends_at: Some(ends_at),
        };
        let issued = self.granting.issue(wanted, &terms).map_err(StoreError::Signing)?;
        let row = TemporaryLicense {
            license_id,
            client_id: wanted.client_id,
            issued_at: wanted.now,
            ends_at,
            product_id: wanted.product_id.clone(),
            version: wanted.version.clone(),
            features,
            platform_type: wanted.platform_type,
            certificate_serial: issued.certificate_serial,
            certificate: issued.certificate,
        };
        if !temporary::insert(connection, &row).await? {
            return Err(StoreError::Contention);
        }
        let issued = Decided::issued(LicenseOutcome::Temporary, None, license_id, row.certificate);
        Ok(issued.because(DecisionReason::NoFreeLicense))
    }

    fn issue(
        &self,
        license_id: SeatLicenseId,
        seat_pack: PackId,
        offered: OfferingPack,
    ) -> Result<Assignment, StoreError> {
        issue_seat(&*self.granting, &self.case.wanted, license_id, seat_pack, offered)
    }
}
