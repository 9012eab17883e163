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

    /// A socket that has another owner, too: a copy, or one that was adopted. Its file, if any, is that owner's.
    pub fn shared(fd: Descriptor, kind: Kind) -> Self {
        Self { fd: Some(fd), kind, file: None, shared: true, settings: Vec::new() }
    }

    /// What the socket is of.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// From now on another process may hold the socket: the file is that one's, too, and stays.
    pub fn share(&mut self) {
        self.shared = true;
        self.file = None;
    }

    /// Owns an adopted socket from now on: everything that could fail has succeeded.
    pub fn own(&mut self) {
        if let Some(fd) = &mut self.fd {
            fd.own();
        }
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

    /// The path that it is bound to, `None` for TCP.
    pub fn path(&self) -> Option<Vec<u8>> {
        self.fd.as_ref().and_then(address::path)
    }

    /// The address that it is bound to, `None` for a UNIX socket.
    pub fn local(&self) -> Option<SocketAddr> {
        self.fd.as_ref().filter(|_| self.kind.is_tcp()).and_then(address::local)
    }
}
