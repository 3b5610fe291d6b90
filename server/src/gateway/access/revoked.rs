//! Which licenses were revoked, as far as the gateway has heard.

use trybuy_formats::certificates::{RevocationList, Serial};

/// The revocation lists that count.
#[derive(Default)]
pub(super) struct Revoked {
    /// The one with the greatest number.
    newest: Option<RevocationList>,
    /// The last one with a lower number, of a license server that was restored from a backup: it does not
    /// have what the license server has forgotten, and alone has what was revoked since.
    restored: Option<RevocationList>,
}

impl Revoked {
    /// With the list that was kept.
    pub(super) fn of(newest: Option<RevocationList>) -> Self {
        Self { newest, restored: None }
    }

    /// Whether a license was revoked.
    pub(super) fn contains(&self, serial: &Serial) -> bool {
        self.newest.iter().chain(&self.restored).any(|list| list.contains(serial))
    }

    /// Takes a list. Answers whether it is the one to be kept: a list with a lower number only adds to the
    /// one that is there, and an older one of those is passed over.
    pub(super) fn take(&mut self, list: RevocationList) -> bool {
        let is_newest = self.newest.as_ref().is_none_or(|old| old.number() <= list.number());
        if is_newest {
            *self = Self::of(Some(list));
            return true;
        }
        let is_later = |old: &RevocationList| old.this_update() <= list.this_update();
        let is_after_newest = self.newest.as_ref().is_some_and(is_later);
        if is_after_newest && self.restored.as_ref().is_none_or(is_later) {
            self.restored = Some(list);
        }
        false
    }
}
