//! What a service answers when it does not do what was asked: words for people and a stable slug,
//! without anything of HTTP.

use std::error::Error;
use std::time::Duration;

use trybuy_formats::api::AccessCondition;
use trybuy_formats::slug::Slug;

use crate::store::StoreError;

/// An error of a service. Its `Display` says what happened and is shown to the peer, unless the slug
/// is [`Slug::ServerError`]: then it is for the log alone.
pub trait Refusal: Error + Send + Sync + 'static {
    /// Its stable name.
    fn slug(&self) -> Slug;

    /// What to do.
    fn help(&self) -> Option<String>;

    /// How long to wait before trying again, if that helps.
    fn wait(&self) -> Option<Duration> {
        None
    }

    /// The access condition of step 310 that was not met.
    fn condition(&self) -> Option<AccessCondition> {
        None
    }
}

impl Refusal for StoreError {
    fn slug(&self) -> Slug {
        Slug::ServerError
    }

    fn help(&self) -> Option<String> {
        None
    }
}
