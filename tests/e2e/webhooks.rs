//! Webhooks of a real server: what is told after it was killed, and the receiver of the documentation.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_tests::component::Component;
use trybuy_tests::nginx::free_port;
use trybuy_tests::wait;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::tried;

cases![
    what_a_killed_server_had_not_told_is_told_after_its_restart[Busybox],
    a_receiver_that_hangs_does_not_keep_a_server_from_ending[Busybox],
    the_receiver_of_the_documentation_verifies_events[Busybox, Python],
];

/// A server whose webhooks may reach this machine.
fn world(shared: &Shared) -> Result<World> {
    let mut world = shared.own_world()?;
    let file = world.setup.data_dir().join("server.toml");
    let (default, allowed) = ("#: allow_private = false", "allow_private = true");
    let text = std::fs::read_to_string(&file)?;
    ensure!(text.contains(default), "the setting is in the configuration");
    std::fs::write(&file, text.replace(default, allowed))?;
    world.restart_server()?;
    Ok(world)
}

/// Adds a webhook; answers its id and its secret.
fn add(world: &World, url: &str) -> Result<(String, String)> {
    let added = world.vendor.run(["webhook", "add", url, "--json"])?.success()?.json()?;
    let text = |value: &Value| value.as_str().map(str::to_owned).context("a text");
    Ok((text(&added["webhook"]["id"])?, text(&added["secret"])?))
}

fn log(world: &World) -> Result<Vec<Value>> {
    let log = world.vendor.run(["webhook", "deliveries", "--json"])?.success()?.json()?;
    Ok(log.as_array().cloned().unwrap_or_default())
}

/// The next request, up to the end of its body.
fn request(listener: &TcpListener) -> Result<(TcpStream, String)> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(wait::PATIENCE))?;
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    while !text.ends_with('}') {
        let length = stream.read(&mut piece)?;
        ensure!(length > 0, "the request was cut off: {text}");
        text.push_str(&String::from_utf8_lossy(&piece[..length]));
    }
    Ok((stream, text))
}

fn id_of(request: &str) -> Result<&str> {
    let line = request.lines().find_map(|line| line.strip_prefix("webhook-id: "));
    line.context("the header webhook-id")
}

fn what_a_killed_server_had_not_told_is_told_after_its_restart(shared: &Shared) -> Result<()> {
    let mut world = world(shared)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    add(&world, &format!("http://{}/hook", listener.local_addr()?))?;
    tried(&world, "busybox-told")?;
    // The server is killed while it sends the first event, and before it has seen the second one.
    let (unanswered, first) = request(&listener)?;
    tried(&world, "busybox-untold")?;
    world.server.end()?;
    drop(unanswered);
    world.start_server_again()?;
    let mut ids = vec![id_of(&first)?.to_owned()];
    let mut told = String::new();
    for _ in 0..2 {
        let (mut stream, text) = request(&listener)?;
        stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?;
        ids.push(id_of(&text)?.to_owned());
        told.push_str(&text);
    }
    ensure!(told.contains("busybox-told") && told.contains("busybox-untold"), "{told}");
    ensure!(told.contains("busybox-told@example.com"), "{told}");
    ids.sort();
    ids.dedup();
    ensure!(ids.len() == 2, "the same event has the same id: {ids:?}");
    let delivered = || Ok(log(&world)?.iter().all(|one| one["delivered_at"].is_string()));
    wait::until("both are delivered", delivered)?;
    ensure!(log(&world)?.len() == 2, "{:?}", log(&world)?);
    let shown = world.vendor.run(["webhook", "deliveries"])?.success()?;
    ensure!(shown.stdout.matches("trial.requested").count() == 2, "{shown}");
    ensure!(!shown.stdout.contains('@'), "the log names nobody: {shown}");
    Ok(())
}

fn a_receiver_that_hangs_does_not_keep_a_server_from_ending(shared: &Shared) -> Result<()> {
    let mut world = world(shared)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    add(&world, &format!("http://{}/hook", listener.local_addr()?))?;
    tried(&world, "busybox-hung")?;
    let (unanswered, first) = request(&listener)?;
    let asked = Instant::now();
    world.server.terminate()?;
    ensure!(asked.elapsed() < Duration::from_secs(8), "it took {:?}", asked.elapsed());
    drop(unanswered);
    world.start_server_again()?;
    let (mut stream, again) = request(&listener)?;
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")?;
    ensure!(id_of(&first)? == id_of(&again)?, "the same event: {first} {again}");
    let delivered = || Ok(log(&world)?.iter().all(|one| one["delivered_at"].is_string()));
    wait::until("it is delivered", delivered)?;
    ensure!(log(&world)?.len() == 1, "{:?}", log(&world)?);
    Ok(())
}

/// The receiver in the documentation; it ends when this is dropped.
struct Receiver {
    child: Child,
    port: u16,
}

impl Receiver {
    fn start(world: &World, port: u16, secret: &str) -> Result<Self> {
        const PAGE: &str = include_str!("../../docs/webhooks.md");
        let program = PAGE.split("```python\n").nth(1).and_then(|rest| rest.split("```").next());
        let file = world.path("receiver.py");
        std::fs::write(&file, program.context("a receiver in Python")?)?;
        let python = Component::Python.path().context("python3 is here")?;
        let mut command = Command::new(python);
        command.arg(&file).env("WEBHOOK_SECRET", secret).env("PORT", port.to_string());
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let receiver = Self { child, port };
        wait::until("the receiver", || Ok(TcpStream::connect(("127.0.0.1", port)).is_ok()))?;
        Ok(receiver)
    }

    /// The status of the answer to a request that somebody else made.
    fn answer_to_forgery(&self) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nwebhook-id: 1\r\n\
             webhook-timestamp: {}\r\nwebhook-signature: v1,AAAA\r\n\r\n{{}}",
            chrono::Utc::now().timestamp()
        )?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn the_receiver_of_the_documentation_verifies_events(shared: &Shared) -> Result<()> {
    let world = world(shared)?;
    let port = free_port()?;
    let (webhook, secret) = add(&world, &format!("http://127.0.0.1:{port}/hook"))?;
    ensure!(secret.starts_with("whsec_"), "a secret");
    let mut receiver = Receiver::start(&world, port, &secret)?;
    let stdout = receiver.child.stdout.take().context("a pipe")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut next = || lines.next().context("the receiver ended")?.context("a line");
    world.vendor.run(["webhook", "test", &webhook])?.success()?;
    ensure!(next()? == "ping -");
    let (_, id) = tried(&world, "busybox-verified")?;
    ensure!(next()? == format!("trial.requested {id}"));
    let forged = receiver.answer_to_forgery()?;
    ensure!(forged.contains(" 401 "), "{forged}");
    let listed = world.vendor.run(["webhook", "list"])?.success()?;
    ensure!(listed.stdout.contains(&webhook) && !listed.stdout.contains("whsec_"), "{listed}");
    world.vendor.run(["webhook", "remove", &webhook])?.success()?;
    world.vendor.run(["webhook", "test", &webhook])?.refused(1, "not-found")?;
    ensure!(log(&world)?.is_empty());
    Ok(())
}
