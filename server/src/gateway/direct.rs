//! The socket of direct-connect clients: those who sit at the gateway's own machine (SL Table 2, "clients
//! that are attached directly to the server's bus").
//!
//! They speak HTTP/1.1 without TLS, as nothing leaves the machine. Who a client is, the system says
//! (`SO_PEERCRED`). Any user may connect, so long as the directory of the socket lets them.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use tokio::net::{UnixListener, UnixStream};
use trybuy_formats::slug::Slug;

use crate::data_dir::open_lock_file;
use crate::refusal::Refusal;

/// Every user may connect.
const MODE: u32 = 0o666;

/// A listening socket. Its file is removed when this is dropped.
pub struct DirectSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Beside the socket, and locked for as long as the socket is this gateway's.
    _lock: File,
}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectError {
    /// Another gateway has it.
    #[error("{} is the socket of a gateway that runs", .0.display())]
    Taken(PathBuf),
    /// It would be in the place of something else.
    #[error("{} is there, and no socket", .0.display())]
    NoSocket(PathBuf),
    /// The system says no.
    #[error("{} cannot be made", path.display())]
    Refused {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Refusal for DirectError {
    fn slug(&self) -> Slug {
        Slug::LocalFile
    }

    fn help(&self) -> Option<String> {
        let help = "name another place with `socket` in `[direct]`, or stop what uses this one";
        Some(help.to_owned())
    }
}

impl DirectSocket {
    /// Makes it. One that a gateway left behind is replaced, one that a gateway answers is not.
    ///
    /// # Errors
    /// [`DirectError`].
    pub fn bind(path: &Path) -> Result<Self, DirectError> {
        let refused = |source| DirectError::Refused { path: path.to_owned(), source };
        let lock = open_lock_file(path).map_err(refused)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(DirectError::Taken(path.to_owned())),
            other => other.map_err(|error| refused(error.into()))?,
        }
        match fs::symlink_metadata(path) {
            Ok(old) if old.file_type().is_socket() => fs::remove_file(path).map_err(refused)?,
            Ok(_) => return Err(DirectError::NoSocket(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
        }
        let listener = UnixListener::bind(path).map_err(refused)?;
        let socket = Self { listener, path: path.to_owned(), _lock: lock };
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(refused)?;
        Ok(socket)
    }

    /// The next connection, and the user at its other end.
    pub(super) async fn accept(&self) -> io::Result<(UnixStream, u32)> {
        let (stream, _) = self.listener.accept().await?;
        let user = stream.peer_cred()?.uid();
        Ok((stream, user))
    }
}

impl Drop for DirectSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket of direct-connect clients is removed at the next start");
        }
    }
}
