//! A server of a few lines that records what it is sent and answers what a test says.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde::Serialize;

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}

/// What the server does with a request whose head it has read.
pub(crate) enum Reply {
    /// Reads the body, then answers.
    Answer {
        status: u16,
        media_type: &'static str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Answers at once, and reads the body only then.
    Early(Box<Reply>),
    /// Reads so many bytes of the body and breaks the connection.
    CutOff(usize),
}

impl Reply {
    pub(crate) fn json<T: Serialize>(status: u16, value: &T) -> Self {
        let body = serde_json::to_vec(value).unwrap();
        Self::Answer { status, media_type: "application/json", headers: Vec::new(), body }
    }

    /// Success without a word.
    pub(crate) fn nothing() -> Self {
        let (media_type, headers) = ("text/plain", Vec::new());
        Self::Answer { status: 204, media_type, headers, body: Vec::new() }
    }

    pub(crate) fn problem(status: u16, slug: &str, title: &str) -> Self {
        let body = format!(r#"{{"type":"/problems/{slug}","status":{status},"title":"{title}"}}"#);
        let (media_type, headers) = ("application/problem+json", Vec::new());
        Self::Answer { status, media_type, headers, body: body.into() }
    }
}

/// The server; it ends when it is dropped.
pub(crate) struct SmallServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SmallServer {
    pub(crate) fn start(mut answer: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let (record, end) = (Arc::clone(&requests), Arc::clone(&ended));
        let thread = thread::spawn(move || {
            for connection in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                serve(connection.unwrap(), &mut answer, &record);
            }
        });
        Self { address, requests, ended, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that has come in so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

impl Drop for SmallServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it has ended.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    stream: TcpStream,
    answer: &mut impl FnMut(&Request) -> Reply,
    record: &Mutex<Vec<Request>>,
) {
    let mut reader = BufReader::new(stream);
    let Some(mut request) = read_head(&mut reader) else {
        return;
    };
    let length = request.header("content-length").map_or(0, |text| text.parse().unwrap());
    let reply = answer(&request);
    if let Reply::Early(early) = reply {
        record.lock().unwrap().push(request);
        write(&mut reader, &early);
        // Read on, as a server does that drains what it has refused.
        let _ = std::io::copy(&mut reader.take(length as u64), &mut std::io::sink());
        return;
    }
    request.body = match &reply {
        Reply::CutOff(after) => vec![0; *after],
        _ => vec![0; length],
    };
    let complete = reader.read_exact(&mut request.body).is_ok();
    record.lock().unwrap().push(request);
    if complete {
        write(&mut reader, &reply);
    }
}

fn read_head(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    while let Some(text) = line().filter(|text| !text.is_empty()) {
        let (name, value) = text.split_once(": ")?;
        request.headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Some(request)
}

fn write(reader: &mut BufReader<TcpStream>, reply: &Reply) {
    let Reply::Answer { status, media_type, headers, body } = reply else {
        return;
    };
    let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\
         connection: close\r\n{more}\r\n",
        body.len()
    );
    let stream = reader.get_mut();
    // A client may have gone away; the test then sees what it printed.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}
