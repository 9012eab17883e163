//! How much a TCP peer may have on its way to us.

use rustix::fd::AsFd;

/// Lets a TCP peer have `size` bytes on their way at once. By itself, the kernel begins with 64 KiB, and allows more as it
/// sees that more is read. It goes on doing so; with `SO_RCVBUF`, it would not. Where that option is set, it stays.
///
/// Linux has no call for just that. But a socket that is to be reported only when so much has come must have room for
/// it. That is what it is asked for here, and at once no more.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn widen(fd: impl AsFd, size: u32) {
    if let Some(least) = least_reported(&fd) {
        report_from(&fd, size);
        report_from(&fd, least);
    }
}

/// Elsewhere the kernel decides alone.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn widen(_fd: impl AsFd, _size: u32) {}

/// The least that a socket is reported to be readable for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn least_reported(fd: impl AsFd) -> Option<u32> {
    use std::os::fd::AsRawFd;
    let mut least: libc::c_int = 0;
    let mut size = size_of_val(&least) as libc::socklen_t;
    let socket = fd.as_fd().as_raw_fd();
    // SAFETY: the descriptor is borrowed, and the kernel writes `size` bytes to `least` during the call.
    let outcome = unsafe {
        let (value, size) = ((&raw mut least).cast(), &raw mut size);
        libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_RCVLOWAT, value, size)
    };
    if outcome == 0 { u32::try_from(least).ok() } else { None }
}

/// Has a socket reported to be readable only when `least` bytes have come. If it can't be, it stays as it is.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn report_from(fd: impl AsFd, least: u32) {
    use std::os::fd::AsRawFd;
    let least = libc::c_int::try_from(least).unwrap_or(libc::c_int::MAX);
    let size = size_of_val(&least) as libc::socklen_t;
    let socket = fd.as_fd().as_raw_fd();
    // SAFETY: the descriptor is borrowed, and the kernel reads `size` bytes of `least` during the call.
    unsafe { libc::setsockopt(socket, libc::SOL_SOCKET, libc::SO_RCVLOWAT, (&raw const least).cast(), size) };
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use socket2::SockRef;

    use super::*;

    fn connected() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        TcpStream::connect(listener.local_addr().unwrap()).unwrap()
    }

    fn room(socket: &TcpStream) -> usize {
        SockRef::from(socket).recv_buffer_size().unwrap()
    }

    #[test]
    fn makes_room_and_reports_what_comes_as_before() {
        let socket = connected();
        let wanted = 2 * room(&socket);
        widen(&socket, u32::try_from(wanted).unwrap());
        assert!(room(&socket) >= wanted, "{} instead of {wanted}", room(&socket));
        assert_eq!(least_reported(&socket), Some(1));
        let room_before = room(&socket);
        widen(&socket, 1024);
        assert_eq!(room(&socket), room_before, "there is less room");
    }

    #[test]
    fn leaves_the_room_that_a_program_has_set() {
        let socket = connected();
        SockRef::from(&socket).set_recv_buffer_size(16 << 10).unwrap();
        let room_before = room(&socket);
        widen(&socket, 1 << 20);
        assert_eq!((room(&socket), least_reported(&socket)), (room_before, Some(1)));
    }
}
