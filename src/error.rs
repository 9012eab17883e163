//! The one error of the engine: which system call failed, and with which errno.
//!
//! It is made where the failure is seen and becomes a JavaScript `Error` once, in `lib/errors.js`, which knows the
//! address or path that the call was about.

use std::io;

/// A failed system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// The errno of the platform, positive.
    pub errno: i32,
    /// The call that failed, by its name in Node.
    pub syscall: Syscall,
}

/// What Node calls the operation that failed (`error.syscall`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syscall {
    /// Taking a connection from a listening socket.
    Accept,
    /// Binding a socket that does not listen to its local address.
    Bind,
    /// Opening a connection.
    Connect,
    /// Everything that makes a listening socket: creating, binding and listening.
    Listen,
    /// Adopting a descriptor.
    Open,
    /// Receiving.
    Read,
    /// Beginning a TLS handshake.
    Secure,
    /// Setting an option of a socket.
    SetSocketOption,
    /// Ending the sending side.
    Shutdown,
    /// Sending.
    Write,
}

/// The result of an operation of the engine.
pub type Result<T> = std::result::Result<T, Error>;

impl Syscall {
    /// The name as JavaScript sees it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Bind => "bind",
            Self::Connect => "connect",
            Self::Listen => "listen",
            Self::Open => "open",
            Self::Read => "read",
            Self::Secure => "secure",
            Self::SetSocketOption => "setsockopt",
            Self::Shutdown => "shutdown",
            Self::Write => "write",
        }
    }

    /// An error of this call with the errno of `source`, or `EINVAL` where `source` came from a check before the call.
    pub fn failed(self, source: &io::Error) -> Error {
        Error { errno: source.raw_os_error().unwrap_or(libc::EINVAL), syscall: self }
    }

    /// An error of this call with a known errno.
    pub fn errno(self, errno: i32) -> Error {
        Error { errno, syscall: self }
    }
}
