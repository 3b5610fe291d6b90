//! Single words and units, the same in every message.

use trybuy_formats::certificates::{Authorities, Certificate};
use trybuy_formats::control::{ControlInformation, LicenseKind};
use trybuy_formats::expiry::{Decision, Limit, Warning};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::seat_license::SeatLicenseKind;
use trybuy_formats::primitives::sha256;
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

/// An instant for people: `2026-12-22 10:00 UTC`.
pub fn date(instant: Instant) -> String {
    let text = instant.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// The SHA-256 of a certificate, as other programs show it: `AB:CD:…`.
pub(crate) fn fingerprint(certificate: &Certificate) -> String {
    let pairs = sha256(certificate.der()).map(|byte| format!("{byte:02X}"));
    pairs.join(":")
}

/// Those of all certificates of an authority.
pub(crate) fn fingerprints(authorities: &Authorities) -> Vec<String> {
    authorities.certificates().iter().map(fingerprint).collect()
}

/// A size in bytes with the largest fitting unit: `512 B`, `1.4 MB`. Decimal, as disks are sold.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    // Tenths of the unit, so that no floating-point number is needed.
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    if tenths >= 1000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// What is left of a trial in words: `12 days left`, `1 day left`, `no end`, `over`, `used up`; and `not known`
/// where something else than its end keeps it from running.
pub fn left(days: Option<u64>, refused: Option<Slug>) -> String {
    match (refused, days) {
        (Some(Slug::TrialExpired | Slug::GraceEnded), _) => "over".to_owned(),
        (Some(Slug::LimitReached), _) => "used up".to_owned(),
        (Some(_), _) => "not known".to_owned(),
        (None, None) => "no end".to_owned(),
        (None, Some(0)) => "over".to_owned(),
        (None, Some(days)) => format!("{} left", counted(days, "day", "days")),
    }
}

/// The state of a trial as every front end writes it.
pub fn state(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allowed",
        Decision::Warn { .. } => "warning",
        Decision::Refuse { .. } => "refused",
    }
}

/// What somebody has who tries, or bought.
pub fn kind(kind: LicenseKind) -> &'static str {
    match kind {
        LicenseKind::Trial => "trial",
        LicenseKind::Purchase => "license",
    }
}

/// Whether a seat license lasts.
pub fn license_kind(kind: SeatLicenseKind) -> &'static str {
    match kind {
        SeatLicenseKind::Permanent => "permanent",
        SeatLicenseKind::Temporary => "temporary",
    }
}

/// The state of a seat license.
pub fn license_state(refused: Option<Slug>) -> &'static str {
    if refused.is_none() { "valid" } else { "refused" }
}

/// What is left of a seat license, in the words of [`left`]; its last day may have begun long ago.
pub fn license_left(days: Option<u64>, refused: Option<Slug>) -> String {
    match (refused, days) {
        (Some(Slug::LicenseExpired), _) => left(Some(0), None),
        (None, Some(1)) => "less than a day left".to_owned(),
        (refused, days) => left(days, refused),
    }
}

/// What happens at the end of a license, its limits, and what becomes of a running program.
pub fn terms_of_use(control: &ControlInformation) -> String {
    let mut words = match (control.kind, control.ends_at) {
        (LicenseKind::Trial, _) => format!("at its end {}", control.expiration.in_words()),
        (LicenseKind::Purchase, Some(_)) => {
            format!("bought, at its end {}", control.expiration.in_words())
        }
        (LicenseKind::Purchase, None) => "bought, without an end".to_owned(),
    };
    if !control.limits.is_empty() {
        words.push_str(&format!("; at most {}", control.limits.in_words()));
    }
    if let Some(ending) = control.on_expiry.in_words() {
        words.push_str(&format!("; {ending}"));
    }
    words
}

/// Why there is a warning.
pub fn warning(reason: Warning) -> &'static str {
    match reason {
        Warning::GraceFromExpiration => "counted from its end",
        Warning::GraceFromFirstWarning => "counted from the first warning",
    }
}

/// A limit beside the date.
pub fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::Launches => "number of launches",
        Limit::Running => "running time",
        Limit::Days => "number of days of use",
    }
}

/// A text of the user in quotation marks, without anything that a terminal would obey.
pub fn quoted(text: &str) -> String {
    let shown: String = text.chars().take(200).collect();
    format!("\"{}\"", trybuy_formats::terminal_text::one_line(&shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_at_most_four_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (100_000, "100 kB"),
            (999_999, "999 kB"),
            (1_000_000, "1.0 MB"),
            (2_147_483_648, "2.1 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn only_a_trial_that_ended_is_over() {
        for (days, refused, text) in [
            (Some(12), None, "12 days left"),
            (Some(1), None, "1 day left"),
            (Some(0), None, "over"),
            (None, None, "no end"),
            (Some(0), Some(Slug::TrialExpired), "over"),
            (Some(3), Some(Slug::LimitReached), "used up"),
            (Some(0), Some(Slug::ClockSetBack), "not known"),
            (Some(0), Some(Slug::FileDamaged), "not known"),
        ] {
            assert_eq!(left(days, refused), text, "{days:?} {refused:?}");
        }
    }

    #[test]
    fn the_last_day_of_a_seat_license_is_not_called_a_whole_one() {
        for (days, refused, text) in [
            (Some(2), None, "2 days left"),
            (Some(1), None, "less than a day left"),
            (Some(0), None, "over"),
            (None, None, "no end"),
            (Some(0), Some(Slug::LicenseExpired), "over"),
            (Some(1), Some(Slug::LicenseForeign), "not known"),
        ] {
            assert_eq!(license_left(days, refused), text, "{days:?} {refused:?}");
        }
    }

    #[test]
    fn dates_are_for_people_and_in_utc() {
        let instant = "2026-12-22T10:00:00Z".parse().expect("an instant");
        assert_eq!(date(instant), "2026-12-22 10:00 UTC");
    }
}
