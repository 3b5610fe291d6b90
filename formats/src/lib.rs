//! The file formats of trybuy, their cryptography, the expiry decision and the wire types of its
//! HTTP API.
//!
//! The crate is pure: it opens no file or connection, starts no task and has no clock of its own.
//! What it needs of the outside world comes in as bytes, as a [`read_at::ReadAt`] or as an
//! [`instant::Instant`]. The specifications are in `docs/formats/`; code cites their rules by number.
//!
//! | module | box or step of the source |
//! |---|---|
//! | [`server_format`] | Server Format 180, Fig. 3 |
//! | [`transmission`] | Transmission Format 186, Fig. 4 and 5; Encryption Module 135 |
//! | [`client_storage`] | Client Storage Format |
//! | [`execution_format`] | Execution Format 196, Fig. 6 |
//! | [`control`] | control information 183-185 |
//! | [`builder_license`] | Builder license and licensee id 103 |
//! | [`expiry`] | verification before execution, steps 316 and 428-432 |
//! | [`certificates`] | the certificates of the licensing system, seat licenses among them (SL) |
//! | [`licensing`] | license packs, seat licenses and what is sent for them (the software-licensing source, SL) |

pub mod api;
pub mod builder_license;
pub mod certificates;
pub mod client_storage;
pub mod control;
pub mod envelope;
pub mod execution_format;
pub mod expiry;
pub mod ids;
pub mod instant;
pub mod keys;
pub mod licensing;
pub mod limits;
pub mod offline;
pub mod policy;
pub mod primitives;
pub mod read_at;
pub mod request_signature;
pub mod sealed_state;
pub mod server_format;
pub mod signed;
pub mod signed_time;
pub mod slug;
pub mod subject;
pub mod terminal_text;
pub mod transmission;
pub mod typed_code;
pub mod words;

mod canonical_json;
mod encoding;
mod salted_box;
mod wiped_buffer;
