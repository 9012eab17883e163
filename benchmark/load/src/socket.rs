//! A connection: TCP or UNIX, in the clear or with TLS, behind one type. Never waits.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};

use crate::tls::{Client, Sessions, Tls};

/// Where the server is.
#[derive(Clone, Debug)]
pub enum Place {
    /// An address and port.
    Tcp(SocketAddr),
    /// The path of a UNIX socket.
    Unix(String),
}

/// Where the server is, and whether it speaks TLS.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where.
    pub place: Place,
    /// What connections begin their handshake with, if they have one.
    pub client: Option<Client>,
}

impl Endpoint {
    /// The sessions that connections are to resume, if they are.
    pub fn sessions(&self) -> Option<&Sessions> {
        self.client.as_ref()?.sessions.as_deref()
    }
}

/// A connection, or an attempt at one.
pub struct Socket {
    transport: Transport,
    tls: Option<Box<Tls>>,
    is_open: bool,
}

enum Transport {
    /// Over TCP, without Nagle's algorithm.
    Tcp(TcpStream),
    /// Over a UNIX socket.
    Unix(UnixStream),
}

impl Socket {
    /// Starts to connect. Readable and writable are news of `token` from now on.
    pub fn connect(endpoint: &Endpoint, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut transport = match &endpoint.place {
            Place::Tcp(address) => Transport::Tcp(TcpStream::connect(*address)?),
            Place::Unix(path) => Transport::Unix(UnixStream::connect(path)?),
        };
        registry.register(transport.source(), token, Interest::READABLE | Interest::WRITABLE)?;
        let tls = endpoint.client.as_ref().map(Tls::new).transpose()?.map(Box::new);
        Ok(Self { transport, tls, is_open: false })
    }

    /// Whether the connection has come about, its handshake included; a failure comes out here.
    pub fn is_connected(&mut self) -> io::Result<bool> {
        self.is_open = self.is_open || self.transport.is_connected()?;
        match &mut self.tls {
            Some(tls) if self.is_open => tls.shake(&mut self.transport),
            _ => Ok(self.is_open),
        }
    }

    /// Whether its handshake has resumed a session.
    pub fn is_resumed(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_resumed())
    }

    /// Reads into `buffer`; `None` when there is nothing yet.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match &mut self.tls {
            None => settle(self.transport.read(buffer)),
            Some(tls) => {
                let read = tls.read(&mut self.transport, buffer)?;
                self.end_if_due()?;
                Ok(read)
            }
        }
    }

    /// Writes from `bytes`; `None` when nothing is taken now.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match &mut self.tls {
            None => settle(self.transport.write(bytes)),
            Some(tls) => tls.write(&mut self.transport, bytes),
        }
    }

    /// Ends the sending side, after all that was written.
    pub fn end(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => self.transport.end(),
            Some(tls) => {
                tls.end(&mut self.transport)?;
                self.end_if_due()
            }
        }
    }

    fn end_if_due(&mut self) -> io::Result<()> {
        if self.tls.as_mut().is_some_and(|tls| tls.take_end()) { self.transport.end() } else { Ok(()) }
    }
}

impl Transport {
    fn is_connected(&self) -> io::Result<bool> {
        let (error, peer) = match self {
            Self::Tcp(stream) => (stream.take_error()?, stream.peer_addr().map(|_| ())),
            Self::Unix(stream) => (stream.take_error()?, stream.peer_addr().map(|_| ())),
        };
        if let Some(error) = error {
            return Err(error);
        }
        match peer {
            Ok(()) => {
                if let Self::Tcp(stream) = self {
                    stream.set_nodelay(true)?;
                }
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn end(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write_vectored(slices),
            Self::Unix(stream) => stream.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settle(outcome: io::Result<usize>) -> io::Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
