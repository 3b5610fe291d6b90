//! What the tests share.

mod answer;
mod authority;
mod client;
mod process;
mod server;

pub(crate) use self::answer::Answer;
pub(crate) use self::authority::{Authority, SERVER};
pub(crate) use self::client::{IMAGE, TestClient, wrong};
pub(crate) use self::process::{Program, Serving};
pub(crate) use self::server::{TestServer, pack};
