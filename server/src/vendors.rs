//! What vendors do: publish releases, set policies, see who asked for trials.

pub mod api;
mod policies;
mod publishing;
mod receiving;
mod requests;
mod upload_slots;

pub use self::policies::{PolicyError, change_policy, policy_of};
pub use self::publishing::{
    Address, PublishError, Published, may_publish, publish, settle_abandoned,
};
pub use self::receiving::{ReceiveError, Receiver};
pub use self::requests::requests_page;
pub use self::upload_slots::{TooManyUploads, UploadSlot, UploadSlots};
