//! What a program is told that could not be connected: most speak HTTP. It is told as the gateway tells it: in a problem
//! document, with the slug in a field as well, for whoever asks with HEAD.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trybuy_formats::api::{Problem, REFUSAL};
use trybuy_formats::terminal_text::one_line;

use super::Local;
use crate::error::Error;

/// A status code of HTTP and its words.
pub(super) type Status = (u16, &'static str);

/// The gateway cannot be reached.
pub(super) const BAD_GATEWAY: Status = (502, "Bad Gateway");
/// There is no license.
pub(super) const FORBIDDEN: Status = (403, "Forbidden");

/// How long the program may take to read it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says in HTTP/1.1 what happened and what to do, and ends the connection.
pub(super) async fn answer(mut local: Local, (status, words): Status, error: &Error) {
    let problem = Problem {
        slug: error.slug(),
        status,
        title: one_line(&error.explain()),
        detail: None,
        help: Some(one_line(error.help())),
        condition: None,
        server_time: None,
    };
    let body = serde_json::to_string(&problem).expect("a plain structure");
    let head = format!(
        "HTTP/1.1 {status} {words}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         {REFUSAL}: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        body.len(),
        error.slug()
    );
    let told = async {
        local.write_all(format!("{head}{body}").as_bytes()).await?;
        local.shutdown().await?;
        // A connection that is closed with something unread takes the answer back.
        let mut rest = [0; 4096];
        while local.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    // A program that went away needs no answer.
    let _ = tokio::time::timeout(PATIENCE, told).await;
}
