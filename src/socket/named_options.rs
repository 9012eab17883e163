//! Options of the kernel that a program sets and reads by name: the one table of them.
//!
//! Where the platform has none of that name, both fail with `ENOPROTOOPT`. `SO_LINGER` is none of them: with it, closing
//! would wait in the loop, even for a socket that never waits.

use std::io;
use std::time::Duration;

use rustix::fd::AsFd;
use socket2::SockRef;

use super::fault;

/// What an option has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number; of what is on or off, 1 or 0.
    Number(u32),
    /// A text.
    Text(String),
}

/// The type of an option, as JavaScript names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Boolean,
    /// A number from 0 on.
    Number,
    /// A text.
    Text,
}

/// A row of the table.
pub struct NamedOption {
    /// Its name.
    pub name: &'static str,
    /// What it has.
    pub kind: Kind,
    set: fn(&SockRef<'_>, &Value) -> io::Result<()>,
    get: fn(&SockRef<'_>) -> io::Result<Value>,
}

/// The options.
pub const OPTIONS: &[NamedOption] = &[
    NamedOption {
        name: "sendBufferSize",
        kind: Kind::Number,
        set: |socket, value| socket.set_send_buffer_size(value.number() as usize),
        get: |socket| socket.send_buffer_size().map(Value::size),
    },
    NamedOption {
        name: "recvBufferSize",
        kind: Kind::Number,
        set: |socket, value| socket.set_recv_buffer_size(value.number() as usize),
        get: |socket| socket.recv_buffer_size().map(Value::size),
    },
    NamedOption { name: "userTimeout", kind: Kind::Number, set: linux::set_user_timeout, get: linux::user_timeout },
    NamedOption { name: "quickAck", kind: Kind::Boolean, set: linux::set_quick_ack, get: linux::quick_ack },
    NamedOption { name: "congestion", kind: Kind::Text, set: linux::set_congestion, get: linux::congestion },
    NamedOption { name: "mark", kind: Kind::Number, set: linux::set_mark, get: linux::mark },
];

impl NamedOption {
    /// The option `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name == name)
    }

    /// Sets it on `fd`.
    pub fn set(&self, fd: impl AsFd, value: &Value) -> io::Result<()> {
        fault::at("setsockopt")?;
        (self.set)(&SockRef::from(&fd), value)
    }

    /// What it is on `fd`.
    pub fn get(&self, fd: impl AsFd) -> io::Result<Value> {
        fault::at("getsockopt")?;
        (self.get)(&SockRef::from(&fd))
    }
}

impl Value {
    fn size(size: usize) -> Self {
        Self::Number(u32::try_from(size).unwrap_or(u32::MAX))
    }

    fn number(&self) -> u32 {
        match self {
            Self::Number(number) => *number,
            Self::Text(_) => 0,
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn text(&self) -> &[u8] {
        match self {
            Self::Number(_) => b"",
            Self::Text(text) => text.as_bytes(),
        }
    }
}

/// What only Linux has.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use super::{Duration, SockRef, Value, io};

    pub fn set_user_timeout(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_user_timeout(Some(Duration::from_millis(value.number().into())))
    }

    pub fn user_timeout(socket: &SockRef<'_>) -> io::Result<Value> {
        let timeout = socket.tcp_user_timeout()?;
        Ok(Value::size(timeout.map_or(0, |timeout| timeout.as_millis() as usize)))
    }

    pub fn set_quick_ack(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_quickack(value.number() != 0)
    }

    pub fn quick_ack(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.tcp_quickack().map(|is_on| Value::Number(is_on.into()))
    }

    pub fn set_congestion(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_congestion(value.text())
    }

    pub fn congestion(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.tcp_congestion().map(|name| text(&name))
    }

    pub fn set_mark(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_mark(value.number())
    }

    pub fn mark(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.mark().map(Value::Number)
    }

    /// Without the NUL bytes that fill it.
    fn text(name: &[u8]) -> Value {
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        Value::Text(String::from_utf8_lossy(&name[..end]).into_owned())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod linux {
    use super::{SockRef, Value, io};

    macro_rules! missing {
        ($($set:ident $get:ident)*) => {
            $(
                pub fn $set(_socket: &SockRef<'_>, _value: &Value) -> io::Result<()> {
                    Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT))
                }

                pub fn $get(_socket: &SockRef<'_>) -> io::Result<Value> {
                    Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT))
                }
            )*
        };
    }

    missing! {
        set_user_timeout user_timeout
        set_quick_ack quick_ack
        set_congestion congestion
        set_mark mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn what_is_set_is_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let find = |name| NamedOption::find(name).unwrap();
        for (name, value, expected) in [
            // Linux doubles them.
            ("sendBufferSize", 30_000, if cfg!(target_os = "linux") { 60_000 } else { 30_000 }),
            ("recvBufferSize", 30_000, if cfg!(target_os = "linux") { 60_000 } else { 30_000 }),
        ] {
            find(name).set(&socket, &Value::Number(value)).unwrap();
            assert_eq!(find(name).get(&socket).unwrap(), Value::Number(expected), "{name}");
        }
        if cfg!(target_os = "linux") {
            find("userTimeout").set(&socket, &Value::Number(1500)).unwrap();
            assert_eq!(find("userTimeout").get(&socket).unwrap(), Value::Number(1500));
            assert!(matches!(find("congestion").get(&socket).unwrap(), Value::Text(name) if !name.is_empty()));
            assert!(find("congestion").set(&socket, &Value::Text("none".into())).is_err());
        }
        assert!(NamedOption::find("toString").is_none());
    }
}
