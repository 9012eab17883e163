//! A socket that is bound and nothing else yet: it will listen, or connect, under the same id.
//!
//! Owned by a slot of the engine, used on the thread of its environment.

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use crate::socket::file::SocketFile;
use crate::socket::settings::Setting;
use crate::socket::{Descriptor, Kind, address};

/// See the module.
pub struct Bound {
    /// `None` once closed, or taken.
    fd: Option<Descriptor>,
    kind: Kind,
    /// The socket file, to be removed with the socket.
    file: Option<SocketFile>,
    /// Another owner has the same socket.
    shared: bool,
    /// The options that it was bound with.
    pub settings: Vec<Setting>,
}

impl Bound {
    /// A bound socket of our own, with these options. `path` is its socket file.
    pub fn new(fd: Descriptor, kind: Kind, path: Option<&[u8]>, settings: Vec<Setting>) -> Self {
        Self { fd: Some(fd), kind, file: path.and_then(SocketFile::at), shared: false, settings }
    }

    /// A copy of a socket that has another owner.
    pub fn copy(fd: Descriptor, kind: Kind) -> Self {
        Self { fd: Some(fd), kind, file: None, shared: true, settings: Vec::new() }
    }

    /// What the socket is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether another owner has the same socket.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The socket, while it is neither closed nor taken.
    pub fn socket(&self) -> Option<&Descriptor> {
        self.fd.as_ref()
    }

    /// Takes the socket and its file, for the listener or the stream that it becomes.
    pub fn take(&mut self) -> Option<(Descriptor, Kind, Option<SocketFile>)> {
        Some((self.fd.take()?, self.kind, self.file.take()))
    }

    /// Removes the file and closes the socket.
    pub fn close(&mut self) {
        self.file.take().inspect(SocketFile::remove);
        self.fd = None;
    }

    /// A copy of the descriptor, `None` once it is closed or taken.
    pub fn lend(&self) -> Option<std::io::Result<OwnedFd>> {
        self.fd.as_ref().map(|fd| fd.try_clone())
    }

    /// The number of the descriptor.
    pub fn raw_fd(&self) -> Option<RawFd> {
        self.fd.as_ref().map(|fd| fd.as_raw_fd())
    }

    /// The address that it is bound to, `None` for a UNIX socket.
    pub fn local(&self) -> Option<SocketAddr> {
        self.fd.as_ref().filter(|_| self.kind.is_tcp()).and_then(address::local)
    }
}
