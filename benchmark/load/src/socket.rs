//! A connection: TCP or UNIX behind one type. Never waits.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};

use mio::event::Source;
use mio::net::{TcpStream, UnixStream};
use mio::{Interest, Registry, Token};

/// Where the server is.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// An address and port.
    Tcp(SocketAddr),
    /// The path of a UNIX socket.
    Unix(String),
}

/// A connection, or an attempt at one.
pub enum Socket {
    /// Over TCP, without Nagle's algorithm.
    Tcp(TcpStream),
    /// Over a UNIX socket.
    Unix(UnixStream),
}

impl Socket {
    /// Starts to connect. Readable and writable are news of `token` from now on.
    pub fn connect(endpoint: &Endpoint, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut socket = match endpoint {
            Endpoint::Tcp(address) => Self::Tcp(TcpStream::connect(*address)?),
            Endpoint::Unix(path) => Self::Unix(UnixStream::connect(path)?),
        };
        registry.register(socket.source(), token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(socket)
    }

    /// Whether the connection has come about; a failure to connect comes out here.
    pub fn is_connected(&self) -> io::Result<bool> {
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

    /// Reads into `buffer`; `None` when there is nothing yet.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        settle(match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        })
    }

    /// Writes from `bytes`; `None` when nothing is taken now.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        settle(match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        })
    }

    /// Ends the sending side.
    pub fn end(&self) -> io::Result<()> {
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

fn settle(outcome: io::Result<usize>) -> io::Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
