//! The test vectors of three implementations, judged by the one that is built
//! (`docs/formats/vectors.md`).
//!
//! `aws-lc` and `portable` were written by `examples/write_vectors`, with each implementation of
//! the primitives; `python` by the decoder in `tests/decoder`, which shares no code with this crate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod vectors {
    mod certificates;
    mod classes;
    mod documents;
    mod expiry;
    mod files;
    mod licensing;
    mod request;
    mod set;
}
