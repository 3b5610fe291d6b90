//! The handlers of vendors.

mod answer;
mod csv;
mod list_releases;
mod list_requests;
mod publish_release;
mod set_policy;
mod show_policy;

pub use self::list_releases::list_releases;
pub use self::list_requests::list_requests;
pub use self::publish_release::publish_release;
pub use self::set_policy::set_policy;
pub use self::show_policy::show_policy;
