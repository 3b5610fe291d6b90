//! The license server 28 (SL Fig. 3): it installs license packs, and gives their licenses to clients.
//!
//! | box | module |
//! |---|---|
//! | 112 secure license store | [`crate::store`] |
//! | 126 granting module | [`granting`] |

pub mod granting;
