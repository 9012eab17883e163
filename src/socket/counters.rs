//! What a TCP socket has received and sent that another owner reads and writes, as the kernel counts it.

use std::time::Duration;

use rustix::event::PollFlags;
use rustix::fd::AsFd;
use socket2::SockRef;

use super::{io, tcp_info};

/// The part of the receive buffer from which on a peer may have to wait until it is read: its kernel knows of less room
/// than there is memory, and small segments take more than they hold.
const FULL: usize = 8;

/// See the module. All but the last two are of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes received.
    pub received: u64,
    /// Bytes taken for sending.
    pub written: u64,
    /// Bytes that the peer has acknowledged.
    pub acknowledged: u64,
    /// The time since the last of them were received.
    pub since_received: Duration,
    /// The time since the last of them were sent, be it again.
    pub since_sent: Duration,
    /// So much of what was received is unread that the peer may have to wait.
    pub is_full: bool,
    /// There is no room for more to send.
    pub is_blocked: bool,
}

/// The counters of the socket `fd`; `None` where its kernel does not count: on Linux before 4.19, elsewhere, and of
/// other sockets.
pub fn read(fd: impl AsFd) -> Option<Counters> {
    let fd = fd.as_fd();
    let info = tcp_info::read(&fd)?;
    // Where Linux is only imitated, what is not known may be 0 and not missing. No segment has this size.
    info.segment_size.filter(|size| *size > 0)?;
    let sent = info.bytes_sent?.saturating_sub(info.bytes_retransmitted?);
    Some(Counters {
        received: info.bytes_received?,
        written: sent + info.bytes_unsent?,
        acknowledged: info.bytes_acknowledged?,
        since_received: Duration::from_micros(info.since_received?),
        since_sent: Duration::from_micros(info.since_sent?),
        is_full: is_full(fd),
        is_blocked: is_blocked(fd),
    })
}

fn is_full(fd: impl AsFd) -> bool {
    let unread = rustix::io::ioctl_fionread(&fd).unwrap_or(0);
    SockRef::from(&fd).recv_buffer_size().is_ok_and(|size| unread >= (size / FULL) as u64)
}

fn is_blocked(fd: impl AsFd) -> bool {
    !io::is_ready(fd, PollFlags::OUT)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::net::UnixStream;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, theirs)
    }

    /// Writes until nothing is taken, however much the other end's kernel has taken meanwhile.
    fn fill(socket: &mut TcpStream) -> u64 {
        socket.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(count) = socket.write(&[0; 64 << 10]) {
            written += count as u64;
        }
        written
    }

    #[test]
    fn counts_what_passes_whatever_descriptor_it_passes_over() {
        let (ours, mut theirs) = pair();
        let mut copy = ours.try_clone().unwrap();
        assert_eq!((read(&ours).unwrap().received, read(&ours).unwrap().written), (0, 0));
        theirs.write_all(b"abc").unwrap();
        copy.read_exact(&mut [0; 3]).unwrap();
        copy.write_all(b"answer").unwrap();
        theirs.read_exact(&mut [0; 6]).unwrap();
        let Counters { received, written, since_received, since_sent, is_full, is_blocked, .. } = read(&ours).unwrap();
        assert_eq!((received, written, is_full, is_blocked), (3, 6, false, false));
        assert!(since_received < Duration::from_secs(10) && since_sent < Duration::from_secs(10));
    }

    #[test]
    fn a_peer_that_does_not_read_acknowledges_less_than_was_written() {
        let (mut ours, _theirs) = pair();
        let written = fill(&mut ours);
        let counters = read(&ours).unwrap();
        assert_eq!(counters.written, written);
        assert!(counters.is_blocked && counters.acknowledged < written);
    }

    #[test]
    fn a_peer_may_have_to_wait_while_much_is_unread() {
        let (mut ours, mut theirs) = pair();
        fill(&mut theirs);
        assert!(read(&ours).unwrap().is_full);
        ours.set_nonblocking(true).unwrap();
        drop(theirs);
        let _ = ours.read_to_end(&mut Vec::new());
        assert!(!read(&ours).unwrap().is_full);
    }

    #[test]
    fn other_sockets_are_not_counted() {
        assert_eq!(read(UnixStream::pair().unwrap().0), None);
    }
}
