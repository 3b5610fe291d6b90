//! The model of licenses that are issued again.

use super::{Day, License, Rules, TEMPORARY};

impl Rules {
    /// A license is issued again as it is; signed anew where it was issued while the clock was ahead, or where its upgrade
    /// has ended and it is what it was before.
    pub(super) fn reissue(&mut self, old: License, day: Day) -> License {
        let is_as_signed = self.store.licenses.iter().any(|it| it.license == old);
        if is_as_signed && old.starts <= day {
            return old;
        }
        let new = self.sign_anew(old, day);
        self.replace(&old, new);
        new
    }

    /// So is a temporary one, which then lasts as long, from now on.
    pub(super) fn reissue_temporary(&mut self, old: License, day: Day) -> License {
        if old.starts <= day {
            return old;
        }
        let new = License { ends: day + TEMPORARY, ..self.sign_anew(old, day) };
        self.store.temporary.insert(new.client, new);
        new
    }

    /// The certificate before would be good again once its day has come, so it is taken.
    fn sign_anew(&mut self, old: License, day: Day) -> License {
        self.store.revoked.insert(old.number);
        License { number: self.sign(), starts: day, ..old }
    }
}
