//! `trybuy connect`: programs that know nothing of licenses reach the service through the local door.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::channel;

use rustix::process::{Pid, Signal, kill_process};
use trybuy_formats::api::{LicenseOutcome, Problem};
use trybuy_formats::instant::Span;
use trybuy_formats::slug::Slug;

use crate::gateway::{Gateway, read_all};

const GET: &str = "GET /page HTTP/1.1\r\nhost: service\r\n\r\n";
const HEAD: &str = "HEAD /page HTTP/1.1\r\nhost: service\r\n\r\n";
const NONE: Slug = Slug::NoFreeLicense;

/// A door that runs; it is killed with the test.
struct Door {
    process: Child,
    address: String,
    _out: BufReader<ChildStdout>,
}

impl Door {
    fn open(gateway: &Gateway, listen: Option<&str>) -> Self {
        let mut arguments = gateway.arguments(&["connect"]);
        if let Some(listen) = listen {
            arguments.extend(["--listen".to_owned(), listen.to_owned()]);
        }
        let mut command =
            gateway.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let mut line = String::new();
        out.read_line(&mut line).expect("readable");
        let address = line.trim_end().strip_prefix("listening on ").map(str::to_owned);
        let address = address.unwrap_or_else(|| {
            let errors = process.stderr.take().map(read_all).unwrap_or_default();
            unreachable!("no address: {line}{errors}")
        });
        Self { process, address, _out: out }
    }

    fn connect(&self) -> TcpStream {
        let address = self.address.strip_prefix("http://").expect("a port");
        TcpStream::connect(address).expect("the door is open")
    }

    /// What a program gets for these bytes.
    fn exchange(&self, asked: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(asked.as_bytes()).expect("written");
        read_all(stream)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("it runs");
    }

    /// What it said until its end, and its exit code.
    fn wait(mut self) -> (i32, String) {
        let errors = self.process.stderr.take().map(read_all).unwrap_or_default();
        let status = self.process.wait().expect("ended");
        (status.code().unwrap_or(-1), errors)
    }

    /// Closes it; the answer is what it said.
    fn close(self) -> String {
        self.signal(Signal::TERM);
        let (code, errors) = self.wait();
        assert_eq!(code, 0, "{errors}");
        errors
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.process.kill();
    }
}

#[test]
fn a_program_reaches_the_service_with_the_license_that_the_door_got() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    assert!(door.address.starts_with("http://127.0.0.1:"), "{}", door.address);
    let answer = door.exchange(GET);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("x-path: /page"), "{answer}");
    let said = door.close();
    assert!(said.contains("You have a license"), "{said}");
    // The next door needs none.
    let said = Door::open(&gateway, Some("[::1]:0")).close();
    assert!(!said.contains("license"), "{said}");
    assert_eq!(gateway.script().asked("license-requests"), 1);
}

#[test]
fn many_programs_are_served_at_once_and_much_is_sent() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    let body = "0123456789".repeat(100_000);
    let asked = format!("PUT /much HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    std::thread::scope(|scope| {
        let small: Vec<_> = (0..40).map(|_| scope.spawn(|| door.exchange(GET))).collect();
        let large: Vec<_> = (0..4).map(|_| scope.spawn(|| door.exchange(&asked))).collect();
        for answer in small {
            assert!(answer.join().expect("answered").starts_with("HTTP/1.1 200"));
        }
        for answer in large {
            assert!(answer.join().expect("answered").ends_with(&format!("\r\n\r\n{body}")));
        }
    });
}

#[test]
fn a_socket_talks_in_both_directions_and_each_ends_by_itself() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    let mut stream = door.connect();
    let upgrade = "GET /socket HTTP/1.1\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).expect("written");
    let mut reader = BufReader::new(stream.try_clone().expect("another handle"));
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).expect("readable");
    }
    for word in ["one\n", "two\n"] {
        stream.write_all(word.as_bytes()).expect("written");
        line.clear();
        reader.read_line(&mut line).expect("readable");
        assert_eq!(line, word);
    }
    stream.shutdown(Shutdown::Write).expect("half closed");
    assert_eq!(read_all(reader), "end\n");
}

#[test]
fn a_closed_door_lets_running_connections_end() {
    let gateway = Gateway::start();
    let (proceed, told) = channel();
    gateway.script().proceed = Some(told);
    let door = Door::open(&gateway, None);
    let mut stream = door.connect();
    stream.write_all(b"GET /drip HTTP/1.1\r\n\r\n").expect("written");
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    // The first part comes before the last one was made.
    while line != "one\n" {
        line.clear();
        reader.read_line(&mut line).expect("readable");
    }
    door.signal(Signal::INT);
    // It has heard when nobody can connect any more.
    let address = door.address.strip_prefix("http://").expect("a port").to_owned();
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    proceed.send(()).expect("the service waits");
    assert_eq!(read_all(reader), "two\n");
    let (code, said) = door.wait();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Closing"), "{said}");
}

#[test]
fn a_gateway_that_is_down_is_explained_to_program_and_user() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    gateway.stop();
    let answer = door.exchange(GET);
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    for words in [gateway.url().as_str(), "cannot be reached", "server-unreachable", "try again"] {
        assert!(answer.contains(words), "{words}\n{answer}");
    }
    let said = door.close();
    assert!(said.contains("warning: ") && said.contains("cannot be reached"), "{said}");
    let arguments = gateway.arguments(&["connect"]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    gateway.refused(Slug::ServerUnreachable, &arguments);
}

#[test]
fn a_license_that_the_gateway_does_not_admit_is_explained() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    gateway.script().admits_none = true;
    let answer = door.exchange(GET);
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
    assert!(answer.contains("trybuy license renew"), "{answer}");
}

#[test]
fn a_temporary_license_is_asked_for_again_and_works_meanwhile() {
    let gateway = Gateway::start();
    gateway.script().outcome = LicenseOutcome::Temporary;
    assert!(Door::open(&gateway, None).close().contains("temporary"));
    // Without its license server.
    gateway.script().refused = Some(("license-requests", Slug::LicenseServerUnreachable));
    let door = Door::open(&gateway, None);
    assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
    let said = door.close();
    assert!(said.contains("the license that is there goes on working"), "{said}");
    gateway.script().refused = None;
    gateway.script().outcome = LicenseOutcome::Granted;
    assert!(Door::open(&gateway, None).close().contains("You have a license"));
    assert_eq!(gateway.listed()[0]["kind"], "permanent");
}

#[test]
fn a_license_that_ends_while_the_door_is_open_is_asked_for_anew() {
    let gateway = Gateway::start();
    gateway.script().change = |license| {
        license.ends_at = Some(license.issued_at.plus(Span::seconds(3)));
    };
    let door = Door::open(&gateway, None);
    let first = gateway.listed()[0]["ends_at"].as_str().expect("an end").to_owned();
    let end: trybuy_formats::instant::Instant = first.parse().expect("an instant");
    while trybuy::clock::now() <= end {
        std::thread::yield_now();
    }
    gateway.script().change = |_| {};
    assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
    assert!(gateway.listed()[0]["ends_at"].is_null());
    // Where there is none, the program is told.
    drop(door);
}

#[test]
fn a_temporary_license_in_place_of_one_that_ended_while_the_door_is_open_is_told_of() {
    for outcome in [LicenseOutcome::Temporary, LicenseOutcome::TemporaryAgain] {
        let gateway = Gateway::start();
        gateway.script().change = |license| {
            license.ends_at = Some(license.issued_at.plus(Span::seconds(3)));
        };
        let door = Door::open(&gateway, None);
        while gateway.listed()[0]["state"] == "valid" {}
        {
            let mut script = gateway.script();
            script.outcome = outcome;
            script.change = |_| {};
        }
        assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
        let said = door.close();
        for words in ["No license is free", "you have a temporary one", "no second temporary"] {
            assert!(said.contains(words), "{words}\n{said}");
        }
    }
}

#[test]
fn a_license_that_is_revoked_while_the_door_is_open_is_replaced_at_once() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    gateway.script().revoke_last();
    let put = "PUT /page HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody";
    let answer = door.exchange(put);
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nbody"), "{answer}");
    assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
    let said = door.close();
    assert_eq!(said.matches("refuses your license").count(), 1, "{said}");
    assert_eq!(gateway.script().asked("license-requests"), 2);
}

#[test]
fn a_license_that_is_superseded_while_the_door_is_open_is_replaced_without_a_fright() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    {
        let mut script = gateway.script();
        script.refusal = Slug::LicenseSuperseded;
        script.revoke_last();
    }
    assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
    let said = door.close();
    assert_eq!(said.matches("A newer license took the place").count(), 1, "{said}");
    for words in ["revoked", "refuses", "ask your administrator", "warning"] {
        assert!(!said.contains(words), "{words}\n{said}");
    }
    assert_eq!(gateway.script().asked("license-requests"), 2);
}

#[test]
fn a_refused_license_is_replaced_also_on_a_kept_connection_and_for_a_request_without_a_body() {
    let head = "HEAD /page HTTP/1.1\r\n\r\n";
    let put = "PUT /page HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    for requests in [[GET, GET, put], [put, head, GET], [head, put, head]] {
        let gateway = Gateway::start();
        gateway.script().keeps_connections = true;
        let door = Door::open(&gateway, None);
        let mut stream = door.connect();
        let mut reader = BufReader::new(stream.try_clone().expect("another handle"));
        for (number, request) in requests.into_iter().enumerate() {
            if number == 1 {
                gateway.script().revoke_last();
            }
            stream.write_all(request.as_bytes()).expect("written");
            let mut answer = String::new();
            while !answer.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut answer).expect("readable") > 0, "{answer}");
            }
            assert!(answer.starts_with("HTTP/1.1 200"), "{request}{answer}");
        }
        assert_eq!(gateway.script().asked("license-requests"), 2);
    }
    // Nor does the first request of a connection need a body in its answer.
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    gateway.script().revoke_last();
    assert!(door.exchange(head).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_large_request_whose_license_is_refused_is_to_be_sent_again() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    let body = "0123456789".repeat(10_000);
    let asked = format!("PUT /much HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    gateway.script().revoke_last();
    let answer = door.exchange(&asked);
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(answer.contains("send the request again"), "{answer}");
    assert!(door.exchange(&asked).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_license_that_was_replaced_by_a_command_beside_the_door_is_found_in_the_cache() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    gateway.script().revoke_last();
    gateway.request();
    assert!(door.exchange(GET).starts_with("HTTP/1.1 200"));
    assert_eq!(gateway.script().asked("license-requests"), 2);
}

#[test]
fn a_barred_client_is_told_what_to_do_and_asks_rarely() {
    let gateway = Gateway::start();
    let door = Door::open(&gateway, None);
    {
        let mut script = gateway.script();
        (script.revoked, script.refused) =
            (true, Some(("challenge-responses", Slug::LicenseRevoked)));
    }
    for request in [GET, GET, HEAD] {
        let answer = door.exchange(request);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
        for field in ["trybuy-refusal: license-revoked", "content-type: application/problem+json"] {
            assert!(head.contains(field), "{field}\n{answer}");
        }
        if request == HEAD {
            assert_eq!(body, "");
            continue;
        }
        let problem: Problem = serde_json::from_str(body).expect("a problem document");
        assert_eq!((problem.slug, problem.status), (Slug::LicenseRevoked, 403));
        assert!(problem.help.is_some_and(|help| help.contains("ask your administrator")));
    }
    let said = door.close();
    assert_eq!(said.matches("warning: ").count(), 1, "{said}");
    assert_eq!(gateway.script().asked("license-requests"), 2);
}

#[test]
fn what_a_door_says_itself_to_head_has_the_fields_of_an_answer_to_get_and_no_body() {
    for (spoil, status) in [
        (Gateway::stop as fn(&Gateway), "502 Bad Gateway"),
        (|gateway| gateway.script().admits_none = true, "502 Bad Gateway"),
        (|gateway| gateway.script().refused = Some(("license-requests", NONE)), "403 Forbidden"),
    ] {
        let gateway = Gateway::start();
        gateway.script().change = |license| {
            license.ends_at = Some(license.issued_at.plus(Span::seconds(2)));
        };
        let door = Door::open(&gateway, None);
        spoil(&gateway);
        // Until there is none to connect with, or none at all.
        while door.exchange(GET).starts_with("HTTP/1.1 200") {}
        for pieces in [vec![HEAD], HEAD.split_inclusive(' ').collect()] {
            let mut stream = door.connect();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).expect("written");
            }
            let (answer, to_get) = (read_all(stream), door.exchange(GET));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            let (head, body) = to_get.split_once("\r\n\r\n").expect("a head");
            assert!(head.contains(&format!("content-length: {}", body.len())), "{to_get}");
            assert_eq!(answer, format!("{head}\r\n\r\n"));
        }
    }
}

#[test]
fn a_door_is_not_opened_to_other_machines() {
    let gateway = Gateway::start();
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "nonsense"] {
        let mut arguments = gateway.arguments(&["connect"]);
        arguments.extend(["--listen".to_owned(), listen.to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let refused = gateway.refused(Slug::Usage, &arguments);
        assert_eq!(refused.code, 2, "{}", refused.err);
    }
    assert!(gateway.script().log.is_empty());
}

#[test]
fn a_door_in_the_file_system_is_its_owners() {
    let gateway = Gateway::start();
    let path = gateway.path("door");
    let listen = format!("unix:{}", path.display());
    let door = Door::open(&gateway, Some(&listen));
    assert_eq!(door.address, listen);
    let mode = std::fs::metadata(&path).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let exchange = || {
        let mut stream = UnixStream::connect(&path).expect("open");
        stream.write_all(GET.as_bytes()).expect("written");
        read_all(stream)
    };
    assert!(exchange().starts_with("HTTP/1.1 200"));
    // Another one cannot take its place.
    let mut arguments = gateway.arguments(&["connect"]);
    arguments.extend(["--listen".to_owned(), listen.clone()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    assert!(gateway.refused(Slug::LocalFile, &arguments).err.contains("another program"));
    // One that was killed leaves its file behind.
    door.signal(Signal::KILL);
    door.wait();
    let door = Door::open(&gateway, Some(&listen));
    assert!(exchange().starts_with("HTTP/1.1 200"));
    door.close();
    assert!(!path.exists());
    std::fs::write(&path, b"a file").expect("written");
    gateway.refused(Slug::LocalFile, &arguments);
    assert_eq!(std::fs::read(&path).expect("still there"), b"a file");
}
