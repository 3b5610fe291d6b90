//! Where programs of this machine connect to.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::fs::Mode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::ListenAddress;
use crate::error::Error;
use crate::messages;

/// A socket that connections are accepted at.
pub enum Threshold {
    /// A port of this machine.
    Port(TcpListener),
    /// A socket that its owner alone can open, and its path, which goes with it.
    Socket(UnixListener, SocketFile),
}

/// A socket's file, which is removed with it.
pub struct SocketFile(PathBuf);

/// A connection of a program of this machine.
pub enum Local {
    /// Over a port.
    Port(TcpStream),
    /// Over a socket of the file system.
    Socket(UnixStream),
}

impl Threshold {
    /// Listens.
    ///
    /// # Errors
    /// `local-file` when the address is taken or not one of this machine.
    pub async fn open(address: &ListenAddress) -> Result<Self, Error> {
        match address {
            ListenAddress::Loopback(address) => {
                let bound = TcpListener::bind(address).await;
                bound.map(Self::Port).map_err(|error| messages::cannot_listen(address, error))
            }
            ListenAddress::Unix(path) => {
                let bound = bind_privately(path);
                bound.map_err(|error| messages::cannot_listen(path.display(), error))
            }
        }
    }

    /// The address, as a program has to know it.
    pub fn address(&self) -> String {
        match self {
            Self::Port(listener) => {
                let address = listener.local_addr().expect("a listening socket has an address");
                format!("http://{address}")
            }
            Self::Socket(_, SocketFile(path)) => format!("unix:{}", path.display()),
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// What the system says.
    pub async fn accept(&self) -> io::Result<Local> {
        match self {
            Self::Port(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Local::Port(stream))
            }
            Self::Socket(listener, _) => Ok(Local::Socket(listener.accept().await?.0)),
        }
    }
}

/// Makes the socket's file so that nobody else could ever open it: the mode is set before it exists.
fn bind_privately(path: &Path) -> io::Result<Threshold> {
    remove_abandoned(path)?;
    let before = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = UnixListener::bind(path);
    rustix::process::umask(before);
    Ok(Threshold::Socket(bound?, SocketFile(path.to_owned())))
}

/// A door that was killed leaves its socket behind.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    let refuses = || {
        let connected = std::os::unix::net::UnixStream::connect(path);
        connected.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    };
    if is_socket && refuses() { fs::remove_file(path) } else { Ok(()) }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A socket that stays is removed by the next door.
        let _ = fs::remove_file(&self.0);
    }
}

impl AsyncRead for Local {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Port(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Socket(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Local {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Port(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Socket(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Port(stream) => Pin::new(stream).poll_flush(context),
            Self::Socket(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Port(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Socket(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
