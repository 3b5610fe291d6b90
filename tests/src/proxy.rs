//! A proxy for TCP connections that counts, listens, stalls and cuts: a bad network.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::wait;

/// Bytes that are passed on at once.
const PIECE: usize = 16 << 10;
/// The most of what clients say that is kept.
const HEARD: usize = 1 << 20;
/// How often a stalled connection looks whether its other half is gone.
const LOOK: Duration = Duration::from_millis(20);

/// Which way bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the server to the client: downloads.
    Down,
    /// From the client to the server: uploads.
    Up,
}

/// What happens when so many bytes have passed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Stall,
    Cut,
}

/// A proxy on a port of its own.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    target: String,
    passed: [u64; 2],
    limit: Option<(Direction, u64, Fault)>,
    /// How many pieces wait for the stall to end.
    stalled: usize,
    /// Raised when a stall ends; connections of an older age that stalled are closed.
    age: u64,
    heard: Vec<u8>,
}

impl Proxy {
    /// Takes connections, and refuses them until it has been told where they lead.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let proxy = Self { address, shared: Arc::clone(&shared) };
        // The thread ends with the process: nobody connects to a proxy that was dropped.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(connect(client, &shared)));
            }
        });
        Ok(proxy)
    }

    /// Names the server behind it, `HOST:PORT`.
    pub fn lead_to(&self, address: &str) {
        self.state().target = address.to_owned();
    }

    /// Its address, `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// After so many further bytes nothing moves any more, in that direction, on any connection.
    pub fn stall_after(&self, direction: Direction, bytes: u64) {
        self.limit(direction, bytes, Fault::Stall);
    }

    /// After so many further bytes the connection that passes them is cut; once.
    pub fn cut_after(&self, direction: Direction, bytes: u64) {
        self.limit(direction, bytes, Fault::Cut);
    }

    /// Ends a stall: the stalled connections are closed, others come through.
    pub fn flow(&self) {
        let mut state = self.state();
        state.limit = None;
        state.age += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Waits until a connection has stalled.
    ///
    /// # Errors
    /// When none does.
    pub fn wait_for_stall(&self) -> Result<()> {
        wait::until("a stalled connection", || Ok(self.state().stalled > 0))
    }

    /// How many bytes have passed so far.
    pub fn passed(&self, direction: Direction) -> u64 {
        self.state().passed[direction as usize]
    }

    /// What clients have said so far, from its first megabyte.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.state().heard).into_owned()
    }

    fn limit(&self, direction: Direction, bytes: u64, fault: Fault) {
        let mut state = self.state();
        let limit = state.passed[direction as usize] + bytes;
        state.limit = Some((direction, limit, fault));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `wanted` bytes may pass; answers how many of them, none if the connection ends.
    fn admit(&self, direction: Direction, wanted: usize, closed: &AtomicBool) -> Option<usize> {
        let mut state = self.lock();
        let age = state.age;
        let mut waited = false;
        let admitted = loop {
            if closed.load(Ordering::Relaxed) || (waited && state.age != age) {
                break None;
            }
            let passed = state.passed[direction as usize];
            let room = match state.limit {
                Some((limited, limit, _)) if limited == direction => limit.saturating_sub(passed),
                _ => u64::MAX,
            };
            if room > 0 {
                let admitted = wanted.min(usize::try_from(room).unwrap_or(usize::MAX));
                state.passed[direction as usize] += u64::try_from(admitted).unwrap_or(0);
                break Some(admitted);
            }
            if state.limit.is_some_and(|(_, _, fault)| fault == Fault::Cut) {
                state.limit = None;
                break None;
            }
            state.stalled += usize::from(!waited);
            waited = true;
            let woken = self.changed.wait_timeout(state, LOOK);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.stalled -= usize::from(waited);
        admitted
    }

    fn hear(&self, bytes: &[u8]) {
        let mut state = self.lock();
        let room = HEARD.saturating_sub(state.heard.len()).min(bytes.len());
        state.heard.extend_from_slice(&bytes[..room]);
    }
}

fn connect(client: TcpStream, shared: &Arc<Shared>) -> Result<()> {
    let target = shared.lock().target.clone();
    let server = TcpStream::connect(&target).context("the server is away")?;
    let closed = Arc::new(AtomicBool::new(false));
    let up = {
        let (from, to) = (client.try_clone()?, server.try_clone()?);
        let (shared, closed) = (Arc::clone(shared), Arc::clone(&closed));
        std::thread::spawn(move || pump(&from, &to, Direction::Up, &shared, &closed))
    };
    pump(&server, &client, Direction::Down, shared, &closed);
    drop(up.join());
    Ok(())
}

/// Passes bytes on until either side ends, and then ends both.
fn pump(
    mut from: &TcpStream,
    mut to: &TcpStream,
    direction: Direction,
    shared: &Shared,
    closed: &AtomicBool,
) {
    let mut buffer = [0; PIECE];
    'connection: while let Ok(count @ 1..) = from.read(&mut buffer) {
        if direction == Direction::Up {
            shared.hear(&buffer[..count]);
        }
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            let Some(admitted) = shared.admit(direction, rest.len(), closed) else {
                break 'connection;
            };
            if to.write_all(&rest[..admitted]).is_err() {
                break 'connection;
            }
            rest = &rest[admitted..];
        }
    }
    closed.store(true, Ordering::Relaxed);
    // One that is closed already is what was wanted.
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
