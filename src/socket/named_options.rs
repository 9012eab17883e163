//! Options of the kernel that a program sets and reads by name: the one table of them.
//!
//! Where the platform has none of that name, both fail with `ENOPROTOOPT`.

use std::io;
use std::time::Duration;

use rustix::fd::AsFd;
use socket2::SockRef;

use super::fault;
#[cfg(any(target_os = "linux", target_os = "android"))]
use super::numbered_options::NumberedOption;

/// What an option has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number; of what is on or off, 1 or 0.
    Number(i64),
    /// A text.
    Text(String),
}

/// The type of an option, as JavaScript names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// On or off.
    Boolean,
    /// A number within these bounds.
    Number(i64, i64),
    /// A text.
    Text,
}

/// Which sockets have an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// One that connects or is connected, and one that listens. Over TCP, what that accepts inherits it.
    Any,
    /// One that connects or is connected.
    Connection,
    /// One that listens.
    Listener,
}

/// A row of the table.
pub struct NamedOption {
    /// Its name.
    pub name: &'static str,
    /// What it has.
    pub kind: Kind,
    /// What has it.
    pub owner: Owner,
    set: fn(&SockRef<'_>, &Value) -> io::Result<()>,
    get: fn(&SockRef<'_>) -> io::Result<Value>,
}

impl std::fmt::Debug for NamedOption {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

/// Any number that C's `int` has, from 0 on.
const SIZE: Kind = Kind::Number(0, i32::MAX as i64);

/// The option that has the first bytes go with the SYN.
pub const FAST_OPEN: &str = "fastOpen";

/// The options.
#[rustfmt::skip]
pub const OPTIONS: &[NamedOption] = &[
    row("sendBufferSize", SIZE, Owner::Any, any::set_send_buffer_size, any::send_buffer_size),
    row("recvBufferSize", SIZE, Owner::Any, any::set_recv_buffer_size, any::recv_buffer_size),
    row("linger", Kind::Number(any::NO_LINGER, 0), Owner::Any, any::set_linger, any::linger),
    row("userTimeout", SIZE, Owner::Any, linux::set_user_timeout, linux::user_timeout),
    row("quickAck", Kind::Boolean, Owner::Connection, linux::set_quick_ack, linux::quick_ack),
    row("congestion", Kind::Text, Owner::Any, linux::set_congestion, linux::congestion),
    row(FAST_OPEN, Kind::Boolean, Owner::Connection, linux::set_fast_open, linux::fast_open),
    row("fastOpenQueue", SIZE, Owner::Listener, linux::set_fast_open_queue, linux::fast_open_queue),
    row("mark", Kind::Number(0, u32::MAX as i64), Owner::Any, linux::set_mark, linux::mark),
    row("bindToDevice", Kind::Text, Owner::Any, linux::set_device, linux::device),
    row("transparent", Kind::Boolean, Owner::Any, linux::set_transparent, linux::transparent),
    row("freebind", Kind::Boolean, Owner::Any, linux::set_freebind, linux::freebind),
];

const fn row(
    name: &'static str,
    kind: Kind,
    owner: Owner,
    set: fn(&SockRef<'_>, &Value) -> io::Result<()>,
    get: fn(&SockRef<'_>) -> io::Result<Value>,
) -> NamedOption {
    NamedOption { name, kind, owner, set, get }
}

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
    fn of(number: impl TryInto<i64>) -> Self {
        Self::Number(number.try_into().unwrap_or(i64::MAX))
    }

    /// As C's `int`, unsigned; JavaScript has kept to the bounds of the option.
    fn number(&self) -> u32 {
        match self {
            Self::Number(number) => u32::try_from(*number).unwrap_or_default(),
            Self::Text(_) => 0,
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn is_on(&self) -> bool {
        self.number() != 0
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn text(&self) -> &[u8] {
        match self {
            Self::Number(_) => b"",
            Self::Text(text) => text.as_bytes(),
        }
    }
}

/// What every platform has.
mod any {
    use super::{Duration, SockRef, Value, io};

    /// Closing sends what is left, and does not wait.
    pub const NO_LINGER: i64 = -1;

    pub fn set_send_buffer_size(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_send_buffer_size(value.number() as usize)
    }

    pub fn send_buffer_size(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.send_buffer_size().map(Value::of)
    }

    pub fn set_recv_buffer_size(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_recv_buffer_size(value.number() as usize)
    }

    pub fn recv_buffer_size(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.recv_buffer_size().map(Value::of)
    }

    /// With a time, closing would wait in the loop, even for a socket that never waits. Without one, it resets.
    pub fn set_linger(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_linger((*value != Value::Number(NO_LINGER)).then_some(Duration::ZERO))
    }

    pub fn linger(socket: &SockRef<'_>) -> io::Result<Value> {
        Ok(socket.linger()?.map_or(Value::Number(NO_LINGER), |linger| Value::of(linger.as_secs())))
    }
}

/// What only Linux has.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use socket2::Domain;

    use super::{Duration, NumberedOption, SockRef, Value, io};

    const FAST_OPEN: NumberedOption = NumberedOption::new(libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT);
    const FAST_OPEN_QUEUE: NumberedOption = NumberedOption::new(libc::IPPROTO_TCP, libc::TCP_FASTOPEN);

    pub fn set_user_timeout(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_user_timeout(Some(Duration::from_millis(value.number().into())))
    }

    pub fn user_timeout(socket: &SockRef<'_>) -> io::Result<Value> {
        Ok(socket.tcp_user_timeout()?.map_or(Value::Number(0), |timeout| Value::of(timeout.as_millis())))
    }

    pub fn set_quick_ack(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_quickack(value.is_on())
    }

    pub fn quick_ack(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.tcp_quickack().map(Value::of)
    }

    pub fn set_congestion(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_tcp_congestion(value.text())
    }

    pub fn congestion(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.tcp_congestion().map(|name| text(&name))
    }

    pub fn set_fast_open(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        FAST_OPEN.set_number(&**socket, i32::from(value.is_on()))
    }

    pub fn fast_open(socket: &SockRef<'_>) -> io::Result<Value> {
        FAST_OPEN.number(&**socket).map(Value::of)
    }

    pub fn set_fast_open_queue(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        FAST_OPEN_QUEUE.set_number(&**socket, i32::try_from(value.number()).unwrap_or(i32::MAX))
    }

    pub fn fast_open_queue(socket: &SockRef<'_>) -> io::Result<Value> {
        FAST_OPEN_QUEUE.number(&**socket).map(Value::of)
    }

    pub fn set_mark(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.set_mark(value.number())
    }

    pub fn mark(socket: &SockRef<'_>) -> io::Result<Value> {
        socket.mark().map(Value::of)
    }

    pub fn set_device(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        socket.bind_device(Some(value.text()).filter(|name| !name.is_empty()))
    }

    pub fn device(socket: &SockRef<'_>) -> io::Result<Value> {
        Ok(text(&socket.device()?.unwrap_or_default()))
    }

    pub fn set_transparent(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        match socket.domain()? {
            Domain::IPV6 => socket.set_ip_transparent_v6(value.is_on()),
            _ => socket.set_ip_transparent_v4(value.is_on()),
        }
    }

    pub fn transparent(socket: &SockRef<'_>) -> io::Result<Value> {
        match socket.domain()? {
            Domain::IPV6 => socket.ip_transparent_v6(),
            _ => socket.ip_transparent_v4(),
        }
        .map(Value::of)
    }

    pub fn set_freebind(socket: &SockRef<'_>, value: &Value) -> io::Result<()> {
        match socket.domain()? {
            Domain::IPV6 => socket.set_freebind_v6(value.is_on()),
            _ => socket.set_freebind_v4(value.is_on()),
        }
    }

    pub fn freebind(socket: &SockRef<'_>) -> io::Result<Value> {
        match socket.domain()? {
            Domain::IPV6 => socket.freebind_v6(),
            _ => socket.freebind_v4(),
        }
        .map(Value::of)
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
        set_fast_open fast_open
        set_fast_open_queue fast_open_queue
        set_mark mark
        set_device device
        set_transparent transparent
        set_freebind freebind
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

    #[test]
    fn lingering_is_a_reset_or_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let linger = NamedOption::find("linger").unwrap();
        for value in [any::NO_LINGER, 0, any::NO_LINGER] {
            linger.set(&listener, &Value::Number(value)).unwrap();
            assert_eq!(linger.get(&listener).unwrap(), Value::Number(value));
        }
    }
}
