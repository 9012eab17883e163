//! Options of the kernel by level and number: those that have no name here.
//!
//! A program may not use all of them ([`is_allowed`]): some would break what the engine relies on, and with some the
//! kernel reads or writes elsewhere than in the memory that it is passed.

use std::io;
use std::os::fd::AsRawFd;

use rustix::fd::AsFd;

use super::fault;

/// See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedOption {
    level: i32,
    number: i32,
}

impl NumberedOption {
    /// The option `number` of `level`.
    pub const fn new(level: i32, number: i32) -> Self {
        Self { level, number }
    }

    /// The option `number` of `level`, if a program may use it.
    pub fn allowed(level: i32, number: i32) -> Option<Self> {
        is_allowed(level, number).then_some(Self::new(level, number))
    }

    /// Sets it on `fd`.
    pub fn set(self, fd: impl AsFd, value: &[u8]) -> io::Result<()> {
        fault::at("setsockopt")?;
        let length = value.len() as libc::socklen_t;
        // SAFETY: the kernel reads `length` bytes of `value`. An allowed option has no pointers in it.
        let outcome =
            unsafe { libc::setsockopt(fd.as_fd().as_raw_fd(), self.level, self.number, value.as_ptr().cast(), length) };
        if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Sets it on `fd` to a number, C's `int`.
    #[cfg(any(target_os = "linux", target_os = "android", test))]
    pub fn set_number(self, fd: impl AsFd, value: i32) -> io::Result<()> {
        self.set(fd, &value.to_ne_bytes())
    }

    /// What it is on `fd`, `most` bytes at the most.
    pub fn get(self, fd: impl AsFd, most: usize) -> io::Result<Vec<u8>> {
        fault::at("getsockopt")?;
        let mut value = vec![0; most];
        let mut length = most as libc::socklen_t;
        // SAFETY: the kernel writes no more than `length` bytes to `value`, and their number to `length`. An allowed
        // option has no pointers in it.
        let outcome = unsafe {
            libc::getsockopt(
                fd.as_fd().as_raw_fd(),
                self.level,
                self.number,
                value.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if outcome != 0 {
            return Err(io::Error::last_os_error());
        }
        value.truncate(length as usize);
        Ok(value)
    }

    /// What it is on `fd`, as a number.
    #[cfg(any(target_os = "linux", target_os = "android", test))]
    pub fn number(self, fd: impl AsFd) -> io::Result<i32> {
        let value = self.get(fd, size_of::<i32>())?;
        match value[..] {
            [a, b, c, d] => Ok(i32::from_ne_bytes([a, b, c, d])),
            // Some are a byte where the kernel is asked for no more than it has.
            [byte] => Ok(byte.into()),
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }
}

/// Whether a program may use the option `number` of `level`. Later kernels have more options: they are added when it is
/// known what they do.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_allowed(level: i32, number: i32) -> bool {
    /// These are not in the crate `libc`.
    const TCP_AO_GET_KEYS: i32 = 41;
    const TCP_AO_REPAIR: i32 = 42;
    const TCP_DELACK_MAX_US: i32 = 46;
    /// Numbers from 64 to 71 of IP and IPv6 are those of iptables, whose tables have pointers in them.
    const TABLES: i32 = 64;
    const IPV6_ADDR_PREFERENCES: i32 = 72;
    const ORIGINAL_DST: i32 = 80;
    match level {
        libc::SOL_SOCKET => match number {
            // `linger` is the name of what may be set.
            libc::SO_LINGER => false,
            // Times, by their former and their present numbers, have no effect on sockets that never wait.
            20 | 21 | 66 | 67 => false,
            // Filters: programs in memory that a pointer leads to, and lengths in instructions, not bytes.
            libc::SO_ATTACH_FILTER | libc::SO_ATTACH_REUSEPORT_CBPF | libc::SO_LOCK_FILTER => false,
            // Asking takes away what the engine is to find, and a reset would look like a clean end.
            libc::SO_ERROR => false,
            // Descriptors that nothing would close: `SO_PASSPIDFD` has them come, `SO_PEERPIDFD` opens one.
            _ => (1..libc::SO_PASSPIDFD).contains(&number),
        },
        libc::IPPROTO_TCP => match number {
            // The kernel would do TLS, or the program would make up what has been sent and received.
            libc::TCP_ULP | libc::TCP_REPAIR | libc::TCP_REPAIR_QUEUE | libc::TCP_QUEUE_SEQ => false,
            libc::TCP_REPAIR_OPTIONS | libc::TCP_REPAIR_WINDOW | TCP_AO_REPAIR => false,
            // Memory is mapped, or written after the given length.
            libc::TCP_ZEROCOPY_RECEIVE | TCP_AO_GET_KEYS => false,
            // `fastOpen` is its name: connecting has to know of it.
            libc::TCP_FASTOPEN_CONNECT => false,
            _ => (1..=TCP_DELACK_MAX_US).contains(&number),
        },
        libc::IPPROTO_IP => (1..TABLES).contains(&number) || number == ORIGINAL_DST,
        // It would become a socket of IPv4.
        libc::IPPROTO_IPV6 if number == libc::IPV6_ADDRFORM => false,
        libc::IPPROTO_IPV6 => (1..TABLES).contains(&number) || (IPV6_ADDR_PREFERENCES..=ORIGINAL_DST).contains(&number),
        _ => false,
    }
}

/// Whether a program may use the option `number` of `level`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_allowed(level: i32, number: i32) -> bool {
    match level {
        libc::SOL_SOCKET => {
            !matches!(number, libc::SO_LINGER | libc::SO_LINGER_SEC | libc::SO_RCVTIMEO | libc::SO_SNDTIMEO)
                && !matches!(number, libc::SO_NOSIGPIPE | libc::SO_ERROR)
        }
        libc::IPPROTO_TCP | libc::IPPROTO_IP | libc::IPPROTO_IPV6 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn what_is_set_is_read() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let keep_alive = NumberedOption::allowed(libc::SOL_SOCKET, libc::SO_KEEPALIVE).unwrap();
        assert_eq!(keep_alive.number(&socket).unwrap(), 0);
        keep_alive.set_number(&socket, 1).unwrap();
        assert_ne!(keep_alive.number(&socket).unwrap(), 0);
        assert_eq!(keep_alive.get(&socket, 2).unwrap().len(), 2);
        assert!(NumberedOption::new(libc::IPPROTO_TCP, 9999).number(&socket).is_err());
    }

    #[test]
    fn some_are_not_for_programs() {
        let linger = (libc::SOL_SOCKET, libc::SO_LINGER);
        let error = (libc::SOL_SOCKET, libc::SO_ERROR);
        for (level, number) in [linger, error, (libc::SOL_SOCKET, libc::SO_RCVTIMEO), (132, 1)] {
            assert_eq!(NumberedOption::allowed(level, number), None, "{level} {number}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_writes_no_pointers() {
        for number in [libc::SO_ATTACH_FILTER, 20, 21, 66, 67, 76, 77, 78] {
            assert_eq!(NumberedOption::allowed(libc::SOL_SOCKET, number), None, "{number}");
        }
        for number in [libc::TCP_ULP, libc::TCP_REPAIR, libc::TCP_FASTOPEN_CONNECT, 35, 41, 47] {
            assert_eq!(NumberedOption::allowed(libc::IPPROTO_TCP, number), None, "{number}");
        }
        for number in [64, 71] {
            assert_eq!(NumberedOption::allowed(libc::IPPROTO_IP, number), None, "{number}");
            assert_eq!(NumberedOption::allowed(libc::IPPROTO_IPV6, number), None, "{number}");
        }
        assert!(NumberedOption::allowed(libc::IPPROTO_IP, 80).is_some());
    }
}
