//! Properties of the file formats: what is written is read, and nothing else is.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod properties {
    mod client_storage;
    mod heads;
    mod mixing;
    mod refusals;
    mod round_trips;
    mod server_format;
    mod tampering;
    mod world;
}
