//! What vendors do: publish releases, set policies, see who asked for trials, block who gets none.

pub mod api;
mod blocks;
mod classes;
mod existing_trials;
mod gifts;
mod keys;
mod policies;
mod profiles;
mod publishing;
mod receiving;
mod requests;
mod upload_slots;

pub use self::blocks::{BlockError, blocks_page, delete_block, put_block};
pub use self::classes::{
    ClassError, add_member, classes_of, remove_class, remove_member, set_class,
};
pub use self::existing_trials::follow_policies;
pub use self::gifts::{GiftError, give};
pub use self::keys::{KeyError, create_keys, keys_page, revoke_key};
pub use self::policies::{
    PolicyError, change_policy, policies_for, policies_of, policy_history, remove_policy,
};
pub use self::profiles::{ProfileError, profiles_of, remove_profile, set_profile};
pub use self::publishing::{
    Address, PublishError, Published, may_publish, publish, settle_abandoned,
};
pub use self::receiving::{ReceiveError, Receiver};
pub use self::requests::{requests_page, terms_of};
pub use self::upload_slots::{TooManyUploads, UploadSlot, UploadSlots};
