//! Builders: their registration and their licenses (T&B steps 402-404, 412-416).

pub mod api;
mod licenses;

pub use self::licenses::{BuilderLicenseError, Issued, issue_again, register, renew};
