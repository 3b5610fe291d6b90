//! Whom rules are about, as statements look for them.

use sqlx::Any;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use trybuy_formats::ids::{Email, LicenseeId};
use trybuy_formats::subject::Subject;

/// Every subject that somebody is, as `$2` to `$9` of a statement: the licensee, the address, and up to
/// six domains; empty where there are fewer, which is no subject.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subjects([String; 8]);

impl Subjects {
    /// The subjects of a licensee with that address.
    pub fn of(licensee: LicenseeId, email: &Email) -> Self {
        Self::known(Some(licensee), Some(email))
    }

    /// The subjects of somebody of whom only that is known.
    pub fn known(licensee: Option<LicenseeId>, email: Option<&Email>) -> Self {
        let mut texts: [String; 8] = Default::default();
        texts[0] = licensee.map(|licensee| licensee.to_string()).unwrap_or_default();
        let subjects = email.map(Subject::all_of_address).unwrap_or_default();
        for (text, subject) in texts.iter_mut().skip(1).zip(subjects) {
            *text = subject.to_string();
        }
        Self(texts)
    }

    /// Binds them, the licensee first.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Any, AnyArguments>,
    ) -> Query<'q, Any, AnyArguments> {
        self.0.iter().fold(query, |query, subject| query.bind(subject.as_str()))
    }
}
