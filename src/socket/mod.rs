//! System calls on sockets: opening, adopting, addresses, options, moving bytes.
//!
//! Nothing here waits: every call is one non-blocking step on a descriptor. The streams and listeners above own the
//! descriptors and decide what happens when. The only state is the process's table of owned ones ([`descriptor`]).

pub mod address;
pub mod adopt;
pub mod counters;
pub mod descriptor;
pub mod fault;
pub mod file;
pub mod io;
pub mod leftover;
pub mod named_options;
pub mod numbered_options;
pub mod open;
pub mod options;
pub mod rights;
pub mod settings;
pub mod tcp_info;
pub mod window;

pub use descriptor::Descriptor;

/// The kind of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A TCP socket over IPv4.
    Tcp4,
    /// A TCP socket over IPv6.
    Tcp6,
    /// A UNIX stream socket.
    Unix,
    /// A pipe (FIFO): one direction, no addresses, no shutdown.
    Pipe,
}

impl Kind {
    /// `stream.type` of JavaScript.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp4 => "tcp4",
            Self::Tcp6 => "tcp6",
            Self::Unix => "unix",
            Self::Pipe => "pipe",
        }
    }

    /// Whether TCP's options apply.
    pub fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp4 | Self::Tcp6)
    }
}
