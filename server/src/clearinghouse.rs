//! The clearinghouse 22 with its license generator 26 (SL Fig. 1, 3 and 4): it offers products, takes orders
//! of license servers, collects fees, and issues license packs.
//!
//! | module | of the source |
//! |---|---|
//! | [`identity`] | the clearinghouse's certificate and private signing key |
//! | [`ordering`] | purchase requests 106, step 150 |
//! | [`payments`] | fees; with the last one the pack is issued, steps 152 to 160 |
//! | `provider` | payments that a payment provider confirms |
//! | [`crate::store`] | the master license database 100 |

pub mod api;
mod app;
mod config;
pub mod identity;
pub mod ordering;
pub mod payments;
mod provider;

pub use self::app::{Clearinghouse, ClearinghouseState};
pub use self::config::{ClearinghouseConfig, RateLimitsConfig, TEMPLATE};

/// The name of the role: of its directory, and in commands.
pub const ROLE: &str = "clearinghouse";
