//! A service that does on its connections what no service should.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A service that answers each connection's first head with these bytes.
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    received: UnboundedReceiver<Event>,
}

/// What happens on one of its connections.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Head(String),
    /// What came after the head, until the other end closed.
    Rest(Vec<u8>),
}

impl Script {
    /// With that answer; then the connection is closed, or else held until the other end closes it.
    pub(crate) async fn start(answer: &'static [u8], closes: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (events, received) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(follow(stream, answer, closes, events.clone()));
            }
        });
        Self { address, received }
    }

    /// The next head.
    pub(crate) async fn head(&mut self) -> String {
        match self.next().await {
            Event::Head(head) => head,
            Event::Rest(rest) => String::from_utf8_lossy(&rest).into_owned(),
        }
    }

    /// Waits until the gateway has closed a connection, and answers what came over it after the head.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        loop {
            if let Event::Rest(rest) = self.next().await {
                return rest;
            }
        }
    }

    async fn next(&mut self) -> Event {
        let event = tokio::time::timeout(super::PATIENCE, self.received.recv()).await;
        event.expect("in time").expect("an event")
    }
}

async fn follow(
    mut stream: TcpStream,
    answer: &[u8],
    closes: bool,
    events: UnboundedSender<Event>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    drop(events.send(Event::Head(String::from_utf8_lossy(&head).into_owned())));
    drop(stream.write_all(answer).await);
    if closes {
        drop(stream.shutdown().await);
    }
    let mut rest = Vec::new();
    drop(stream.read_to_end(&mut rest).await);
    drop(events.send(Event::Rest(rest)));
}
