//! Clients with a license.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::measure::load;

/// The certificate that the proxies show, beside the exported license.
pub(super) const GATEWAY: &str = "gateway.pem";
/// Bytes that are read or written at once.
const PIECE: usize = 256 << 10;

/// Which way bodies go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Direction {
    /// From the service.
    Download,
    /// To it.
    Upload,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Download { "download" } else { "upload" })
    }
}

/// One figure to be taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) direction: Direction,
    pub(super) mebibytes: u64,
    pub(super) connections: u32,
    pub(super) seconds: u32,
}

impl Errand {
    /// The command line of the process that goes on it.
    pub(super) fn arguments(&self, door: SocketAddr, folder: &Path) -> Vec<String> {
        let Self { direction, mebibytes, connections, seconds } = self;
        let mut arguments = vec!["tls-clients".to_owned(), door.to_string()];
        arguments.push(folder.display().to_string());
        arguments.push(direction.to_string());
        arguments.extend([mebibytes.to_string(), connections.to_string(), seconds.to_string()]);
        arguments
    }
}

/// What clients that are a process of their own are told.
#[derive(Args)]
pub struct Clients {
    door: SocketAddr,
    folder: PathBuf,
    direction: Direction,
    mebibytes: usize,
    connections: u32,
    seconds: u32,
}

/// The clients: one thread with one connection each, again and again. Prints the bytes that passed and
/// the seconds it took.
///
/// # Errors
/// When the proxy cannot be reached.
pub fn run(clients: &Clients) -> Result<()> {
    load::until_over(clients.connections, clients.seconds, |over, bytes| {
        let mut stream = tls(clients.door, &clients.folder)?;
        let size = clients.mebibytes << 20;
        while !over.load(Ordering::Relaxed) {
            match clients.direction {
                Direction::Download => download(&mut stream, size, over, bytes)?,
                Direction::Upload => upload(&mut stream, size, over, bytes)?,
            }
        }
        Ok(())
    })
}

pub(super) type Tls = BufReader<StreamOwned<ClientConnection, Buffered>>;

/// One body, or what is over of it.
fn download(stream: &mut Tls, size: usize, over: &AtomicBool, bytes: &AtomicU64) -> Result<()> {
    write!(stream.get_mut(), "GET /{size} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    stream.get_mut().flush()?;
    let length = head(stream)?;
    ensure!(length == size, "{length} bytes are announced");
    let mut left = size;
    while left > 0 && !over.load(Ordering::Relaxed) {
        let count = stream.fill_buf()?.len().min(left);
        ensure!(count > 0, "the answer ended early");
        stream.consume(count);
        left -= count;
        bytes.fetch_add(count as u64, Ordering::Relaxed);
    }
    Ok(())
}

fn upload(stream: &mut Tls, size: usize, over: &AtomicBool, bytes: &AtomicU64) -> Result<()> {
    let piece = vec![7; PIECE];
    write!(
        stream.get_mut(),
        "PUT /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n"
    )?;
    let mut left = size;
    while left > 0 {
        if over.load(Ordering::Relaxed) {
            return Ok(());
        }
        let count = left.min(PIECE);
        stream.get_mut().write_all(&piece[..count])?;
        left -= count;
        bytes.fetch_add(count as u64, Ordering::Relaxed);
    }
    stream.get_mut().flush()?;
    body(stream)
}

/// One connection that small requests are sent over.
pub(super) enum Small {
    Plain(BufReader<TcpStream>),
    Tls(Box<Tls>),
}

impl Small {
    pub(super) fn plain(service: SocketAddr) -> Result<Self> {
        Ok(Self::Plain(BufReader::new(connect(service)?)))
    }

    pub(super) fn over_tls(door: SocketAddr, folder: &Path) -> Result<Self> {
        Ok(Self::Tls(Box::new(tls(door, folder)?)))
    }

    /// Sends one and waits for its whole answer.
    pub(super) fn request(&mut self) -> Result<()> {
        let request = b"GET /100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
        match self {
            Self::Plain(stream) => {
                stream.get_mut().write_all(request)?;
                body(stream)
            }
            Self::Tls(stream) => {
                stream.get_mut().write_all(request)?;
                body(stream)
            }
        }
    }
}

/// An answer that is small.
fn body(stream: &mut BufReader<impl Read>) -> Result<()> {
    let mut body = vec![0; head(stream)?];
    Ok(stream.read_exact(&mut body)?)
}

/// The length that an answer announces.
fn head(stream: &mut BufReader<impl Read>) -> Result<usize> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200"), "{line}");
    let mut length = None;
    while line != "\r\n" {
        line.clear();
        ensure!(stream.read_line(&mut line)? > 0, "the answer ended early");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse()?);
        }
    }
    length.context("a length")
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn tls(door: SocketAddr, folder: &Path) -> Result<Tls> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join(GATEWAY))?)?;
    let license = CertificateDer::pem_file_iter(folder.join("certificate.pem"))?;
    let license = license.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
    let settings = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(license, key)?;
    let session = ClientConnection::new(Arc::new(settings), ServerName::from(door.ip()))?;
    let stream = Buffered(BufReader::with_capacity(PIECE, connect(door)?));
    Ok(BufReader::with_capacity(PIECE, StreamOwned::new(session, stream)))
}

/// A stream that is read in large pieces, as TLS reads small ones.
pub(super) struct Buffered(BufReader<TcpStream>);

impl Read for Buffered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Buffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.get_mut().write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}
