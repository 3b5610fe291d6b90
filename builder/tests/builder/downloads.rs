//! Downloads from servers that cut, stall, change and lie.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use trybuy::client::download::{DownloadError, Patience, Source, download};
use trybuy::client::http::Http;
use trybuy_formats::slug::Slug;

use crate::http::{Ending, HttpServer, Request, Response, serve_file};

const ETAG: &str = "\"one\"";
const PREFIX: &[u8] = b"clear copy";
const PATIENCE: Patience = Patience { attempts: 3, first_pause: Duration::ZERO };

fn file() -> Vec<u8> {
    (0..1_000_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

struct Outcome {
    result: Result<(), DownloadError>,
    /// What is in the target behind the prefix.
    written: Vec<u8>,
}

/// Downloads into a file that holds the prefix and the first `have` bytes already.
fn fetch(have: usize, handler: impl Fn(Request) -> Response + Send + Sync + 'static) -> Outcome {
    let server = HttpServer::start(handler);
    let url = server.url("/d/secret").parse().expect("an address");
    let source = Source { url, length: 1_000_000, etag: ETAG.to_owned() };
    let http = Http::plain_with_stall_limit(Duration::from_millis(300)).expect("a client");
    let mut target = tempfile::tempfile().expect("a file");
    std::io::Write::write_all(&mut target, &[PREFIX, &file()[..have]].concat()).expect("written");
    let offsets = (PREFIX.len() as u64, have as u64);
    let mut last = have as u64;
    let result = download(&http, &source, &target, offsets, PATIENCE, &mut |position| {
        assert!(position > last, "progress goes forward");
        last = position;
    });
    Outcome { result, written: contents(&mut target) }
}

fn contents(target: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    target.rewind().expect("a file");
    target.read_to_end(&mut bytes).expect("readable");
    assert_eq!(&bytes[..PREFIX.len()], PREFIX);
    bytes.split_off(PREFIX.len())
}

fn slug(outcome: &Outcome) -> Option<Slug> {
    match &outcome.result {
        Err(DownloadError::Ended(error)) => Some(error.slug()),
        _ => None,
    }
}

#[test]
fn a_download_in_one_go_is_what_was_sent() {
    let outcome = fetch(0, |request| serve_file(&request, &file(), ETAG));
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn what_is_there_is_not_sent_again() {
    let outcome = fetch(999_990, |request| {
        assert_eq!(request.header("range"), Some("bytes=999990-"));
        assert_eq!(request.header("if-range"), Some(ETAG));
        serve_file(&request, &file(), ETAG)
    });
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn nothing_is_asked_for_when_all_is_there() {
    // The only answer there is would be refused.
    let outcome = fetch(1_000_000, |_| Response::new(404, ""));
    assert!(outcome.result.is_ok());
}

#[test]
fn connections_that_break_are_taken_up_again() {
    let requests = AtomicUsize::new(0);
    let outcome = fetch(0, move |request| {
        // More breaks than attempts in a row are allowed: each brings something.
        let ending = match requests.fetch_add(1, Ordering::Relaxed) {
            0..5 => Ending::CutAfter(150_000),
            _ => Ending::Whole,
        };
        serve_file(&request, &file(), ETAG).ending(ending)
    });
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn a_connection_that_stalls_is_given_up_and_taken_up_again() {
    let requests = AtomicUsize::new(0);
    let outcome = fetch(0, move |request| {
        let ending = match requests.fetch_add(1, Ordering::Relaxed) {
            0 => Ending::StallAfter(400_000),
            _ => Ending::Whole,
        };
        serve_file(&request, &file(), ETAG).ending(ending)
    });
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn a_server_that_only_breaks_is_given_up_soon() {
    let outcome =
        fetch(500_000, |request| serve_file(&request, &file(), ETAG).ending(Ending::CutAfter(0)));
    assert_eq!(slug(&outcome), Some(Slug::ServerUnreachable));
    let Err(error) = outcome.result else { unreachable!("checked above") };
    assert!(error.to_string().contains("50 %"), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(outcome.written == file()[..500_000]);
}

#[test]
fn a_server_that_recovers_from_a_failure_is_asked_again() {
    let requests = AtomicUsize::new(0);
    let outcome = fetch(10, move |request| match requests.fetch_add(1, Ordering::Relaxed) {
        0 => Response::new(503, "later"),
        1 => Response::new(429, "slower"),
        _ => serve_file(&request, &file(), ETAG),
    });
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn a_server_without_ranges_costs_time_but_nothing_else() {
    let outcome = fetch(600_000, |_| Response::new(200, file()).with("etag", ETAG));
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn another_file_is_never_joined_to_what_is_there() {
    type Answer = fn(&Request) -> Response;
    let answers: [(&str, Answer); 7] = [
        ("changed, whole", |request| serve_file(request, &file(), "\"two\"")),
        ("changed, a range all the same", |_| {
            Response::new(206, &file()[9..])
                .with("content-range", "bytes 9-999999/1000000")
                .with("etag", "\"two\"")
        }),
        ("whole, without an entity tag", |_| Response::new(200, file())),
        ("a range that was not asked for", |_| {
            Response::new(206, &file()[8..]).with("content-range", "bytes 8-999999/1000000")
        }),
        ("a range of a longer file", |_| {
            Response::new(206, &file()[9..]).with("content-range", "bytes 9-999999/1000001")
        }),
        ("a range that says nothing", |_| Response::new(206, &file()[9..])),
        ("no such range", |_| Response::new(416, "")),
    ];
    for (name, answer) in answers {
        let outcome = fetch(9, move |request| answer(&request));
        assert!(matches!(outcome.result, Err(DownloadError::Changed)), "{name}");
        assert!(outcome.written == file()[..9], "{name}");
    }
}

#[test]
fn a_server_that_lies_about_the_length_is_not_believed() {
    for lie in [10, 2_000_000] {
        let outcome = fetch(0, move |_| {
            let mut response = Response::new(200, file()).with("etag", ETAG);
            response.length = Some(lie);
            response
        });
        assert!(matches!(outcome.result, Err(DownloadError::Changed)), "{lie}");
        assert!(outcome.written.is_empty(), "{lie}");
    }
}

#[test]
fn no_byte_more_than_announced_is_written() {
    let outcome = fetch(9, |_| {
        let more = [&file()[9..], b"and more"].concat();
        Response::new(206, more).with("content-range", "bytes 9-999999/1000000")
    });
    assert!(outcome.result.is_ok());
    assert!(outcome.written == file());
}

#[test]
fn a_refusal_ends_the_download_at_once() {
    let requests = Mutex::new(0);
    let outcome = fetch(9, move |_| {
        let mut requests = requests.lock().expect("not poisoned");
        *requests += 1;
        assert_eq!(*requests, 1, "asked once");
        let problem =
            r#"{"type":"/problems/not-found","status":404,"title":"There is no such file."}"#;
        Response::new(404, problem).with("content-type", "application/problem+json")
    });
    assert_eq!(slug(&outcome), Some(Slug::NotFound));
}
