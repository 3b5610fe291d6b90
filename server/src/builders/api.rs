//! The handlers of Builders.

mod register_builder;
mod renew_license;
mod send_email_code;
mod sign_time;
mod verify_email;

pub use self::register_builder::register_builder;
pub use self::renew_license::renew_license;
pub(crate) use self::send_email_code::not_sent;
pub use self::send_email_code::send_email_code;
pub use self::sign_time::sign_time;
pub use self::verify_email::verify_email;
