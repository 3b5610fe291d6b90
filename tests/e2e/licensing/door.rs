//! The local door, with a real gateway between it and the service.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::company::Order;
use trybuy_tests::company::door::Door;
use trybuy_tests::company::gateway::GatewayOptions;
use trybuy_tests::wait;

use super::{Exported, Stage, curl, only_license};
use crate::case::{Shared, cases};

cases![a_refusal_is_the_gateways_and_mended_and_never_the_services[Python, Curl]];

/// What the service says, which is behind a gateway of its own.
const SERVICE: &str =
    r#"{"type":"/problems/license-revoked","status":403,"title":"the service's own"}"#;

fn a_refusal_is_the_gateways_and_mended_and_never_the_services(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 2))?;
    let url = start_service()?;
    let options = GatewayOptions { name: "refusing", service: &url, version: "4.0.0" };
    let gateway = stage.company.gateway(&options)?;
    let client = stage.company.client("ada");
    gateway.request_license(&client)?.success()?;
    let door = Door::open(&client, &gateway)?;
    let mut program = Program::connect(door.url())?;
    let first = only_license(&client)?;
    let asked = stage.requests()?;
    for method in ["GET", "HEAD", "GET"] {
        program.ask(method)?;
    }
    ensure!(stage.requests()? == asked, "the service's refusal was taken for the gateway's");
    let license: Exported = stage.exported(&client, "exported")?;
    let id = first["license_id"].as_str().context("an id")?;
    stage.company.licenses(&["revoke", id, "--reason", "moved", "--allow-again"])?;
    wait::until("the gateway hears of it", || {
        Ok(!curl(&gateway, Some(&license))?.stdout.contains("the service's own"))
    })?;
    // On the connection that had answers with the license before.
    for method in ["HEAD", "GET"] {
        program.ask(method)?;
    }
    ensure!(only_license(&client)? != first, "there is another license");
    ensure!(stage.requests()? == asked + 1, "it was asked for once");
    Ok(())
}

/// A service that answers everything as a gateway would that refuses a license. It ends with the test's process.
fn start_service() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || refuse(stream));
        }
    });
    Ok(url)
}

fn refuse(mut stream: TcpStream) -> Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(first) = lines.next() {
        let is_head = first?.starts_with("HEAD ");
        while !lines.next().context("a whole head")??.is_empty() {}
        let body = if is_head { "" } else { SERVICE };
        write!(
            stream,
            "HTTP/1.1 403 Forbidden\r\nTrybuy-Refusal: license-revoked\r\n\
             Content-Type: application/problem+json\r\nContent-Length: {}\r\n\r\n{body}",
            SERVICE.len()
        )?;
    }
    Ok(())
}

/// A program with one connection.
struct Program(BufReader<TcpStream>);

impl Program {
    fn connect(url: &str) -> Result<Self> {
        let address = url.strip_prefix("http://").context("a port")?;
        Ok(Self(BufReader::new(TcpStream::connect(address)?)))
    }

    /// Asks, and has to get the service's answer.
    fn ask(&mut self, method: &str) -> Result<()> {
        write!(self.0.get_mut(), "{method} / HTTP/1.1\r\nhost: service\r\n\r\n")?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            ensure!(self.0.read_line(&mut head)? > 0, "it ended: {head}");
        }
        let is_services = head.starts_with("HTTP/1.1 403") && !head.contains("connection: close");
        ensure!(is_services && !head.to_lowercase().contains("trybuy-refusal"), "{head}");
        if method != "HEAD" {
            let mut body = vec![0; SERVICE.len()];
            self.0.read_exact(&mut body)?;
            ensure!(body == SERVICE.as_bytes(), "{}", String::from_utf8_lossy(&body));
        }
        Ok(())
    }
}
