//! The handlers of vendors.

mod answer;
pub mod classes;
mod csv;
mod delete_block;
pub mod gifts;
pub mod keys;
mod list_blocks;
mod list_releases;
mod list_requests;
pub mod policies;
pub mod profiles;
mod publish_release;
mod put_block;
mod show_terms;

pub use self::delete_block::delete_block;
pub use self::list_blocks::list_blocks;
pub use self::list_releases::list_releases;
pub use self::list_requests::list_requests;
pub use self::publish_release::publish_release;
pub use self::put_block::put_block;
pub use self::show_terms::show_terms;
