//! Which licenses were revoked, as far as the gateway has ever heard.
//!
//! No revocation is ever taken back, so each one that was heard of counts from then on, whatever a later list says:
//! that of a license server that was restored from a backup has forgotten some, and one that is signed with another
//! key need not have those from before. As serial numbers are random, one is never another license's.

use std::collections::HashMap;
use std::fmt::Write as _;

use trybuy_formats::certificates::{RevocationList, RevocationReason, Serial};
use trybuy_formats::instant::Instant;
use trybuy_formats::request_signature::SIGNATURE_WINDOW;

use super::requirement::NoLicense;

/// The most revocations that are remembered: with more, only those of the newest list are.
const REMEMBERED: usize = 1_000_000;

/// The revocations that were heard of, and for how long the newest list can be relied on.
#[derive(Default)]
pub struct Revocations {
    reasons: HashMap<Serial, Option<RevocationReason>>,
    /// When a newer list is there at the latest; none where there was no list yet.
    next_update: Option<Instant>,
}

impl Revocations {
    /// The most bytes of the file that they are kept in.
    pub const FILE: usize = 64 << 20;

    /// Reads what was kept: the time of the next list in seconds since 1970, and then the serial numbers, each in
    /// a line of its own with its reason, if it has one.
    pub fn from_text(text: &str) -> Option<Self> {
        // The last line has an end too, or part of it may be missing.
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let next_update = Instant::from_unix(lines.next()?.parse().ok()?)?;
        let reasons = lines.map(read_line).collect::<Option<_>>()?;
        Some(Self { reasons, next_update: Some(next_update) })
    }

    /// What is kept; nothing where there was no list yet.
    pub(super) fn to_text(&self) -> Option<String> {
        let mut revoked: Vec<_> = self.reasons.iter().collect();
        revoked.sort();
        let mut text = format!("{}\n", self.next_update?.unix());
        for (serial, reason) in revoked {
            match reason {
                Some(reason) => writeln!(text, "{serial} {reason}").ok()?,
                None => writeln!(text, "{serial}").ok()?,
            }
        }
        Some(text)
    }

    /// Why a license is good no more, if it is not: it was revoked, or another certificate took its place.
    pub fn refusal(&self, serial: &Serial) -> Option<NoLicense> {
        self.reasons.get(serial).map(|reason| NoLicense::on_the_list(*reason))
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
        let heard = || list.entries().map(|(serial, reason)| (serial.clone(), reason));
        for (serial, reason) in heard() {
            let known = self.reasons.entry(serial).or_insert(reason);
            // A license server that was restored from a backup may have forgotten why.
            *known = reason.or(*known);
        }
        if self.reasons.len() > REMEMBERED {
            tracing::error!(
                most = REMEMBERED,
                "too many revocations to remember those that are on no list any more"
            );
            self.reasons = heard().collect();
        }
        let is_of_the_future = list.this_update() > now.plus(SIGNATURE_WINDOW);
        let next_update = (!is_of_the_future).then(|| list.next_update());
        self.next_update = next_update.or(self.next_update).or(Some(now));
    }
}

fn read_line(line: &str) -> Option<(Serial, Option<RevocationReason>)> {
    match line.split_once(' ') {
        Some((serial, reason)) => Some((serial.parse().ok()?, Some(reason.parse().ok()?))),
        None => Some((line.parse().ok()?, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_what_is_damaged_is_not() {
        let serials = ["41", "42", "43"].map(|byte| byte.repeat(16));
        let [unexplained, superseded, withdrawn] = &serials;
        let text = format!(
            "1800000000\n{unexplained}\n{superseded} superseded\n{withdrawn} privilegeWithdrawn\n"
        );
        let read = Revocations::from_text(&text).expect("as it is written");
        assert_eq!(read.to_text().as_ref(), Some(&text));
        let serials = serials.each_ref().map(|it| it.parse().expect("a serial number"));
        let expected = [NoLicense::RevokedOrSuperseded, NoLicense::Superseded, NoLicense::Revoked];
        assert_eq!(serials.each_ref().map(|serial| read.refusal(serial)), expected.map(Some));
        let at = |seconds| Instant::from_unix(seconds).expect("an instant");
        assert!(!read.is_stale(at(1_800_000_000)) && read.is_stale(at(1_800_000_001)));
        let cut = &text[..text.len() - 3];
        let otherwise = text.replace("superseded", "lost");
        let spaced = text.replace("superseded", " superseded");
        let heads = ["", "\n", "soon\n", "1800000000\n\n", "1800000000\nx\n"];
        for damaged in heads.into_iter().chain([cut, &otherwise, &spaced]) {
            assert!(Revocations::from_text(damaged).is_none(), "{damaged:?}");
        }
        assert!(Revocations::default().to_text().is_none());
        assert!(Revocations::default().is_stale(at(0)), "nothing was heard");
    }
}
