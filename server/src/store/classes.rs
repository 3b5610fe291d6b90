//! Classes of licensees, as a vendor makes them.

use std::collections::HashMap;

use sqlx::AnyConnection;
use trybuy_formats::api::Class;
use trybuy_formats::ids::Label;
use trybuy_formats::subject::{Scope, Subject};

use super::columns::Columns;
use super::transaction::{Finish, Isolation, Operation};
use super::{Store, StoreError, VendorId};

/// The most classes of a vendor.
const MOST_CLASSES: i64 = 1000;
/// The most members of a vendor's classes together, so that a list of all is not too long to be sent.
const MOST_MEMBERS: i64 = 50_000;

const CLASSES: &str = "SELECT name, rank FROM classes WHERE vendor_id = $1 ORDER BY rank, name";
const MEMBERS: &str = "SELECT class, subject FROM class_members WHERE vendor_id = $1 \
    ORDER BY class, subject";
const MEMBERS_OF: &str = "SELECT subject FROM class_members WHERE vendor_id = $1 AND class = $2 \
    ORDER BY subject";
const SET: &str = "INSERT INTO classes (vendor_id, name, rank) SELECT $1, $2, $3 FROM vendors \
    WHERE id = $1 AND (SELECT COUNT(*) FROM classes WHERE vendor_id = $1 AND name <> $2) < $4 \
    ON CONFLICT (vendor_id, name) DO UPDATE SET rank = excluded.rank";
/// Changes nothing. Whoever adds to a class or removes it has its row first, so that no member comes
/// while the class goes.
const LOCK: &str = "UPDATE classes SET rank = rank WHERE vendor_id = $1 AND name = $2";
const ADD: &str = "INSERT INTO class_members (vendor_id, class, subject) SELECT $1, $2, $3 \
    FROM classes WHERE vendor_id = $1 AND name = $2 AND (SELECT COUNT(*) FROM class_members \
        WHERE vendor_id = $1 AND NOT (class = $2 AND subject = $3)) < $4 \
    ON CONFLICT (vendor_id, class, subject) DO UPDATE SET subject = excluded.subject";
const DROP_MEMBER: &str = "DELETE FROM class_members \
    WHERE vendor_id = $1 AND class = $2 AND subject = $3";
const DROP_MEMBERS: &str = "DELETE FROM class_members WHERE vendor_id = $1 AND class = $2";
const DROP_CLASS: &str = "DELETE FROM classes WHERE vendor_id = $1 AND name = $2";
const POLICIES: &str = "SELECT policy_overrides.application FROM policy_overrides \
    JOIN applications ON applications.id = policy_overrides.application \
    WHERE applications.vendor_id = $1 AND scope = $2 LIMIT 1";

/// How the removal of a class ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClassRemoved {
    /// It is gone, with its list of members.
    Done,
    /// There is none of that name.
    NoClass,
    /// An application has a policy for it.
    InUse,
}

/// How the addition of a member ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberAdded {
    /// It belongs to the class.
    Done,
    /// There is no class of that name.
    NoClass,
    /// The vendor's classes have as many members as there may be.
    Full,
}

/// A member to be added.
struct AddMember<'a> {
    vendor: VendorId,
    class: &'a Label,
    subject: &'a Subject,
}

/// A class to be removed.
struct RemoveClass<'a> {
    vendor: VendorId,
    name: &'a Label,
}

impl Store {
    /// The classes of a vendor, by rank and name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn classes(&self, vendor: VendorId) -> Result<Vec<Class>, StoreError> {
        let rows = self.fetch_all(sqlx::query(CLASSES).bind(vendor.to_string())).await?;
        let members = self.fetch_all(sqlx::query(MEMBERS).bind(vendor.to_string())).await?;
        let mut by_class: HashMap<Label, Vec<Subject>> = HashMap::new();
        for row in &members {
            let columns = Columns(row);
            by_class.entry(columns.text("class")?).or_default().push(columns.text("subject")?);
        }
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                let name = columns.text("name")?;
                let members = by_class.remove(&name).unwrap_or_default();
                Ok(Class { name, rank: columns.number("rank")?, members })
            })
            .collect()
    }

    /// The members of one class.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn class_members(
        &self,
        vendor: VendorId,
        class: &Label,
    ) -> Result<Vec<Subject>, StoreError> {
        let query = sqlx::query(MEMBERS_OF).bind(vendor.to_string()).bind(class.as_str());
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Columns(row).text("subject")).collect()
    }

    /// Makes a class or changes its rank. Answers whether there was room for it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_class(
        &self,
        vendor: VendorId,
        name: &Label,
        rank: u32,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(SET)
            .bind(vendor.to_string())
            .bind(name.as_str())
            .bind(i64::from(rank))
            .bind(MOST_CLASSES);
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// Removes a class that no policy is for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_class(
        &self,
        vendor: VendorId,
        name: &Label,
    ) -> Result<ClassRemoved, StoreError> {
        self.write(&RemoveClass { vendor, name }).await
    }

    /// Adds a member; one that is there stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_member(
        &self,
        vendor: VendorId,
        class: &Label,
        subject: &Subject,
    ) -> Result<MemberAdded, StoreError> {
        self.write(&AddMember { vendor, class, subject }).await
    }

    /// Takes a member out. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_member(
        &self,
        vendor: VendorId,
        class: &Label,
        subject: &Subject,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(DROP_MEMBER)
            .bind(vendor.to_string())
            .bind(class.as_str())
            .bind(subject.to_string());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }
}

impl Operation for AddMember<'_> {
    type Answer = MemberAdded;

    /// The lock on the class's row decides.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<MemberAdded>, StoreError> {
        if !lock(connection, self.vendor, self.class).await? {
            return Ok(Finish::RollBack(MemberAdded::NoClass));
        }
        let query = sqlx::query(ADD)
            .bind(self.vendor.to_string())
            .bind(self.class.as_str())
            .bind(self.subject.to_string())
            .bind(MOST_MEMBERS);
        Ok(match query.execute(connection).await?.rows_affected() {
            0 => Finish::RollBack(MemberAdded::Full),
            _ => Finish::Commit(MemberAdded::Done),
        })
    }
}

impl Operation for RemoveClass<'_> {
    type Answer = ClassRemoved;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<ClassRemoved>, StoreError> {
        if !lock(connection, self.vendor, self.name).await? {
            return Ok(Finish::RollBack(ClassRemoved::NoClass));
        }
        let vendor = self.vendor.to_string();
        let used = sqlx::query(POLICIES)
            .bind(vendor.as_str())
            .bind(Scope::Class(self.name.clone()).to_string())
            .fetch_optional(&mut *connection)
            .await?;
        if used.is_some() {
            return Ok(Finish::RollBack(ClassRemoved::InUse));
        }
        let name = self.name.as_str();
        let query = sqlx::query(DROP_MEMBERS).bind(vendor.as_str()).bind(name);
        query.execute(&mut *connection).await?;
        let query = sqlx::query(DROP_CLASS).bind(vendor.as_str()).bind(name);
        query.execute(&mut *connection).await?;
        Ok(Finish::Commit(ClassRemoved::Done))
    }
}

/// Keeps others from the class until the transaction ends. Answers whether there is one.
async fn lock(
    connection: &mut AnyConnection,
    vendor: VendorId,
    class: &Label,
) -> Result<bool, StoreError> {
    let query = sqlx::query(LOCK).bind(vendor.to_string()).bind(class.as_str());
    Ok(query.execute(connection).await?.rows_affected() == 1)
}
