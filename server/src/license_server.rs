//! The license server 28 (SL Fig. 3): it installs license packs, and gives their licenses to clients.
//!
//! | box | module |
//! |---|---|
//! | 110 license pack installer | [`packs`], [`orders`] |
//! | 112 secure license store | [`crate::store`] |
//! | 114, 116 license pack table, client assignment table | [`crate::store`] |
//! | 118 client image installer, 120 client image cache | [`images`] |
//! | 122 request handler | [`api`] |
//! | 124 client authenticating module | [`challenge`], [`requests`] |
//! | 126 granting module | [`granting`], [`issuing`] |
//!
//! # A license server that was restored from a backup
//!
//! It does not know what it granted since, and would grant the same seats again. It finds out by the number of its
//! records of decisions, which never becomes less: a file beside the database ([`mark`]) has it, and gateways keep
//! what it said of them last ([`trybuy_formats::licensing::records`]), and show it again. Once it knows, it issues
//! licenses again that it has, and allocates nothing, until the operator has seen to it (`license-server restored
//! accept`). Every license that a gateway has seen, or that a client presents with its next request, is assigned to
//! that client again; where the seat was given to somebody else before that, both licenses are kept, and a record
//! says so.
//!
//! It cannot find out alone where the file beside the database was restored too, before a gateway reports. And it
//! cannot know of a license that nobody presents, nor of a revocation since the backup: those have to be revoked
//! again. A temporary license that a client does not present, it may issue once more after it was accepted.

pub mod api;
pub mod audit;
pub mod challenge;
pub mod config;
pub mod granting;
pub mod images;
pub mod issuing;
pub mod keys;
pub mod license_state;
pub mod mark;
pub mod orders;
pub mod packs;
pub mod presented;
pub mod requests;
pub mod revocation_list;
mod routes;
mod state;
mod worker;

pub use self::routes::router;
pub use self::state::{LicenseServer, LicenseServerParts, LicenseServerState};
pub use self::worker::Worker;

/// The name of the role, and of its directory.
pub const ROLE: &str = "license-server";
