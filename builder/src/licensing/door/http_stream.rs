//! Where messages begin and end in a stream of HTTP/1.1 (RFC 9112). What is not plain to see is not guessed.

use httparse::{EMPTY_HEADER, Header, Request, Response, Status};

/// More than any head that gateways pass on, in bytes.
const HEAD: usize = 64 << 10;
/// More fields than any head that gateways pass on has.
const FIELDS: usize = 256;
/// More than any line between chunks, in bytes.
const LINE: usize = 4 << 10;

/// A stream of messages, read as it passes.
pub(super) struct HttpStream {
    read_head: fn(&[u8]) -> Option<Head>,
    place: Place,
}

/// Where in it one is.
enum Place {
    Head(Vec<u8>),
    /// So many bytes of a body are left.
    Length(u64),
    /// In the line that says how long a chunk is.
    Size(Vec<u8>),
    /// So many bytes of a chunk are left, with the end of its line.
    Chunk(u64),
    /// In a line behind the last chunk.
    Trailer(Vec<u8>),
}

/// What bytes were.
pub(super) enum Event {
    /// A part of a head or a body.
    Part,
    /// The rest of a head. The reader has to be told which body is behind it.
    Head(Head),
    /// The rest of a message.
    End,
}

/// How long a body is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Body {
    /// So long; 0 where there is none.
    Length(u64),
    /// As its chunks say.
    Chunks,
    /// Its head does not say.
    Unsaid,
}

/// The head of a message.
pub(super) struct Head {
    /// With the empty line behind it, in bytes.
    pub(super) length: usize,
    /// Of a request.
    pub(super) method: Option<String>,
    /// Of an answer.
    pub(super) status: Option<u16>,
    fields: Vec<(String, Vec<u8>)>,
}

impl HttpStream {
    /// The requests of a connection.
    pub(super) fn of_requests() -> Self {
        Self { read_head: Head::of_request, place: Place::start() }
    }

    /// The answers of a connection.
    pub(super) fn of_answers() -> Self {
        Self { read_head: Head::of_answer, place: Place::start() }
    }

    /// Reads on, and says how many bytes were what. None where it cannot be followed any more.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<(usize, Event)> {
        match &mut self.place {
            Place::Head(head) => {
                let (used, is_whole) = take(head, bytes, b"\r\n\r\n", HEAD)?;
                let event =
                    if is_whole { Event::Head((self.read_head)(head)?) } else { Event::Part };
                Some((used, event))
            }
            Place::Length(left) => {
                let used = less(left, bytes);
                let is_end = *left == 0;
                if is_end {
                    self.place = Place::start();
                }
                Some((used, if is_end { Event::End } else { Event::Part }))
            }
            Place::Size(line) => {
                let (used, is_whole) = take(line, bytes, b"\r\n", LINE)?;
                if is_whole {
                    self.place = match size(line)? {
                        0 => Place::Trailer(Vec::new()),
                        size => Place::Chunk(size.checked_add(2)?),
                    };
                }
                Some((used, Event::Part))
            }
            Place::Chunk(left) => {
                let used = less(left, bytes);
                if *left == 0 {
                    self.place = Place::Size(Vec::new());
                }
                Some((used, Event::Part))
            }
            Place::Trailer(line) => {
                let (used, is_whole) = take(line, bytes, b"\r\n", LINE)?;
                let is_last = is_whole && line.len() == 2;
                if is_last {
                    self.place = Place::start();
                } else if is_whole {
                    line.clear();
                }
                Some((used, if is_last { Event::End } else { Event::Part }))
            }
        }
    }

    /// Goes on behind a head. The answer is whether that was all of the message; none where it cannot be told.
    pub(super) fn begin(&mut self, body: Body) -> Option<bool> {
        self.place = match body {
            Body::Length(0) => Place::start(),
            Body::Length(length) => Place::Length(length),
            Body::Chunks => Place::Size(Vec::new()),
            Body::Unsaid => return None,
        };
        Some(body == Body::Length(0))
    }

    /// What was read of a head that is not whole yet.
    pub(super) fn begun(&self) -> &[u8] {
        match &self.place {
            Place::Head(head) => head,
            _ => &[],
        }
    }
}

impl Place {
    fn start() -> Self {
        Self::Head(Vec::new())
    }
}

impl Head {
    fn of_request(bytes: &[u8]) -> Option<Self> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut request = Request::new(&mut fields);
        let is_whole = request.parse(bytes) == Ok(Status::Complete(bytes.len()));
        let method = Some(request.method.filter(|_| is_whole)?.to_owned());
        Some(Self { length: bytes.len(), method, status: None, fields: owned(request.headers) })
    }

    fn of_answer(bytes: &[u8]) -> Option<Self> {
        let mut fields = [EMPTY_HEADER; FIELDS];
        let mut answer = Response::new(&mut fields);
        let is_whole = answer.parse(bytes) == Ok(Status::Complete(bytes.len()));
        let status = Some(answer.code.filter(|_| is_whole)?);
        Some(Self { length: bytes.len(), method: None, status, fields: owned(answer.headers) })
    }

    /// The only value of a field, where it is text.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let (first, second) = (values.next(), values.next());
        let (_, value) = first.filter(|_| second.is_none())?;
        std::str::from_utf8(value).ok()
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    /// How long the body is, as far as fields say. None where they contradict each other.
    pub(super) fn body(&self) -> Option<Body> {
        match (self.has("transfer-encoding"), self.has("content-length")) {
            (false, false) => Some(Body::Unsaid),
            (false, true) => {
                let digits = self.field("content-length")?;
                let are_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
                digits.parse().ok().filter(|_| are_digits).map(Body::Length)
            }
            (true, false) => {
                let coding = self.field("transfer-encoding")?;
                coding.eq_ignore_ascii_case("chunked").then_some(Body::Chunks)
            }
            (true, true) => None,
        }
    }
}

/// Takes bytes up to an end, of which a part may have come before. None where there is none for too long, and where a line
/// ends with LF alone: some read that as an end, others do not.
fn take(taken: &mut Vec<u8>, bytes: &[u8], end: &[u8], most: usize) -> Option<(usize, bool)> {
    for (place, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' && taken.last() != Some(&b'\r') {
            return None;
        }
        taken.push(*byte);
        if taken.ends_with(end) {
            return Some((place + 1, true));
        }
        if taken.len() > most {
            return None;
        }
    }
    Some((bytes.len(), false))
}

/// Takes off what there is of so many bytes.
fn less(left: &mut u64, bytes: &[u8]) -> usize {
    let used = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    *left -= used as u64;
    used
}

fn owned(fields: &[Header<'_>]) -> Vec<(String, Vec<u8>)> {
    fields.iter().map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec())).collect()
}

/// The size of a chunk. A line without one is read as 0 by the parser, and by others as none.
fn size(line: &[u8]) -> Option<u64> {
    line.first().filter(|first| first.is_ascii_hexdigit())?;
    match httparse::parse_chunk_size(line) {
        Ok(Status::Complete((_, size))) => Some(size),
        Ok(Status::Partial) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_as_long_as_its_head_says_where_that_is_plain() {
        for (fields, expected) in [
            ("", Some(Body::Unsaid)),
            ("Content-Length: 12\r\n", Some(Body::Length(12))),
            ("transfer-encoding: Chunked\r\n", Some(Body::Chunks)),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", None),
            ("Content-Length: 1\r\nContent-Length: 2\r\n", None),
            ("Content-Length: 1, 1\r\n", None),
            ("Content-Length:\r\n", None),
            ("Content-Length: +1\r\n", None),
            ("Content-Length: x\r\n", None),
            ("Content-Length: 99999999999999999999\r\n", None),
            ("Transfer-Encoding: gzip, chunked\r\n", None),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", None),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", None),
        ] {
            let head = format!("GET / HTTP/1.1\r\nhost: a\r\n{fields}\r\n");
            let head = Head::of_request(head.as_bytes()).expect("a head");
            assert_eq!(head.body(), expected, "{fields}");
        }
    }

    #[test]
    fn what_is_no_head_of_http_is_not_followed() {
        for fields in [
            "no field",
            ": b",
            "a: b\r\n folded: c",
            "a: b\r\n\tfolded",
            "content-length : 4",
            "content-length\t: 4",
            "a b: c",
            "transfer-encoding: \u{b}chunked",
            "a: b\0",
            "a: b\rcontent-length: 4",
            &"a: b\r\n".repeat(FIELDS),
        ] {
            for (line, read) in [
                ("GET / HTTP/1.1", Head::of_request as fn(&[u8]) -> Option<Head>),
                ("HTTP/1.1 200 OK", Head::of_answer),
            ] {
                let good = format!("{line}\r\na: b\r\n\r\n");
                assert!(read(good.as_bytes()).is_some(), "{line}");
                let bad = format!("{line}\r\na: b\r\n{fields}\r\n\r\n");
                assert!(read(bad.as_bytes()).is_none(), "{bad}");
            }
        }
        for (line, method, status) in [
            ("HEAD / HTTP/1.1", Some("HEAD"), None),
            ("HTTP/1.1 403 Forbidden", None, Some(403)),
            ("HTTP/1.0 200", None, Some(200)),
            ("HTTP/1.1 +20 OK", None, None),
            ("HTTP/2 200", None, None),
            ("PRI * HTTP/2.0", None, None),
            ("GET  / HTTP/1.1", None, None),
            ("GET / HTTP/1.1 HTTP/1.1", None, None),
        ] {
            let head = format!("{line}\r\n\r\n");
            let asked = Head::of_request(head.as_bytes()).and_then(|head| head.method);
            let answered = Head::of_answer(head.as_bytes()).and_then(|head| head.status);
            assert_eq!((asked.as_deref(), answered), (method, status), "{line}");
        }
        assert!(HttpStream::of_requests().read(&[b'a'; HEAD + 1]).is_none());
    }

    #[test]
    fn chunks_whose_size_is_not_plain_to_see_are_not_followed() {
        for (line, expected) in [
            ("4", Some(4)),
            ("00aF;x=y", Some(0xaf)),
            ("4 ; x", Some(4)),
            ("", None),
            (";x", None),
            (" 4", None),
            ("+4", None),
            ("0x4", None),
            ("4 4", None),
            ("4\rx", None),
            ("10000000000000000", None),
        ] {
            assert_eq!(size(format!("{line}\r\n").as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn lines_that_end_with_lf_alone_are_not_followed() {
        let chunks = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        for text in [
            "GET / HTTP/1.1\nhost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\ncontent-length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: a\n\r\n\r\n",
            &format!("{chunks}4;x\ny\r\nbody\r\n"),
            &format!("{chunks}0\r\ntrailer: a\n\r\n\r\n"),
        ] {
            assert!(ends(text.as_bytes(), 1).is_none(), "{text}");
        }
    }

    #[test]
    fn messages_end_where_their_bodies_do_however_they_are_cut() {
        const SENT: [&str; 3] = [
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n4;x=y\r\nbody\r\nA\r\n0123456789\r\n\
             0\r\ntrailer: 1\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody",
            "GET / HTTP/1.1\r\n\r\n",
        ];
        let (stream, [first, second, third]) = (SENT.concat(), SENT.map(str::len));
        let expected = vec![first, first + second, first + second + third];
        for length in 1..stream.len() {
            assert_eq!(ends(stream.as_bytes(), length), Some(expected.clone()), "{length}");
        }
    }

    /// Where the messages of a stream end that comes in pieces of a length; none where it cannot be followed.
    fn ends(stream: &[u8], length: usize) -> Option<Vec<usize>> {
        let (mut messages, mut at, mut found) = (HttpStream::of_requests(), 0, Vec::new());
        for mut piece in stream.chunks(length) {
            while !piece.is_empty() {
                let (used, event) = messages.read(piece)?;
                at += used;
                let is_end = match event {
                    Event::Part => false,
                    Event::End => true,
                    Event::Head(head) => match head.body()? {
                        Body::Unsaid => messages.begin(Body::Length(0))?,
                        said => messages.begin(said)?,
                    },
                };
                found.extend(is_end.then_some(at));
                piece = &piece[used..];
            }
        }
        Some(found)
    }
}
