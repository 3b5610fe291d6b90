//! What a vendor gives to one licensee by hand: more trials, more time, the full license.

use trybuy_formats::api::{Gift, GiftAnswer, GiveLicensee};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::policy::is_duration;
use trybuy_formats::slug::Slug;

use super::policies::{PolicyError, own_application, requester};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{Actor, Given, NewGift, StoreError};

/// Why nothing was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GiftError {
    /// The vendor has no such application.
    #[error(transparent)]
    Application(#[from] PolicyError),
    /// The licensee has not asked for the application.
    #[error("this licensee has not asked for a trial of the application")]
    NoTrial,
    /// The licensee has a license without an end.
    #[error("this licensee has a license without an end already")]
    Endless,
    /// The number of trials.
    #[error("1 to 10 trials are given at once")]
    Trials,
    /// The time.
    #[error("the time given is 1s to 36525d")]
    Duration,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Gives something to a licensee who has asked for the application. Its Builders get it at their next
/// contact.
///
/// # Errors
/// When the vendor has no such application or licensee, or a value is out of its range.
pub async fn give(
    app: &App,
    by: &Actor,
    application: ApplicationId,
    request: GiveLicensee,
) -> Result<GiftAnswer, GiftError> {
    let GiveLicensee { licensee, gift } = request;
    check(gift)?;
    own_application(app, &by.vendor, &application).await?;
    let found = requester(app, &by.vendor, &licensee).await?;
    let (licensee, _) = found.ok_or(GiftError::NoTrial)?;
    let new =
        NewGift { application, licensee, gift, given_at: app.clock.now(), given_by: by.token };
    match app.store.give(&new).await? {
        Given::Done(ends_at) => Ok(GiftAnswer { licensee_id: licensee, ends_at }),
        Given::NoTrial => Err(GiftError::NoTrial),
        Given::Endless => Err(GiftError::Endless),
    }
}

fn check(gift: Gift) -> Result<(), GiftError> {
    match gift {
        Gift::Trials { number } if !(1..=10).contains(&number) => Err(GiftError::Trials),
        Gift::Extension { by } if !is_duration(by) => Err(GiftError::Duration),
        Gift::License { duration: Some(duration) } if !is_duration(duration) => {
            Err(GiftError::Duration)
        }
        _ => Ok(()),
    }
}

impl Refusal for GiftError {
    fn slug(&self) -> Slug {
        match self {
            Self::Application(refusal) => refusal.slug(),
            Self::NoTrial => Slug::NotFound,
            Self::Endless | Self::Trials | Self::Duration => Slug::BadRequest,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Application(refusal) => return refusal.help(),
            Self::NoTrial => {
                "`trybuy-vendor requests` lists who has; to others, send a purchase key"
            }
            Self::Endless => {
                "for another Builder of theirs, make a purchase key with `trybuy-vendor key create`"
            }
            Self::Trials | Self::Duration => "correct it",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
