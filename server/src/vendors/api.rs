//! The handlers of vendors.

mod answer;
pub mod classes;
mod csv;
pub mod gifts;
pub mod keys;
mod list_releases;
mod list_requests;
pub mod policies;
pub mod profiles;
mod publish_release;

pub use self::list_releases::list_releases;
pub use self::list_requests::list_requests;
pub use self::publish_release::publish_release;
