//! What requests for licenses share that are decided in one transaction: looked up for all of them at once, and
//! written at once, as each statement costs more than what it does.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe};
use trybuy_formats::ids::{ChallengeId, ClientId, ProductId, SeatLicenseId};
use trybuy_formats::licensing::seat_license::SeatLicense;

use super::assignments::{self, Assignment};
use super::bars;
use super::cases::{GrantingModule, LicenseCase, UpgradedSeat, UsedChallenge, WantedLicense, Way};
use super::decisions::DecisionReason;
use super::open_packs::OpenPacks;
use super::packs::{self, OfferingPack, PackChoice};
use super::signing::{Allocated, Signing};
use crate::store::StoreError;
use crate::store::columns::{Columns, number};
use crate::store::rows::{parts, rows};

/// Of challenges that are sent twice only the first is taken. Answers those that were not used before.
const USE_CHALLENGES: [&str; 2] = [
    "INSERT INTO used_challenges (id, period) VALUES ",
    " ON CONFLICT (id) DO NOTHING RETURNING id",
];

/// The state that a group works on.
pub(super) struct Group {
    /// Challenges that nobody had answered.
    challenges: HashSet<ChallengeId>,
    /// The period that they are answered in.
    period: u64,
    /// The licenses of each client for a product, until the first request of that client is decided.
    held: HashMap<(ClientId, ProductId), Vec<Assignment>>,
    /// Clients that get nothing new.
    barred: HashSet<(ClientId, ProductId)>,
    packs: OpenPacks,
    /// Seats that were allocated and whose licenses are not signed yet.
    allocated: Vec<Allocated>,
    /// Licenses that are not written yet.
    signing: Signing,
    /// The certificates of those that are.
    issued: HashMap<SeatLicenseId, Vec<u8>>,
}

impl Group {
    /// Looks up what the requests need, and uses up their challenges.
    pub(super) async fn of(
        connection: &mut AnyConnection,
        cases: &[&LicenseCase],
        period: u64,
    ) -> Result<Self, StoreError> {
        let challenges = use_challenges(connection, cases, period).await?;
        let open = cases.iter().filter(|case| case.refused.is_none());
        let clients = open.map(|case| (case.wanted.client_id, case.wanted.product_id.clone()));
        let mut held: HashMap<_, Vec<_>> = clients.map(|client| (client, Vec::new())).collect();
        let clients: Vec<_> = held.keys().cloned().collect();
        for license in assignments::held(connection, &clients).await? {
            let client = (license.client_id, license.product_id.clone());
            held.entry(client).or_default().push(license);
        }
        let barred = bars::barred(connection, &clients).await?.into_iter().collect();
        Ok(Self {
            challenges,
            period,
            held,
            barred,
            packs: OpenPacks::default(),
            allocated: Vec::new(),
            signing: Signing::default(),
            issued: HashMap::new(),
        })
    }

    /// Uses a challenge, also for a wrong response. Answers why it does not count.
    pub(super) fn use_challenge(&mut self, challenge: UsedChallenge) -> Option<DecisionReason> {
        if !challenge.is_of(self.period) {
            return Some(DecisionReason::ChallengeLate);
        }
        (!self.challenges.remove(&challenge.id)).then_some(DecisionReason::ChallengeRepeated)
    }

    /// Whether a client gets nothing new.
    pub(super) fn is_barred(&self, wanted: &WantedLicense) -> bool {
        self.barred.contains(&(wanted.client_id, wanted.product_id.clone()))
    }

    /// The licenses that a client has for a product, ended ones among them and revoked ones not.
    pub(super) async fn held(
        &mut self,
        connection: &mut AnyConnection,
        wanted: &WantedLicense,
    ) -> Result<Vec<Assignment>, StoreError> {
        let client = (wanted.client_id, wanted.product_id.clone());
        if let Some(held) = self.held.remove(&client) {
            return Ok(held);
        }
        self.write(connection).await?;
        assignments::held(connection, &[client]).await
    }

    /// What was looked up of a client and a product is not so any more: a license was assigned again.
    pub(super) fn forget(&mut self, license: &SeatLicense) {
        self.held.remove(&(license.client_id, license.product_id.clone()));
    }

    /// The pack that the next license is allocated from.
    pub(super) async fn choose_pack(
        &mut self,
        connection: &mut AnyConnection,
        choice: PackChoice,
    ) -> Result<Option<OfferingPack>, StoreError> {
        self.packs.choose(connection, choice).await
    }

    /// A free license that is for what is wanted once it is upgraded. It is looked for among what is written.
    pub(super) async fn choose_upgraded_seat(
        &mut self,
        connection: &mut AnyConnection,
        choice: &PackChoice,
    ) -> Result<Option<Box<UpgradedSeat>>, StoreError> {
        self.write(connection).await?;
        Ok(packs::with_upgraded_seat(connection, choice).await?.map(Box::new))
    }

    /// Allocates the next seat of a pack that was chosen (SL Fig. 6, step 204). Answers its license, which
    /// [`Group::write`] issues.
    pub(super) fn allocate(
        &mut self,
        granting: &Arc<dyn GrantingModule>,
        wanted: &WantedLicense,
        pack: OfferingPack,
    ) -> Option<SeatLicenseId> {
        let seat = self.packs.take(pack.pack_id)?;
        let license_id = SeatLicenseId::of_pack(pack.pack_id, seat.serial, seat.turn);
        let (granting, wanted) = (Arc::clone(granting), wanted.clone());
        self.allocated.push(Allocated { granting, wanted, pack, license_id });
        Some(license_id)
    }

    /// The certificate of a license that was allocated and written.
    pub(super) fn certificate(&mut self, license: SeatLicenseId) -> Option<Vec<u8>> {
        self.issued.remove(&license)
    }

    /// Begins to sign the licenses of all that was allocated.
    pub(super) fn sign(&mut self) {
        self.signing.begin(std::mem::take(&mut self.allocated));
    }

    /// Signs and writes what was not written yet.
    pub(super) async fn write(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        self.sign();
        self.packs.write(connection).await?;
        let licenses = self.signing.finish().await?;
        assignments::insert(connection, &licenses).await?;
        let issued = licenses.into_iter().map(|license| (license.license_id, license.certificate));
        self.issued.extend(issued);
        Ok(())
    }
}

async fn use_challenges(
    connection: &mut AnyConnection,
    cases: &[&LicenseCase],
    period: u64,
) -> Result<HashSet<ChallengeId>, StoreError> {
    let challenges = cases.iter().filter_map(|case| challenge(case));
    let challenges: Vec<_> = challenges.filter(|challenge| challenge.is_of(period)).collect();
    let mut new = HashSet::new();
    for challenges in parts(&challenges) {
        let [insert, returning] = USE_CHALLENGES;
        let statement = format!("{insert}{}{returning}", rows(challenges.len(), 2));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for challenge in challenges {
            query = query.bind(challenge.id.to_string()).bind(number(challenge.period));
        }
        for row in query.fetch_all(&mut *connection).await? {
            new.insert(Columns(&row).text("id")?);
        }
    }
    Ok(new)
}

/// The challenge that a request uses up.
pub(super) fn challenge(case: &LicenseCase) -> Option<UsedChallenge> {
    match case.way {
        Way::Challenge { challenge, .. } => challenge,
        Way::Upgrade | Way::Gateway(_) => None,
    }
}
