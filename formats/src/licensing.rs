//! The documents of the licensing system (SL): what clearinghouse 22, license server 28, gateway 32 and
//! client 30 send each other. Specification: `docs/formats/licensing.md`.
//!
//! | module | of the source |
//! |---|---|
//! | [`product`] | manufacturer-specific product data, product-specific attributes |
//! | [`order`] | purchase request 106, Fig. 4 |
//! | [`pack`] | license pack 108, Table 1 |
//! | [`seat_license`] | software license, Table 5 |
//! | [`sealed_license`] | Fig. 6, steps 208 to 212 |
//! | [`challenge`] | Fig. 6 and 7 |
//! | [`upgrade`] | Fig. 8 |
//! | [`identity`] | the client's identity and license as the gateway passes them on |
//! | [`records`] | how far a license server's records go |
//! | [`signing`] | the signatures of all of them |
//! | [`client_image`] | client image cache 120 |

pub mod challenge;
pub mod client_image;
pub mod identity;
pub mod order;
pub mod pack;
pub mod product;
pub mod records;
pub mod sealed_license;
pub mod seat_license;
pub mod signing;
pub mod upgrade;
