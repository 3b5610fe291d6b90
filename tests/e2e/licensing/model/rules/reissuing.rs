//! The model of licenses that are issued again.

use super::{Day, License, Rules, TEMPORARY};

impl Rules {
    /// A license is issued again as it is; signed anew where it was issued while the clock was ahead.
    pub(super) fn reissue(&mut self, old: License, day: Day) -> License {
        let Some(new) = self.signed_anew(old, day) else { return old };
        self.replace(&old, new);
        new
    }

    /// So is a temporary one, which then lasts as long, from now on.
    pub(super) fn reissue_temporary(&mut self, old: License, day: Day) -> License {
        let Some(new) = self.signed_anew(old, day) else { return old };
        let new = License { ends: day + TEMPORARY, ..new };
        self.store.temporary.insert(new.client, new);
        new
    }

    /// The certificate before would be good again once its day has come, so it is taken.
    fn signed_anew(&mut self, old: License, day: Day) -> Option<License> {
        if old.starts <= day {
            return None;
        }
        self.store.revoked.insert(old.number);
        Some(License { number: self.sign(), starts: day, ..old })
    }
}
