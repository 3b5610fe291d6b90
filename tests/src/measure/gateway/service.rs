//! The service behind: it answers `GET /SIZE` with so many bytes, and takes the bodies of `PUT`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context as _, Result};

/// Bytes that are written or read at once.
const PIECE: usize = 256 << 10;

/// A service with a thread for each connection, so that it takes less than any proxy.
pub(super) struct Service {
    pub(super) address: SocketAddr,
}

impl Service {
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A proxy closes its connections when it likes.
                thread::spawn(move || serve(stream).ok());
            }
        });
        Ok(Self { address })
    }
}

fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(PIECE, stream);
    let piece = vec![7; PIECE];
    while let Some(Request { size, length }) = head(&mut stream)? {
        std::io::copy(&mut (&mut stream).take(length), &mut std::io::sink())?;
        let stream = stream.get_mut();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        let mut left = size;
        let first = left.min(PIECE);
        stream.write_all(&[head.as_bytes(), &piece[..first]].concat())?;
        left -= first;
        while left > 0 {
            let next = left.min(PIECE);
            stream.write_all(&piece[..next])?;
            left -= next;
        }
    }
    Ok(())
}

/// How much is asked for, and how long the body is.
struct Request {
    size: usize,
    length: u64,
}

/// The next head; none if there is no further request.
fn head(stream: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).context("a target")?;
    let size = target.trim_start_matches('/').parse().context("a size")?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let field = line.trim_end().to_ascii_lowercase();
        if field.is_empty() {
            return Ok(Some(Request { size, length }));
        }
        if let Some(value) = field.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
}
