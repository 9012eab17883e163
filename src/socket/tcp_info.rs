//! What the kernel knows of a TCP connection: `TCP_INFO` of Linux, `TCP_CONNECTION_INFO` of macOS.
//!
//! Each kernel fills as much of the structure as it knows, and says how much that is: a value beyond is missing. So the
//! bytes are read by their offsets, which no kernel changes.

use std::os::fd::AsRawFd;

use super::fault;

/// See the module. Times are in microseconds, rates in bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// The smoothed round-trip time.
    pub rtt: Option<u64>,
    /// Its mean deviation.
    pub rtt_variance: Option<u64>,
    /// The shortest one lately.
    pub min_rtt: Option<u64>,
    /// The time after which a segment is sent again.
    pub retransmit_timeout: Option<u64>,
    /// Bytes of data in a full segment.
    pub segment_size: Option<u64>,
    /// Bytes that may be on their way at once, by the congestion control.
    pub congestion_window: Option<u64>,
    /// Segments that were sent again.
    pub retransmits: Option<u64>,
    /// Bytes that were sent again.
    pub bytes_retransmitted: Option<u64>,
    /// Segments that count as lost now.
    pub lost: Option<u64>,
    /// The latest rate at which the peer has received.
    pub delivery_rate: Option<u64>,
    /// The rate that sending is limited to; [`u64::MAX`] without a limit.
    pub pacing_rate: Option<u64>,
    /// Bytes sent and not acknowledged.
    pub bytes_in_flight: Option<u64>,
    /// Bytes that the kernel has not sent yet.
    pub bytes_unsent: Option<u64>,
    /// Bytes sent, those that were sent again included.
    pub bytes_sent: Option<u64>,
    /// Bytes that the peer has acknowledged.
    pub bytes_acknowledged: Option<u64>,
    /// Bytes received.
    pub bytes_received: Option<u64>,
    /// The time since bytes were sent last; since the connection was made, if none were.
    pub since_sent: Option<u64>,
    /// The time since bytes were received last; since the connection was made, if none were.
    pub since_received: Option<u64>,
}

/// What the kernel knows of the connection `fd`; `None` where it does not say.
pub fn read(fd: &impl AsRawFd) -> Option<TcpInfo> {
    fault::at("getsockopt").ok()?;
    let mut bytes = [0; platform::SIZE];
    let length = option(fd, &mut bytes)?;
    let info = platform::parse(Fields(bytes.get(..length)?));
    Some(platform::complete(fd, info))
}

/// Reads the option into `bytes`. Returns how many the kernel has filled.
fn option(fd: &impl AsRawFd, bytes: &mut [u8]) -> Option<usize> {
    let mut length = libc::socklen_t::try_from(bytes.len()).ok()?;
    // SAFETY: the kernel writes `length` bytes at the most, which is the size of `bytes`.
    let outcome = unsafe {
        libc::getsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_TCP,
            platform::OPTION,
            bytes.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    (outcome == 0).then_some(length as usize)
}

/// The bytes that the kernel has filled.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number32(&self, offset: usize) -> Option<u64> {
        let bytes = self.0.get(offset..offset + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?).into())
    }

    fn number64(&self, offset: usize) -> Option<u64> {
        let bytes = self.0.get(offset..offset + 8)?;
        Some(u64::from_ne_bytes(bytes.try_into().ok()?))
    }
}

/// `struct tcp_info` of linux/tcp.h.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod platform {
    use super::{AsRawFd, Fields, TcpInfo};

    pub const OPTION: libc::c_int = libc::TCP_INFO;
    /// More than any kernel fills.
    pub const SIZE: usize = 512;

    pub fn parse(fields: Fields<'_>) -> TcpInfo {
        let segment_size = fields.number32(16);
        let micros = |offset| fields.number32(offset).map(|millis| millis * 1000);
        TcpInfo {
            retransmit_timeout: fields.number32(8),
            segment_size,
            lost: fields.number32(32),
            rtt: fields.number32(68),
            rtt_variance: fields.number32(72),
            congestion_window: fields.number32(80).zip(segment_size).map(|(segments, size)| segments * size),
            retransmits: fields.number32(100),
            pacing_rate: fields.number64(104),
            bytes_unsent: fields.number32(144),
            min_rtt: fields.number32(148),
            delivery_rate: fields.number64(160),
            bytes_retransmitted: fields.number64(208),
            bytes_in_flight: None,
            bytes_sent: fields.number64(200),
            bytes_acknowledged: fields.number64(120),
            bytes_received: fields.number64(128),
            since_sent: micros(44),
            since_received: micros(52),
        }
    }

    /// The structure counts what is on its way in segments only; in bytes, it is what is not acknowledged without what is
    /// not sent.
    pub fn complete(fd: &impl AsRawFd, info: TcpInfo) -> TcpInfo {
        let mut queued: libc::c_int = 0;
        // SAFETY: the request writes one integer.
        let outcome = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCOUTQ, &raw mut queued) };
        let queued = u64::try_from(queued).ok().filter(|_| outcome == 0);
        TcpInfo { bytes_in_flight: queued.zip(info.bytes_unsent).map(|(all, rest)| all.saturating_sub(rest)), ..info }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// A structure in which the byte of each offset is the offset.
        fn filled(length: usize) -> Vec<u8> {
            (0..length).map(|offset| u8::try_from(offset % 256).unwrap()).collect()
        }

        fn at32(offset: usize) -> u64 {
            u32::from_ne_bytes(filled(512)[offset..offset + 4].try_into().unwrap()).into()
        }

        #[test]
        fn a_kernel_that_fills_less_leaves_out_what_is_beyond() {
            let parse = |length| parse(Fields(&filled(length)));
            assert_eq!(parse(0), TcpInfo::default());
            assert_eq!(parse(71).rtt, None);
            assert_eq!(parse(72).rtt, Some(at32(68)));
            // Linux 3.10, 4.9 and 4.19.
            let (old, newer, new) = (parse(104), parse(168), parse(216));
            assert_eq!((old.retransmits, old.pacing_rate, old.bytes_unsent), (Some(at32(100)), None, None));
            assert_eq!((newer.min_rtt, newer.bytes_retransmitted), (Some(at32(148)), None));
            assert!(newer.delivery_rate.is_some() && new.bytes_retransmitted.is_some());
            assert_eq!((newer.bytes_received.is_some(), newer.bytes_sent), (true, None));
            assert_eq!(old.congestion_window, Some(at32(80) * at32(16)));
        }
    }
}

/// `struct tcp_connection_info` of netinet/tcp.h. Times are in milliseconds there.
#[cfg(target_vendor = "apple")]
mod platform {
    use super::{AsRawFd, Fields, TcpInfo};

    pub const OPTION: libc::c_int = libc::TCP_CONNECTION_INFO;
    pub const SIZE: usize = 256;

    pub fn parse(fields: Fields<'_>) -> TcpInfo {
        let micros = |offset| fields.number32(offset).map(|millis| millis * 1000);
        TcpInfo {
            retransmit_timeout: micros(12),
            segment_size: fields.number32(16),
            congestion_window: fields.number32(24),
            rtt: micros(44),
            rtt_variance: micros(48),
            bytes_retransmitted: fields.number64(72),
            retransmits: fields.number64(104),
            ..TcpInfo::default()
        }
    }

    pub fn complete(_fd: &impl AsRawFd, info: TcpInfo) -> TcpInfo {
        info
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_knows_a_connection_and_says_nothing_of_other_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let info = read(&socket).unwrap();
        assert!(info.rtt.is_some_and(|rtt| rtt > 0 && rtt < 10_000_000));
        assert!(info.segment_size.is_some_and(|size| size > 500));
        assert!(info.congestion_window.is_some_and(|window| window >= info.segment_size.unwrap()));
        // The peer reads nothing: at some time, the kernel takes no more.
        socket.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(count) = socket.write(&[0; 64 << 10]) {
            written += count as u64;
        }
        if cfg!(target_os = "linux") {
            let info = read(&socket).unwrap();
            let unsent = info.bytes_unsent.unwrap();
            assert!(unsent > 0 && unsent + info.bytes_in_flight.unwrap() < written);
        }
        let (pair, _) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(read(&pair), None);
    }
}
