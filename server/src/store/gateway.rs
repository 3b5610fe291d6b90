//! What a gateway keeps: the legacy license store 130, and the licenses that it has seen.

mod clients;
mod seen;

pub use clients::GatewayClient;
pub use seen::SeenLicense;
