//! A certifying authority, license servers, and a clearinghouse.

mod answer;
mod license_server;
mod orderer;
mod process;
mod server;

pub(crate) use answer::Answer;
pub(crate) use license_server::{Authority, LicenseServer, product};
pub(crate) use orderer::Orderer;
pub(crate) use process::{Commands, is_private};
pub(crate) use server::{TestServer, offer};

use trybuy_formats::instant::Instant;

/// When every test in this process begins.
pub(crate) fn begin() -> Instant {
    Instant::from_unix(1_790_000_000).expect("in range")
}

/// A value of a type that is parsed from a text.
pub(crate) fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect(text)
}
