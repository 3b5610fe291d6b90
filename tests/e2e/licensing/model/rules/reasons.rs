//! Why something was decided.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::slug::Slug;

/// A reason, as the record has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    ChallengeWrong,
    ChallengeLate,
    ChallengeRepeated,
    NoUpgrade,
    ClientBarred,
    NoFreeLicense,
    NotOrdered,
    TemporaryEnded,
    TemporaryRevoked,
    LicenseServerRestored,
    FewerRecords,
    OtherRecords,
    PackUnknown,
    PackEnded,
    PackInstalled,
}

impl Reason {
    /// Its name, and what is said where something is refused for it.
    fn words(self) -> (&'static str, Slug) {
        match self {
            Self::ChallengeWrong => ("challenge-wrong", Slug::ChallengeFailed),
            Self::ChallengeLate => ("challenge-late", Slug::ChallengeFailed),
            Self::ChallengeRepeated => ("challenge-repeated", Slug::ChallengeFailed),
            Self::NoUpgrade => ("no-upgrade", Slug::NoFreeLicense),
            Self::ClientBarred => ("client-barred", Slug::LicenseRevoked),
            Self::NoFreeLicense => ("no-free-license", Slug::NoFreeLicense),
            Self::NotOrdered => ("not-ordered", Slug::NoFreeLicense),
            Self::TemporaryEnded => ("temporary-ended", Slug::NoFreeLicense),
            Self::TemporaryRevoked => ("temporary-revoked", Slug::NoFreeLicense),
            Self::LicenseServerRestored => ("license-server-restored", Slug::LicenseServerRestored),
            Self::FewerRecords => ("fewer-records", Slug::LicenseServerRestored),
            Self::OtherRecords => ("other-records", Slug::LicenseServerRestored),
            Self::PackUnknown => ("pack-unknown", Slug::LicenseServerRestored),
            Self::PackEnded => ("pack-ended", Slug::PackRefused),
            Self::PackInstalled => ("pack-installed", Slug::PackInstalled),
        }
    }

    /// What the record calls it.
    pub(crate) fn name(self) -> &'static str {
        self.words().0
    }

    /// What is said where something is refused for it.
    pub(crate) fn slug(self) -> Slug {
        self.words().1
    }
}

/// What the record says of a license that was given.
pub(super) fn words(outcome: LicenseOutcome) -> (&'static str, Option<Reason>) {
    match outcome {
        LicenseOutcome::Granted => ("granted", None),
        LicenseOutcome::Reissued => ("reissued", None),
        LicenseOutcome::Upgraded => ("upgraded", None),
        LicenseOutcome::Temporary => ("temporary", Some(Reason::NoFreeLicense)),
        LicenseOutcome::TemporaryAgain => ("temporary-again", Some(Reason::NoFreeLicense)),
    }
}
