//! The connections of a gateway, and the service behind it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConnection, StreamOwned};
use trybuy_formats::api::REFUSAL;
use trybuy_formats::slug::Slug;

use super::script::Script;
use super::tls::configuration;
use crate::http::{Request, Response, read_request};
use crate::world::problem;

type Tls = StreamOwned<ServerConnection, TcpStream>;

pub(super) fn serve(stream: TcpStream, script: &Mutex<Script>) -> Option<()> {
    let configuration = Arc::new(configuration(&script.lock().expect("not poisoned")));
    let connection = ServerConnection::new(configuration).expect("a connection");
    let mut reader = BufReader::new(StreamOwned::new(connection, stream));
    while let Some(request) = read_request(&mut reader) {
        exchange(&request, &mut reader, script)?;
        if !script.lock().expect("not poisoned").keeps_connections {
            break;
        }
    }
    let stream = reader.get_mut();
    stream.conn.send_close_notify();
    stream.flush().ok()?;
    stream.sock.shutdown(Shutdown::Both).ok()
}

fn exchange(request: &Request, reader: &mut BufReader<Tls>, script: &Mutex<Script>) -> Option<()> {
    if let Some(refused) = refusal(request, reader, script) {
        return send(request, reader, script, &refused);
    }
    if !request.path().starts_with("/.well-known/trybuy/") {
        return serve_service(request, reader, script);
    }
    let (response, pause) = {
        let mut script = script.lock().expect("not poisoned");
        let decides = request.path().ends_with("/challenge-responses");
        (script.answer(request), if decides { script.pause.take() } else { None })
    };
    if let Some((tell, released)) = pause {
        tell.send(()).expect("a test that waits");
        // A test that is over has killed the client.
        let _ = released.recv();
    }
    send(request, reader, script, &response)
}

/// Why the gateway refuses whoever wants to reach the service, or to know whether that would be let.
fn refusal(request: &Request, reader: &BufReader<Tls>, script: &Mutex<Script>) -> Option<Response> {
    let is_own = request.path().starts_with("/.well-known/trybuy/");
    if is_own && !request.path().ends_with("/license") {
        return None;
    }
    let refused = match reader.get_ref().conn.peer_certificates() {
        None => Some(Slug::LicenseRequired),
        Some(presented) => script.lock().expect("not poisoned").refusal_of(&presented[0]),
    };
    refused.map(|slug| problem(slug, 403, None).with(REFUSAL, slug.as_str()))
}

/// The service behind the gateway.
fn serve_service(
    request: &Request,
    reader: &mut BufReader<Tls>,
    script: &Mutex<Script>,
) -> Option<()> {
    script.lock().expect("not poisoned").served += 1;
    match request.path() {
        "/socket" => {
            let head = "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
            reader.get_mut().write_all(head.as_bytes()).ok()?;
            echo(reader)
        }
        "/drip" => {
            let proceed = script.lock().expect("not poisoned").proceed.take();
            let stream = reader.get_mut();
            stream.write_all(b"HTTP/1.1 200 x\r\nconnection: close\r\n\r\none\n").ok()?;
            stream.flush().ok()?;
            proceed.expect("a test that says when").recv().ok()?;
            stream.write_all(b"two\n").ok()
        }
        _ => {
            let seen = Response::new(200, request.body.clone()).with("x-path", request.path());
            send(request, reader, script, &seen)
        }
    }
}

/// Answers each line with itself, and the end with a last line.
fn echo(reader: &mut BufReader<Tls>) -> Option<()> {
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 0 {
        reader.get_mut().write_all(line.as_bytes()).ok()?;
        line.clear();
    }
    reader.get_mut().write_all(b"end\n").ok()
}

fn send(
    request: &Request,
    reader: &mut BufReader<Tls>,
    script: &Mutex<Script>,
    response: &Response,
) -> Option<()> {
    let keeps = script.lock().expect("not poisoned").keeps_connections;
    let closing = if keeps { "connection: close\r\n" } else { "" };
    let body = if request.method == "HEAD" { &[] } else { response.body.as_slice() };
    let stream = reader.get_mut();
    stream.write_all(response.head().replace(closing, "").as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    stream.flush().ok()
}
