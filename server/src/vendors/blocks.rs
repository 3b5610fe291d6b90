//! Whom a vendor gives no new trial of its applications.

use trybuy_formats::api::{Block, BlocksAnswer};
use trybuy_formats::ids::Note;
use trybuy_formats::slug::Slug;
use trybuy_formats::subject::Subject;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{StoreError, Vendor};

/// Why a block is not there any more.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// There is no such block.
    #[error("there is no block of {0}")]
    NoBlock(Subject),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Blocks somebody, or gives a block another reason.
///
/// # Errors
/// When the store fails.
pub async fn put_block(
    app: &App,
    vendor: &Vendor,
    subject: &Subject,
    reason: Option<&Note>,
) -> Result<Block, BlockError> {
    Ok(app.store.put_block(vendor.id, subject, reason, app.clock.now()).await?)
}

/// A page of the vendor's blocks, by their subjects.
///
/// # Errors
/// When the store fails.
pub async fn blocks_page(
    app: &App,
    vendor: &Vendor,
    after: Option<&Subject>,
    limit: u32,
) -> Result<BlocksAnswer, BlockError> {
    let page = app.store.blocks(vendor.id, after, limit).await?;
    let last = page.entries.last().filter(|_| page.more);
    let next = last.map(|block| block.subject.to_string());
    Ok(BlocksAnswer { blocks: page.entries, next })
}

/// Takes a block away.
///
/// # Errors
/// When there is none.
pub async fn delete_block(app: &App, vendor: &Vendor, subject: Subject) -> Result<(), BlockError> {
    let was_there = app.store.delete_block(vendor.id, &subject).await?;
    if was_there { Ok(()) } else { Err(BlockError::NoBlock(subject)) }
}

impl Refusal for BlockError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoBlock(_) => Slug::NotFound,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::NoBlock(_) => Some("`trybuy-vendor block list` shows all of them".to_owned()),
            Self::Store(_) => None,
        }
    }
}
