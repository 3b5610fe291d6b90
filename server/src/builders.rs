//! Builders: their registration, their licenses and the addresses of their holders (T&B steps 402-404,
//! 412-416).

pub mod api;
mod emails;
mod licenses;
mod times;

pub use self::emails::{EmailError, WayBack, send_code, verify};
pub use self::licenses::{BuilderLicenseError, Issued, issue_again, register, renew};
pub use self::times::{TimeError, sign_time};
