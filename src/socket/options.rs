//! Socket options that a stream may set at any time.

use std::io;
use std::time::Duration;

use rustix::fd::AsFd;
#[cfg(any(target_os = "linux", target_os = "android"))]
use socket2::SockFilter;
use socket2::{SockRef, TcpKeepalive};

use super::{Kind, fault};

/// TCP keep-alive: what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeepAlive {
    /// Idle time before the first probe.
    pub delay: Option<Duration>,
    /// Time between probes.
    pub interval: Option<Duration>,
    /// Probes without an answer until the connection is given up.
    pub count: Option<u32>,
}

/// Has a listening socket complete no new connections. Those that it has completed can still be accepted, and those
/// over TCP whose handshake has begun are completed.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn refuse_new(fd: impl AsFd, kind: Kind) -> io::Result<()> {
    let socket = SockRef::from(&fd);
    if kind == Kind::Unix {
        return socket.shutdown(std::net::Shutdown::Read);
    }
    /// The byte of the flags in a header of TCP, and those that tell a SYN from its answer.
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const SYN_OR_ACK: u32 = 0x12;
    let [load, and, jump, ret] = [
        libc::BPF_LD | libc::BPF_B | libc::BPF_ABS,
        libc::BPF_ALU | libc::BPF_AND,
        libc::BPF_JMP | libc::BPF_JEQ,
        libc::BPF_RET,
    ]
    .map(|code| u16::try_from(code | libc::BPF_K).unwrap_or_default());
    // A peer whose SYN is dropped repeats it after a second, for a listener that has taken this one's place, or to be
    // refused.
    socket.attach_filter(&[
        SockFilter::new(load, 0, 0, FLAGS),
        SockFilter::new(and, 0, 0, SYN_OR_ACK),
        SockFilter::new(jump, 0, 1, SYN),
        SockFilter::new(ret, 0, 0, 0),
        SockFilter::new(ret, 0, 0, u32::MAX),
    ])
}

/// Elsewhere there is no way to.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn refuse_new(_fd: impl AsFd, _kind: Kind) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Turns Nagle's algorithm off (`true`) or on.
pub fn set_no_delay(fd: impl AsFd, no_delay: bool) -> io::Result<()> {
    fault::at("setsockopt")?;
    SockRef::from(&fd).set_tcp_nodelay(no_delay)
}

/// Whether Nagle's algorithm is off.
pub fn no_delay(fd: impl AsFd) -> io::Result<bool> {
    SockRef::from(&fd).tcp_nodelay()
}

/// Turns keep-alive on with `Some`, off with `None`.
pub fn set_keep_alive(fd: impl AsFd, keep_alive: Option<KeepAlive>) -> io::Result<()> {
    fault::at("setsockopt")?;
    let socket = SockRef::from(&fd);
    let Some(KeepAlive { delay, interval, count }) = keep_alive else {
        return socket.set_keepalive(false);
    };
    socket.set_keepalive(true)?;
    let mut settings = TcpKeepalive::new();
    if let Some(delay) = delay {
        settings = settings.with_time(delay);
    }
    if let Some(interval) = interval {
        settings = settings.with_interval(interval);
    }
    if let Some(count) = count {
        settings = settings.with_retries(count);
    }
    if delay.is_some() || interval.is_some() || count.is_some() {
        socket.set_tcp_keepalive(&settings)?;
    }
    Ok(())
}

/// Sets the type of service of what is sent from a TCP socket: the field of IPv4, or the traffic class of IPv6.
pub fn set_type_of_service(fd: impl AsFd, kind: Kind, value: u32) -> io::Result<()> {
    fault::at("setsockopt")?;
    let socket = SockRef::from(&fd);
    if kind == Kind::Tcp6 { socket.set_tclass_v6(value) } else { socket.set_tos_v4(value) }
}

/// The type of service of what is sent from a TCP socket.
pub fn type_of_service(fd: impl AsFd, kind: Kind) -> io::Result<u32> {
    fault::at("getsockopt")?;
    let socket = SockRef::from(&fd);
    if kind == Kind::Tcp6 { socket.tclass_v6() } else { socket.tos_v4() }
}

/// Whether closing does something else than to send what is left, and a FIN.
pub fn lingers(fd: impl AsFd) -> bool {
    SockRef::from(&fd).linger().is_ok_and(|linger| linger.is_some())
}

/// Makes the next `close` of `fd` reset the connection.
pub fn reset_on_close(fd: impl AsFd) -> io::Result<()> {
    fault::at("setsockopt")?;
    SockRef::from(&fd).set_linger(Some(Duration::ZERO))
}

/// The process, the user and the group behind a connected UNIX socket: those of when it was connected.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn peer_credentials(fd: impl AsFd) -> io::Result<(Option<i32>, u32, u32)> {
    let peer = rustix::net::sockopt::socket_peercred(&fd)?;
    Ok((Some(peer.pid.as_raw_nonzero().get()), peer.uid.as_raw(), peer.gid.as_raw()))
}

/// The process, the user and the group behind a connected UNIX socket: the system has no safe call for it here.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn peer_credentials(_fd: impl AsFd) -> io::Result<(Option<i32>, u32, u32)> {
    Err(io::Error::from_raw_os_error(libc::ENOPROTOOPT))
}
