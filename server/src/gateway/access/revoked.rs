//! Which licenses were revoked, as far as the gateway has ever heard.
//!
//! No revocation is ever taken back, so each one that was heard of counts from then on, whatever a later list says:
//! that of a license server that was restored from a backup has forgotten some, and one that is signed with another
//! key need not have those from before. As serial numbers are random, one is never another license's.

use std::collections::HashSet;
use std::fmt::Write as _;

use trybuy_formats::certificates::{RevocationList, Serial};
use trybuy_formats::instant::Instant;
use trybuy_formats::request_signature::SIGNATURE_WINDOW;

/// The most revocations that are remembered: with more, only those of the newest list are.
const REMEMBERED: usize = 1_000_000;

/// The revocations that were heard of, and for how long the newest list can be relied on.
#[derive(Default)]
pub struct Revocations {
    serials: HashSet<Serial>,
    /// When a newer list is there at the latest; none where there was no list yet.
    next_update: Option<Instant>,
}

impl Revocations {
    /// The most bytes of the file that they are kept in.
    pub const FILE: usize = 64 << 20;

    /// Reads what was kept: the time of the next list in seconds since 1970, and then the serial numbers, each in
    /// a line of its own.
    pub fn from_text(text: &str) -> Option<Self> {
        // The last line has an end too, or part of it may be missing.
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let next_update = Instant::from_unix(lines.next()?.parse().ok()?)?;
        let serials = lines.map(|line| line.parse().ok()).collect::<Option<_>>()?;
        Some(Self { serials, next_update: Some(next_update) })
    }

    /// What is kept; nothing where there was no list yet.
    pub(super) fn to_text(&self) -> Option<String> {
        let mut serials: Vec<&Serial> = self.serials.iter().collect();
        serials.sort();
        let mut text = format!("{}\n", self.next_update?.unix());
        for serial in serials {
            writeln!(text, "{serial}").ok()?;
        }
        Some(text)
    }

    /// Whether a license was revoked.
    pub fn contains(&self, serial: &Serial) -> bool {
        self.serials.contains(serial)
    }

    /// Whether a newer list should be there, or there was none yet.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        self.next_update.is_none_or(|next| next < now)
    }

    /// When a newer list is there at the latest.
    pub(super) fn next_update(&self) -> Option<Instant> {
        self.next_update
    }

    /// Takes the list that was heard last. Where it is an old one that somebody sent again, it only says sooner
    /// that a newer one is needed. One from the future, of a license server whose clock was ahead, could be sent again until
    /// then, so it does not say how long it can be relied on.
    pub(super) fn take(&mut self, list: &RevocationList, now: Instant) {
        let heard = || list.entries().map(|(serial, _)| serial.clone());
        self.serials.extend(heard());
        if self.serials.len() > REMEMBERED {
            tracing::error!(
                most = REMEMBERED,
                "too many revocations to remember those that are on no list any more"
            );
            self.serials = heard().collect();
        }
        let is_of_the_future = list.this_update() > now.plus(SIGNATURE_WINDOW);
        let next_update = (!is_of_the_future).then(|| list.next_update());
        self.next_update = next_update.or(self.next_update).or(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_what_is_damaged_is_not() {
        let serials = ["41".repeat(16), "42".repeat(16)];
        let text = format!("1800000000\n{}\n{}\n", serials[0], serials[1]);
        let read = Revocations::from_text(&text).expect("as it is written");
        assert_eq!(read.to_text().as_ref(), Some(&text));
        assert!(serials.iter().all(|it| read.contains(&it.parse().expect("a serial number"))));
        let at = |seconds| Instant::from_unix(seconds).expect("an instant");
        assert!(!read.is_stale(at(1_800_000_000)) && read.is_stale(at(1_800_000_001)));
        let cut = &text[..text.len() - 3];
        for damaged in ["", "\n", "soon\n", "1800000000\n\n", "1800000000\nx\n", cut] {
            assert!(Revocations::from_text(damaged).is_none(), "{damaged:?}");
        }
        assert!(Revocations::default().to_text().is_none());
        assert!(Revocations::default().is_stale(at(0)), "nothing was heard");
    }
}
