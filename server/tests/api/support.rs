//! A server, Builders, vendors and releases for the tests.

mod answer;
mod builder;
pub(crate) mod keys;
mod release;
mod server;
mod smtp;
mod vendor;

pub(crate) use self::answer::Answer;
pub(crate) use self::builder::{Change, TestBuilder, accept, register, registration, server_key};
pub(crate) use self::release::{ReleaseMaker, program_bytes};
pub(crate) use self::server::{TestServer, start};
pub(crate) use self::smtp::{Conduct, SmtpServer};
pub(crate) use self::vendor::TestVendor;

use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, Expiration, Layout, Limits, OnExpiry, TrialPolicy};

/// The id of the application that most tests publish.
pub(crate) const APPLICATION: &str = "com.example.sketch";
/// Its platform.
pub(crate) const PLATFORM: &str = "x86_64-linux";
/// A day, in seconds.
pub(crate) const DAY: u64 = 86_400;

/// One trial of ten days that ends hard, with passive acceptance.
pub(crate) fn policy() -> TrialPolicy {
    TrialPolicy {
        duration: Span::seconds(10 * DAY),
        expiration: Expiration::Hard {},
        limits: Limits::default(),
        on_expiry: OnExpiry::Finish,
        trials: 1,
        between: None,
        acceptance: AcceptanceKind::Passive,
        layout: Layout::Leading,
    }
}
