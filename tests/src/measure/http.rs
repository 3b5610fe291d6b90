//! The least HTTP client that can load a server: one connection, requests made before the clock runs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use anyhow::{Context as _, Result};
use trybuy_formats::instant::Instant;
use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::request_signature::{self, Request};

/// An answer: status and body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// A connection that is kept open.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request as it is and reads its answer.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            } else if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next().and_then(|code| code.parse().ok());
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status: status.context("a status line")?, body })
    }
}

/// A POST of JSON, signed as a Builder signs it, as bytes on the wire.
pub(super) fn signed_post(
    key: &RequestSignatureKey,
    key_id: &str,
    path: &str,
    body: &[u8],
) -> Result<Vec<u8>> {
    let request = Request { method: "POST", path, query: None, body };
    let now = Instant::try_from(chrono::Utc::now())?;
    let fields = request_signature::sign(key, key_id, &request, now);
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nContent-Digest: {}\r\nSignature-Input: {}\r\nSignature: {}\r\n\r\n",
        body.len(),
        fields.content_digest,
        fields.signature_input,
        fields.signature
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    Ok(bytes)
}
