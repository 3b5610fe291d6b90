//! The client 30 of the licensing system (SL Fig. 3): it reaches services behind gateways with a seat
//! license that a license server issued to its key.
//!
//! | module | box or figure of the source |
//! |---|---|
//! | [`requestor`] | license requestor 132; Fig. 5, 6 and 8 |
//! | [`challenge`] | challenge handler 134; Fig. 7 |
//! | [`cache`] | license cache 136 |
//! | [`gateway`] | the intermediate server 32: its address and who is trusted for it |
//! | [`gateway_client`] | what is asked of it |
//! | [`seat_license`] | the software license, Table 5, as its client has it |
//! | [`tls`] | connections to it |
//! | [`door`] | the local door, through which any program connects to it with the license |
//! | [`presenter`] | the license that the door presents |
//!
//! The gateway is not trusted with licenses: they come encrypted to this client, and are verified up to
//! the certifying authority that is pinned for the gateway.

pub mod cache;
pub mod challenge;
pub mod door;
pub mod gateway;
pub mod gateway_client;
pub mod presenter;
pub mod requestor;
pub mod seat_license;
pub mod tls;
