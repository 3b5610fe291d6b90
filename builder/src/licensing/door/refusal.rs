//! What a program is told that could not be connected: most speak HTTP. It is told as the gateway tells it: in a problem
//! document, with the slug in a field as well, for whoever asks with HEAD.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trybuy_formats::api::{Problem, REFUSAL};
use trybuy_formats::terminal_text::one_line;

use super::Local;
use super::exchanges::Exchanges;
use crate::error::Error;

/// A status code of HTTP and its words.
pub(super) type Status = (u16, &'static str);

/// The gateway cannot be reached.
pub(super) const BAD_GATEWAY: Status = (502, "Bad Gateway");
/// There is no license.
pub(super) const FORBIDDEN: Status = (403, "Forbidden");

/// How long the program may take to ask, and to read the answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says in HTTP/1.1 what happened and what to do, and ends the connection.
pub(super) async fn answer(
    mut local: Local,
    mut exchanges: Exchanges,
    (status, words): Status,
    error: &Error,
) {
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
    let mut text = format!(
        "HTTP/1.1 {status} {words}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         {REFUSAL}: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        body.len(),
        error.slug()
    );
    let asks_with_head = tokio::time::timeout(PATIENCE, asks_with_head(&mut local, &mut exchanges));
    // A program that asks nothing is told as well.
    let is_head = matches!(asks_with_head.await, Ok(Ok(true)));
    if !is_head {
        text.push_str(&body);
    }
    let told = async {
        local.write_all(text.as_bytes()).await?;
        local.shutdown().await?;
        // A connection that is closed with something unread takes the answer back.
        let mut rest = [0; 4096];
        while local.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    // A program that went away needs no answer.
    let _ = tokio::time::timeout(PATIENCE, told).await;
}

/// Whether the answer is to have no body (RFC 9110, section 9.3.2). What was not read of the request yet is read for that.
async fn asks_with_head(local: &mut Local, exchanges: &mut Exchanges) -> io::Result<bool> {
    let mut piece = [0; 4096];
    loop {
        if let Some(is_head) = exchanges.asks_with_head() {
            return Ok(is_head);
        }
        match local.read(&mut piece).await? {
            0 => return Ok(false),
            length => exchanges.ask(&piece[..length]),
        }
    }
}
