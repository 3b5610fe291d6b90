//! Who sent a request: a Builder by its signature, a vendor by a token, and from which address.
//!
//! Each is an extractor, so a handler's arguments say what it asks for.

mod client_address;
mod signed_body;
mod signed_builder;
mod token;
mod vendor;

pub use self::client_address::ClientAddress;
pub(crate) use self::signed_body::refused;
pub use self::signed_body::{SignedBody, TakesSignedRequests};
pub use self::signed_builder::{SignedBuilder, known_builder};
pub use self::token::VendorToken;
pub use self::vendor::{Actor, Vendor};
