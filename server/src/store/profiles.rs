//! Policies with a name.

use sqlx::AnyConnection;
use trybuy_formats::api::{InPlaceOf, Profile};
use trybuy_formats::ids::Label;

use super::columns::{Columns, json};
use super::policies::is_other;
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, VendorId};

/// A profile to be made or changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileUpdate {
    /// Whose it is.
    pub vendor: VendorId,
    /// The profile.
    pub profile: Profile,
    /// What it is set in place of, where that matters.
    pub in_place_of: Option<InPlaceOf>,
}

/// How a change of a profile ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileUpdated {
    /// It is as it was to be.
    Done,
    /// There is another policy than the one it was to be set in place of.
    Other,
    /// The vendor has as many as there may be.
    Full,
}

const LIST: &str = "SELECT name, policy, changed_at FROM policy_profiles WHERE vendor_id = $1 \
    ORDER BY name LIMIT 1000";
const FIND: &str = "SELECT policy FROM policy_profiles WHERE vendor_id = $1 AND name = $2";
/// Nothing is inserted where a vendor has as many as are listed.
const SET: &str = "INSERT INTO policy_profiles (vendor_id, name, policy, changed_at) \
    SELECT $1, $2, $3, $4 FROM vendors WHERE id = $1 AND (SELECT COUNT(*) FROM policy_profiles \
        WHERE vendor_id = $1 AND name <> $2) < 1000 \
    ON CONFLICT (vendor_id, name) \
    DO UPDATE SET policy = excluded.policy, changed_at = excluded.changed_at";
const REMOVE: &str = "DELETE FROM policy_profiles WHERE vendor_id = $1 AND name = $2";

impl Store {
    /// The profiles of a vendor, by name, at most 1000.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn profiles(&self, vendor: VendorId) -> Result<Vec<Profile>, StoreError> {
        let rows = self.fetch_all(sqlx::query(LIST).bind(vendor.to_string())).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(Profile {
                    name: columns.text("name")?,
                    policy: columns.json("policy")?,
                    changed_at: columns.instant("changed_at")?,
                })
            })
            .collect()
    }

    /// Makes or changes a profile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn update_profile(
        &self,
        update: &ProfileUpdate,
    ) -> Result<ProfileUpdated, StoreError> {
        self.write(update).await
    }

    /// Removes a profile; what was set from it stays. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_profile(&self, vendor: VendorId, name: &Label) -> Result<bool, StoreError> {
        let query = sqlx::query(REMOVE).bind(vendor.to_string()).bind(name.as_str());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }
}

impl Operation for ProfileUpdate {
    type Answer = ProfileUpdated;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<ProfileUpdated>, StoreError> {
        let Self { vendor, profile, in_place_of } = self;
        let there = sqlx::query(FIND).bind(vendor.to_string()).bind(profile.name.as_str());
        if is_other(*in_place_of, there.fetch_optional(&mut *connection).await?)? {
            return Ok(Finish::RollBack(ProfileUpdated::Other));
        }
        let set = sqlx::query(SET)
            .bind(vendor.to_string())
            .bind(profile.name.as_str())
            .bind(json(&profile.policy))
            .bind(profile.changed_at.unix());
        Ok(match set.execute(connection).await?.rows_affected() {
            0 => Finish::RollBack(ProfileUpdated::Full),
            _ => Finish::Commit(ProfileUpdated::Done),
        })
    }
}
