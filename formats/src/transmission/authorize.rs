//! The step from a verified file to one whose program may be decoded (`EX-3`).

use crate::control::ControlInformation;
use crate::expiry::{Decision, Refusal, TrialState, TrustedTime, decide};
use crate::ids::Version;
use crate::signed::Verified;
use crate::slug::Slug;

use super::open::Contents;
use super::verify::VerifiedFile;

/// A file whose program may be decoded and launched now.
pub struct Authorized<R> {
    pub(super) contents: Contents<R>,
    pub(super) control: Verified<ControlInformation>,
    decision: Decision,
}

/// Why a verified file may not be launched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotAuthorized {
    /// A head with a higher number has been accepted before (`TF-8`).
    #[error(
        "a newer license of this trial was accepted before: number {accepted}, this one is {number}"
    )]
    HeadTooOld {
        /// The number of this head.
        number: u64,
        /// The highest one accepted.
        accepted: u64,
    },
    /// The expiry decision (`XD-1`).
    #[error("the license does not allow a launch now ({})", .0.slug())]
    Refused(Refusal),
}

impl NotAuthorized {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::HeadTooOld { .. } => Slug::HeadTooOld,
            Self::Refused(refusal) => refusal.slug(),
        }
    }
}

impl<R> VerifiedFile<R> {
    /// Asks the expiry decision whether the program may be launched now, by this release of the
    /// Builder and with this local state of the trial.
    ///
    /// # Errors
    /// Why not.
    pub fn authorize(
        self,
        builder: &Version,
        now: TrustedTime,
        state: &TrialState,
    ) -> Result<Authorized<R>, NotAuthorized> {
        let Self { contents, control, license } = self;
        let (number, accepted) = (control.head_number, state.head_number);
        if number < accepted {
            return Err(NotAuthorized::HeadTooOld { number, accepted });
        }
        match decide(&control, &license, builder, now, state) {
            Decision::Refuse { reason } => Err(NotAuthorized::Refused(reason)),
            decision => Ok(Authorized { contents, control, decision }),
        }
    }
}

impl<R> Authorized<R> {
    /// The decision: allow, or warn.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// The verified control information.
    pub fn control(&self) -> &Verified<ControlInformation> {
        &self.control
    }
}
