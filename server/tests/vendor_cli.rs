//! `trybuy-vendor` from outside: its manifest, its packages, its messages, and how it behaves
//! towards servers that answer, refuse, break off or fall silent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "vendor_cli/blocks.rs"]
mod blocks;
#[path = "vendor_cli/classes.rs"]
mod classes;
#[path = "vendor_cli/fixture.rs"]
mod fixture;
#[path = "vendor_cli/guide.rs"]
mod guide;
#[path = "vendor_cli/keys.rs"]
mod keys;
#[path = "vendor_cli/manifests.rs"]
mod manifests;
#[path = "vendor_cli/packages.rs"]
mod packages;
#[path = "vendor_cli/policies.rs"]
mod policies;
#[path = "vendor_cli/profiles.rs"]
mod profiles;
#[path = "vendor_cli/publishing.rs"]
mod publishing;
#[path = "vendor_cli/reading.rs"]
mod reading;
#[path = "vendor_cli/small_server.rs"]
mod small_server;
#[path = "vendor_cli/transcripts.rs"]
mod transcripts;
#[path = "vendor_cli/webhooks.rs"]
mod webhooks;
