//! Classes of licensees, as a vendor makes them.

use sqlx::AnyConnection;
use trybuy_formats::ids::Label;
use trybuy_formats::subject::Subject;

use super::columns::Columns;
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, VendorId};

/// A class and its members.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClassRecord {
    /// Its name, unique for its vendor.
    pub name: Label,
    /// The lowest one counts where somebody is in several.
    pub rank: u32,
    /// Who belongs to it, at most 10,000.
    pub members: Vec<Subject>,
}

/// The most classes of a vendor.
const MOST_CLASSES: i64 = 1000;
/// The most members of a class.
const MOST_MEMBERS: i64 = 10_000;

const CLASSES: &str = "SELECT name, rank FROM classes WHERE vendor_id = $1 ORDER BY rank, name";
const MEMBERS: &str = "SELECT class, subject FROM class_members WHERE vendor_id = $1 \
    ORDER BY class, subject";
const SET: &str = "INSERT INTO classes (vendor_id, name, rank) SELECT $1, $2, $3 FROM vendors \
    WHERE id = $1 AND (SELECT COUNT(*) FROM classes WHERE vendor_id = $1 AND name <> $2) < $4 \
    ON CONFLICT (vendor_id, name) DO UPDATE SET rank = excluded.rank";
const ADD: &str = "INSERT INTO class_members (vendor_id, class, subject) SELECT $1, $2, $3 \
    FROM classes WHERE vendor_id = $1 AND name = $2 AND (SELECT COUNT(*) FROM class_members \
        WHERE vendor_id = $1 AND class = $2 AND subject <> $3) < $4 \
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
    pub async fn classes(&self, vendor: VendorId) -> Result<Vec<ClassRecord>, StoreError> {
        let rows = self.fetch_all(sqlx::query(CLASSES).bind(vendor.to_string())).await?;
        let members = self.fetch_all(sqlx::query(MEMBERS).bind(vendor.to_string())).await?;
        let mut classes = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let name = columns.text("name")?;
            classes.push(ClassRecord { name, rank: columns.number("rank")?, members: Vec::new() });
        }
        for row in &members {
            let columns = Columns(row);
            let class: Label = columns.text("class")?;
            if let Some(record) = classes.iter_mut().find(|record| record.name == class) {
                record.members.push(columns.text("subject")?);
            }
        }
        Ok(classes)
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

    /// Adds a member. Answers whether there is such a class with room for it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_member(
        &self,
        vendor: VendorId,
        class: &Label,
        subject: &Subject,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(ADD)
            .bind(vendor.to_string())
            .bind(class.as_str())
            .bind(subject.to_string())
            .bind(MOST_MEMBERS);
        Ok(self.execute(query).await?.rows_affected() == 1)
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

impl Operation for RemoveClass<'_> {
    type Answer = ClassRemoved;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<ClassRemoved>, StoreError> {
        let vendor = self.vendor.to_string();
        let used = sqlx::query(POLICIES)
            .bind(vendor.as_str())
            .bind(trybuy_formats::subject::Scope::Class(self.name.clone()).to_string())
            .fetch_optional(&mut *connection)
            .await?;
        if used.is_some() {
            return Ok(Finish::RollBack(ClassRemoved::InUse));
        }
        let name = self.name.as_str();
        let query = sqlx::query(DROP_MEMBERS).bind(vendor.as_str()).bind(name);
        query.execute(&mut *connection).await?;
        let query = sqlx::query(DROP_CLASS).bind(vendor.as_str()).bind(name);
        Ok(match query.execute(&mut *connection).await?.rows_affected() {
            0 => Finish::RollBack(ClassRemoved::NoClass),
            _ => Finish::Commit(ClassRemoved::Done),
        })
    }
}
