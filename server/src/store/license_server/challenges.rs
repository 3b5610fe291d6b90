//! Challenges that were answered: each is remembered until nobody takes an answer to it any more.
//!
//! License servers that share a database need not agree on the time, and a clock may be ahead for a while. So it is not a
//! date that decides what is forgotten: every challenge is of the period that it was made in, and is answered in that one
//! or the next. The database says which period it is, in the row that every decision locks.

use sqlx::AnyConnection;

use super::cases::UsedChallenge;
use crate::store::columns::number;
use crate::store::transaction::{Finish, Isolation, Operation};
use crate::store::{Store, StoreError};

const IS_USED: &str = "SELECT id FROM used_challenges WHERE id = $1";
const NEXT_PERIOD: &str = "UPDATE license_record_head SET challenge_period = challenge_period + 1 \
    WHERE id = 1 AND challenge_period = $1";
const FORGET: &str = "DELETE FROM used_challenges WHERE period < $1";

impl UsedChallenge {
    /// Whether it can be answered in a period: what was answered in it, or in the one before, is not forgotten.
    pub(super) fn is_of(&self, period: u64) -> bool {
        period.checked_sub(self.period).is_some_and(|age| age <= 1)
    }
}

impl Store {
    /// Whether a challenge was answered before. Only a grant decides it; this spares the work for one that is
    /// repeated.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_challenge_used(&self, challenge: UsedChallenge) -> Result<bool, StoreError> {
        let query = sqlx::query(IS_USED).bind(challenge.id.to_string());
        Ok(self.fetch_optional(query).await?.is_some())
    }

    /// Begins the next period of challenges, unless somebody else has, and forgets those that cannot be answered any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_challenge_period(&self, period: u64) -> Result<(), StoreError> {
        self.write(&EndPeriod(period)).await
    }
}

struct EndPeriod(u64);

impl Operation for EndPeriod {
    type Answer = ();

    /// The row of the period lets only one run at a time, and none beside a grant.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        let period = number(self.0);
        let ended = sqlx::query(NEXT_PERIOD).bind(period).execute(&mut *connection).await?;
        if ended.rows_affected() == 0 {
            return Ok(Finish::RollBack(()));
        }
        sqlx::query(FORGET).bind(period).execute(connection).await?;
        Ok(Finish::Commit(()))
    }
}
