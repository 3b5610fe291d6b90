//! What a program asks over a connection, and what it is answered: so far as has to be known to send a request again
//! whose license the gateway refuses.

use std::collections::VecDeque;

use trybuy_formats::api::REFUSAL;
use trybuy_formats::slug::Slug;

use super::http_stream::{Body, Event, Head, HttpStream};
use crate::licensing::requestor::is_refusal;

/// The most bytes that are kept to be sent again.
const KEPT: usize = 64 << 10;

/// The exchanges of one connection. Where they cannot be followed, everything is passed on as it comes.
pub(super) struct Exchanges {
    requests: HttpStream,
    answers: HttpStream,
    /// Requests that are not answered, the oldest first.
    open: VecDeque<Request>,
    /// Their bytes.
    kept: Vec<u8>,
    is_too_much: bool,
    is_lost: bool,
    has_asked: bool,
    was_answered: bool,
}

/// A request that has begun.
#[derive(Default)]
struct Request {
    /// Known from the end of its head on.
    is_head: Option<bool>,
    length: usize,
    is_whole: bool,
}

/// What is passed on of what the gateway answers.
pub(super) struct Answered<'a> {
    /// What was held back until now: the beginning of a head.
    pub(super) held: Vec<u8>,
    /// Of what has just come.
    pub(super) now: &'a [u8],
    /// Behind that, the gateway refuses the license.
    pub(super) refusal: Option<Slug>,
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self {
            requests: HttpStream::of_requests(),
            answers: HttpStream::of_answers(),
            open: VecDeque::new(),
            kept: Vec::new(),
            is_too_much: false,
            is_lost: false,
            has_asked: false,
            was_answered: false,
        }
    }

    /// Those of a connection in which this was asked before.
    pub(super) fn begun(asked: &[u8]) -> Self {
        let mut exchanges = Self::new();
        exchanges.ask(asked);
        exchanges
    }

    /// Whether the program waits for its first answer.
    pub(super) fn waits(&self) -> bool {
        self.has_asked && !self.was_answered
    }

    /// Whether the request that is to be answered next asks with HEAD, as soon as that is known.
    pub(super) fn asks_with_head(&self) -> Option<bool> {
        let known = self.open.front().and_then(|request| request.is_head);
        known.or(self.is_lost.then_some(false))
    }

    /// The requests without an answer, where all of them was kept.
    pub(super) fn again(&self) -> Option<&[u8]> {
        (!self.is_lost && !self.is_too_much).then_some(&self.kept)
    }

    /// The program sends a piece.
    pub(super) fn ask(&mut self, mut piece: &[u8]) {
        self.has_asked |= !piece.is_empty();
        while !piece.is_empty() && !self.is_lost {
            let used = self.read_request(piece);
            self.is_lost = used.is_none();
            piece = &piece[used.unwrap_or_default()..];
        }
    }

    fn read_request(&mut self, piece: &[u8]) -> Option<usize> {
        let (used, event) = self.requests.read(piece)?;
        if self.open.back().is_none_or(|last| last.is_whole) {
            self.open.push_back(Request::default());
        }
        self.is_too_much |= self.kept.len() + used > KEPT;
        if self.is_too_much {
            self.kept = Vec::new();
        } else {
            self.kept.extend(&piece[..used]);
        }
        let request = self.open.back_mut()?;
        request.length += used;
        match event {
            Event::Part => {}
            Event::End => request.is_whole = true,
            Event::Head(head) => {
                request.is_head = Some(head.method.as_deref()? == "HEAD");
                // Without a word about its body, a request has none.
                let body = match head.body()? {
                    Body::Unsaid => Body::Length(0),
                    said => said,
                };
                request.is_whole = self.requests.begin(body)?;
            }
        }
        Some(used)
    }

    /// The gateway answers a piece. The head of an answer is held back until it is whole.
    pub(super) fn answer<'a>(&mut self, piece: &'a [u8]) -> Answered<'a> {
        let held = self.answers.begun().to_vec();
        let mut at = 0;
        while at < piece.len() && !self.is_lost {
            let Some((used, event)) = self.answers.read(&piece[at..]) else {
                self.is_lost = true;
                break;
            };
            at += used;
            let went_on = match event {
                Event::Part => Some(()),
                Event::End => self.end_answer(),
                Event::Head(head) => match self.refusal(&head) {
                    refusal @ Some(_) => return self.passed(held, piece, at, head.length, refusal),
                    None => self.begin_answer(&head),
                },
            };
            self.is_lost = went_on.is_none();
        }
        if self.is_lost {
            self.answers = HttpStream::of_answers();
        }
        self.passed(held, piece, piece.len(), self.answers.begun().len(), None)
    }

    /// What was held back when the connection ended.
    pub(super) fn rest(&self) -> &[u8] {
        self.answers.begun()
    }

    /// All up to a place is passed on but the last bytes, which may have begun before this piece.
    fn passed<'a>(
        &mut self,
        held: Vec<u8>,
        piece: &'a [u8],
        up_to: usize,
        last: usize,
        refusal: Option<Slug>,
    ) -> Answered<'a> {
        let Some(end) = up_to.checked_sub(last) else {
            return Answered { held: Vec::new(), now: &[], refusal };
        };
        self.was_answered |= !held.is_empty() || end > 0;
        Answered { held, now: &piece[..end], refusal }
    }

    /// Why the gateway refuses the license. It says so in a field that it takes away from what its service answers.
    fn refusal(&self, head: &Head) -> Option<Slug> {
        let is_asked = head.status == Some(403) && !self.open.is_empty();
        let slug: Slug = head.field(REFUSAL).filter(|_| is_asked)?.parse().ok()?;
        is_refusal(slug).then_some(slug)
    }

    fn begin_answer(&mut self, head: &Head) -> Option<()> {
        /// From then on, another protocol is spoken.
        const SWITCHING_PROTOCOLS: u16 = 101;
        let body = match head.status? {
            SWITCHING_PROTOCOLS => return None,
            // The answer proper is behind it.
            100..200 => return self.answers.begin(Body::Length(0)).map(|_| ()),
            204 | 304 => Body::Length(0),
            _ if self.open.front()?.is_head == Some(true) => Body::Length(0),
            _ => head.body()?,
        };
        if self.answers.begin(body)? { self.end_answer() } else { Some(()) }
    }

    /// A program that is answered before it has asked all is not followed any more.
    fn end_answer(&mut self) -> Option<()> {
        let request = self.open.pop_front().filter(|request| request.is_whole)?;
        if !self.is_too_much {
            self.kept.drain(..request.length);
        }
        self.is_too_much &= !self.open.is_empty();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    const HEAD: &str = "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n";
    const PUT: &str = "PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody";
    const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";
    const CHUNKS: &str =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n";
    const NONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nTrybuy-Refusal: license-revoked\r\n\r\n";

    enum Said<'a> {
        Program(&'a str),
        Gateway(&'a str),
    }
    use Said::{Gateway, Program};

    /// What was passed on to the program, and what is sent again after a refusal.
    fn followed(said: &[Said<'_>], length: usize) -> (String, Option<Option<String>>) {
        let (mut exchanges, mut passed) = (Exchanges::new(), Vec::new());
        for said in said {
            match said {
                Program(text) => {
                    for piece in text.as_bytes().chunks(length) {
                        exchanges.ask(piece);
                    }
                }
                Gateway(text) => {
                    for piece in text.as_bytes().chunks(length) {
                        let answered = exchanges.answer(piece);
                        passed.extend(&answered.held);
                        passed.extend(answered.now);
                        if answered.refusal.is_some() {
                            let again = exchanges
                                .again()
                                .map(|it| String::from_utf8(it.to_vec()).expect("text"));
                            return (String::from_utf8(passed).expect("text"), Some(again));
                        }
                    }
                }
            }
        }
        passed.extend(exchanges.rest());
        (String::from_utf8(passed).expect("text"), None)
    }

    #[test]
    fn whichever_request_is_refused_it_and_what_came_behind_it_can_be_sent_again() {
        let both = format!("{PUT}{GET}");
        let begun = "PUT / HTTP/1.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\nbo";
        for (said, passed, again) in [
            (vec![Program(PUT), Gateway(REFUSED)], String::new(), PUT),
            (vec![Program(HEAD), Gateway(REFUSED)], String::new(), HEAD),
            (vec![Program(GET), Gateway(OK), Program(PUT), Gateway(REFUSED)], OK.to_owned(), PUT),
            (
                vec![Program(GET), Gateway(CHUNKS), Program(PUT), Gateway(REFUSED)],
                CHUNKS.to_owned(),
                PUT,
            ),
            (
                vec![Program(HEAD), Gateway(NONE), Program(HEAD), Gateway(REFUSED)],
                NONE.to_owned(),
                HEAD,
            ),
            (vec![Program(&both), Gateway(REFUSED)], String::new(), &both),
            (vec![Program(&both), Gateway(OK), Gateway(REFUSED)], OK.to_owned(), GET),
            (vec![Program(begun), Gateway(CONTINUE), Gateway(REFUSED)], CONTINUE.to_owned(), begun),
        ] {
            for length in 1..300 {
                let expected = (passed.clone(), Some(Some(again.to_owned())));
                assert_eq!(followed(&said, length), expected, "{length}");
            }
        }
    }

    #[test]
    fn nothing_of_a_service_is_taken_for_a_refusal_and_all_of_it_is_passed_on() {
        let in_a_body =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{REFUSED}", REFUSED.len());
        let of_unsaid_length = format!("HTTP/1.1 200 OK\r\n\r\n{REFUSED}");
        let switched = format!("HTTP/1.1 101 x\r\nupgrade: echo\r\n\r\n{REFUSED}");
        let other = |from: &str, to: &str| REFUSED.replace(from, to);
        for answer in [
            in_a_body,
            of_unsaid_length,
            switched,
            other("license-revoked", "license-required"),
            other("license-revoked", "nonsense"),
            other("Trybuy-Refusal", "X-Refusal"),
            other("403", "200"),
            other("\r\n\r\n", "\r\nTrybuy-Refusal: license-revoked\r\n\r\n"),
            "HTTP/1.1 403 For".to_owned(),
            "no HTTP".to_owned(),
        ] {
            for length in 1..300 {
                let said = [Program(GET), Gateway(&answer)];
                assert_eq!(followed(&said, length), (answer.clone(), None), "{length}");
            }
        }
    }

    #[test]
    fn what_is_too_much_or_answered_early_is_not_sent_again() {
        let much = format!("PUT / HTTP/1.1\r\ncontent-length: {KEPT}\r\n\r\n{}", "a".repeat(KEPT));
        let said = [Program(&much), Gateway(REFUSED)];
        assert_eq!(followed(&said, 4096), (String::new(), Some(None)));
        let said = [Program(&much), Gateway(OK), Program(GET), Gateway(REFUSED)];
        assert_eq!(followed(&said, 4096), (OK.to_owned(), Some(Some(GET.to_owned()))));
        // The rest of the body is not taken for a request.
        let (begin, rest) = PUT.split_at(PUT.len() - 1);
        let said = [Program(begin), Gateway(OK), Program(rest), Program(GET), Gateway(REFUSED)];
        assert_eq!(followed(&said, 4096), (format!("{OK}{REFUSED}"), None));
    }
}
