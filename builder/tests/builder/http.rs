//! A small HTTP server that does exactly what a test says, faults included.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A request as it was received.
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// First and last byte of `Range: bytes=FIRST-LAST`; the last one may be missing.
    pub(crate) fn range(&self) -> Option<(usize, Option<usize>)> {
        let (first, last) = self.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()))
    }
}

/// What becomes of a connection after the body, or the part of it that is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// All of the body is sent.
    Whole,
    /// So many bytes of it are sent, then the connection is closed.
    CutAfter(usize),
    /// So many bytes of it are sent, then nothing until the other side gives up.
    StallAfter(usize),
}

/// What the server answers.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// `Content-Length`, where it is not the body's.
    pub(crate) length: Option<usize>,
    pub(crate) ending: Ending,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: Vec::new(), body, length: None, ending: Ending::Whole }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Status line and header fields.
    pub(crate) fn head(&self) -> String {
        let length = self.length.unwrap_or(self.body.len());
        let mut head = format!(
            "HTTP/1.1 {} x\r\ncontent-length: {length}\r\nconnection: close\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n")
    }
}

/// Serves a file as RFC 9110 wants it: ranges, `If-Range`, a strong entity tag.
pub(crate) fn serve_file(request: &Request, file: &[u8], etag: &str) -> Response {
    let wanted = request.header("if-range").is_none_or(|tag| tag == etag);
    match request.range().filter(|_| wanted) {
        Some((first, _)) if first >= file.len() => Response::new(416, ""),
        Some((first, last)) => {
            let last = last.unwrap_or(file.len() - 1).min(file.len() - 1);
            Response::new(206, &file[first..=last])
                .with("content-range", format!("bytes {first}-{last}/{}", file.len()))
        }
        None => Response::new(200, file),
    }
    .with("etag", etag)
}

/// A server on a port of its own. Its threads end with the test's process.
pub(crate) struct HttpServer {
    pub(crate) address: SocketAddr,
}

impl HttpServer {
    pub(crate) fn start(handler: impl Fn(Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let handler = Arc::new(handler);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let handler = Arc::clone(&handler);
                thread::spawn(move || exchange(stream, handler.as_ref()));
            }
        });
        Self { address }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

fn exchange(stream: TcpStream, handler: &dyn Fn(Request) -> Response) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let request = read_request(&mut reader)?;
    let response = handler(request);
    let mut writer = stream;
    writer.write_all(response.head().as_bytes()).ok()?;
    let sent = match response.ending {
        Ending::Whole => response.body.len(),
        Ending::CutAfter(bytes) | Ending::StallAfter(bytes) => bytes.min(response.body.len()),
    };
    writer.write_all(&response.body[..sent]).ok()?;
    writer.flush().ok()?;
    if matches!(response.ending, Ending::StallAfter(_)) {
        // Until the other side closes its end.
        let _ = reader.read(&mut [0]);
    }
    writer.shutdown(Shutdown::Both).ok()
}

pub(crate) fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
