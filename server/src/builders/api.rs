//! The handlers of Builders.

mod register_builder;
mod renew_license;

pub use self::register_builder::register_builder;
pub use self::renew_license::renew_license;
