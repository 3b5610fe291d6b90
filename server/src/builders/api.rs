//! The handlers of Builders.

mod register_builder;
mod renew_license;
mod sign_time;

pub use self::register_builder::register_builder;
pub use self::renew_license::renew_license;
pub use self::sign_time::sign_time;
