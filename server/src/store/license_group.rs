//! What requests for licenses share that are decided in one transaction: looked up for all of them at once, and
//! written at once, as each statement costs more than what it does.

use std::collections::{HashMap, HashSet};

use sqlx::{AnyConnection, AssertSqlSafe};
use trybuy_formats::ids::{ChallengeId, ClientId, ProductId};

use super::columns::Columns;
use super::license_assignments::{self as assignments, Assignment};
use super::license_cases::{LicenseCase, UsedChallenge, WantedLicense, Way};
use super::license_open_packs::OpenPacks;
use super::license_packs::{OfferingPack, PackChoice};
use super::license_seats::Seat;
use super::rows::rows;
use super::{StoreError, license_bars};

/// Of challenges that are sent twice only the first is taken. Answers those that were not used before.
const USE_CHALLENGES: [&str; 2] = [
    "INSERT INTO used_challenges (id, ends_at) VALUES ",
    " ON CONFLICT (id) DO NOTHING RETURNING id",
];

/// The state that a group works on.
pub(super) struct Group {
    /// Challenges that nobody had answered.
    challenges: HashSet<ChallengeId>,
    /// The licenses of each client for a product, until the first request of that client is decided.
    held: HashMap<(ClientId, ProductId), Vec<Assignment>>,
    /// Clients that get nothing new.
    barred: HashSet<(ClientId, ProductId)>,
    packs: OpenPacks,
    /// Licenses that were allocated and are not written yet.
    allocated: Vec<Assignment>,
}

impl Group {
    /// Looks up what the requests need, and uses up their challenges.
    pub(super) async fn of(
        connection: &mut AnyConnection,
        cases: &[&LicenseCase],
    ) -> Result<Self, StoreError> {
        let challenges = use_challenges(connection, cases).await?;
        let open = cases.iter().filter(|case| case.refused.is_none());
        let clients = open.map(|case| (case.wanted.client_id, case.wanted.product_id.clone()));
        let mut held: HashMap<_, Vec<_>> = clients.map(|client| (client, Vec::new())).collect();
        let clients: Vec<_> = held.keys().cloned().collect();
        for license in assignments::held(connection, &clients).await? {
            let client = (license.client_id, license.product_id.clone());
            held.entry(client).or_default().push(license);
        }
        let barred = license_bars::barred(connection, &clients).await?.into_iter().collect();
        let (packs, allocated) = (OpenPacks::default(), Vec::new());
        Ok(Self { challenges, held, barred, packs, allocated })
    }

    /// Uses a challenge, also for a wrong response. Answers whether it had not been used before.
    pub(super) fn use_challenge(&mut self, challenge: UsedChallenge) -> bool {
        self.challenges.remove(&challenge.id)
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

    /// What was looked up of a client is not so any more.
    pub(super) fn forget(&mut self, wanted: &WantedLicense) {
        self.held.remove(&(wanted.client_id, wanted.product_id.clone()));
    }

    /// The pack that the next license is allocated from.
    pub(super) async fn choose_pack(
        &mut self,
        connection: &mut AnyConnection,
        choice: &PackChoice<'_>,
    ) -> Result<Option<OfferingPack>, StoreError> {
        self.packs.choose(connection, choice).await
    }

    /// Takes a seat of a pack that was chosen.
    pub(super) fn take_seat(&mut self, pack: &OfferingPack) -> Option<Seat> {
        self.packs.take(pack.pack_id)
    }

    /// Assigns a license to its client.
    pub(super) fn assign(&mut self, license: Assignment) {
        self.allocated.push(license);
    }

    /// Writes what was not written yet.
    pub(super) async fn write(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        self.packs.write(connection).await?;
        assignments::insert(connection, &self.allocated).await?;
        self.allocated.clear();
        Ok(())
    }
}

async fn use_challenges(
    connection: &mut AnyConnection,
    cases: &[&LicenseCase],
) -> Result<HashSet<ChallengeId>, StoreError> {
    let challenges: Vec<_> = cases.iter().filter_map(|case| challenge(case)).collect();
    if challenges.is_empty() {
        return Ok(HashSet::new());
    }
    let [insert, returning] = USE_CHALLENGES;
    let statement = format!("{insert}{}{returning}", rows(challenges.len(), 2));
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for challenge in &challenges {
        query = query.bind(challenge.id.to_string()).bind(challenge.ends_at.unix());
    }
    let new = query.fetch_all(connection).await?;
    new.iter().map(|row| Columns(row).text("id")).collect()
}

/// The challenge that a request uses up.
pub(super) fn challenge(case: &LicenseCase) -> Option<UsedChallenge> {
    match case.way {
        Way::Challenge { challenge, .. } => challenge,
        Way::Upgrade | Way::Gateway(_) => None,
    }
}
