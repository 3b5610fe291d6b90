//! What a program is told that could not be connected: most speak HTTP.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trybuy_formats::terminal_text::one_line;

use super::Local;
use crate::error::Error;

/// The gateway cannot be reached.
pub(super) const BAD_GATEWAY: &str = "502 Bad Gateway";
/// There is no license.
pub(super) const FORBIDDEN: &str = "403 Forbidden";

/// How long the program may take to read it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says in HTTP/1.1 what happened and what to do, and ends the connection.
pub(super) async fn answer(mut local: Local, status: &str, error: &Error) {
    let body = format!(
        "trybuy: {} ({})\n{}\n",
        one_line(&error.explain()),
        error.slug(),
        one_line(error.help())
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\n\r\n",
        body.len()
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
