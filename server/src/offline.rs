//! Steps of machines without a network, brought by another machine as a request file and answered by a
//! response file (`OF`). Each is taken by the service that takes it online.
//!
//! Whoever carries a request can send it again at any time. So a step says what its Builder knows, and
//! what was given since is answered again: nothing is given twice.

mod answer_request;
mod steps;
mod terms;

pub use self::answer_request::answer_request;
pub use self::steps::{Asker, StepError, take_step};
