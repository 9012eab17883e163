//! What io_uring would bring: the echo server on it, on one thread, without JavaScript, to be compared with tokio's.
//!
//! `load serve-uring echo [--path PATH]` prints the port or path that it listens on, and ends with its input.
//!
//! Each connection has at most one operation under way: it receives into its buffer, or sends from it. All that has
//! become due is handed to the kernel in the call that waits for the next completion.

// The kernel writes to memory that it has been given.
#![allow(unsafe_code)]

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

use io_uring::squeue::Entry;
use io_uring::{IoUring, opcode, types};

use crate::work::Failure;

/// As much as node:net reads at once.
const MAX_READ: usize = 64 << 10;

const ENTRIES: u32 = 4096;

/// Who has asked for what completes: a connection, by its index, or one of these.
const ACCEPTED: u64 = u64::MAX;
const INPUT: u64 = u64::MAX - 1;

struct Connection {
    fd: OwnedFd,
    buffer: Box<[u8]>,
    /// What is to be sent of the buffer; nothing while it receives.
    left: std::ops::Range<usize>,
}

/// Serves until the input ends.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    match arguments.next().as_deref() {
        Some("echo") => {}
        other => return Err(Failure::from(format!("no such work on io_uring: {other:?}"))),
    }
    let path = arguments.next().filter(|name| name == "--path").and_then(|_| arguments.next());
    let listener: OwnedFd = match &path {
        Some(path) => UnixListener::bind(path)?.into(),
        None => TcpListener::bind("127.0.0.1:0")?.into(),
    };
    let place =
        path.map_or_else(|| TcpListener::from(listener.try_clone()?).local_addr().map(|at| at.port().to_string()), Ok)?;
    println!("{place}");
    Ok(serve(&listener)?)
}

fn serve(listener: &OwnedFd) -> io::Result<()> {
    let mut ring =
        IoUring::builder().setup_single_issuer().setup_defer_taskrun().setup_cqsize(4 * ENTRIES).build(ENTRIES)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut end = [0; 1];
    let input = opcode::Read::new(types::Fd(io::stdin().as_raw_fd()), end.as_mut_ptr(), 1).build();
    let accept = opcode::AcceptMulti::new(fd(listener)).build();
    let mut due: Vec<Entry> = vec![input.user_data(INPUT), accept.clone().user_data(ACCEPTED)];
    let mut completed = Vec::new();
    loop {
        for entry in due.drain(..) {
            // SAFETY: the memory is that of a connection, which stays until its operation has completed, or `end`.
            while unsafe { ring.submission().push(&entry) }.is_err() {
                ring.submit()?;
            }
        }
        ring.submit_and_wait(1)?;
        completed.extend(
            ring.completion().map(|entry: io_uring::cqueue::Entry| (entry.user_data(), entry.result(), entry.flags())),
        );
        for (who, result, flags) in completed.drain(..) {
            match who {
                INPUT => return Ok(()),
                ACCEPTED => {
                    if result >= 0 {
                        let index = free.pop().unwrap_or(connections.len());
                        if index == connections.len() {
                            connections.push(None);
                        }
                        let connection = connections[index].insert(Connection::new(result));
                        due.push(connection.receive().user_data(index as u64));
                    }
                    if !io_uring::cqueue::more(flags) {
                        due.push(accept.clone().user_data(ACCEPTED));
                    }
                }
                who => {
                    let index = who as usize;
                    match connections[index].as_mut().and_then(|connection| connection.go_on(result)) {
                        Some(entry) => due.push(entry.user_data(who)),
                        None => {
                            connections[index] = None;
                            free.push(index);
                        }
                    }
                }
            }
        }
    }
}

impl Connection {
    fn new(fd: RawFd) -> Self {
        // SAFETY: the kernel has just given it to us.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // There is no such option of UNIX sockets.
        let _ = rustix::net::sockopt::set_tcp_nodelay(&fd, true);
        Self { fd, buffer: vec![0; MAX_READ].into_boxed_slice(), left: 0..0 }
    }

    fn receive(&mut self) -> Entry {
        opcode::Recv::new(fd(&self.fd), self.buffer.as_mut_ptr(), MAX_READ as u32).build()
    }

    fn send(&self) -> Entry {
        let bytes = &self.buffer[self.left.clone()];
        opcode::Send::new(fd(&self.fd), bytes.as_ptr(), bytes.len() as u32).build()
    }

    /// What follows an operation with that `result`. `None`: the connection is over.
    fn go_on(&mut self, result: i32) -> Option<Entry> {
        let count = usize::try_from(result).ok().filter(|count| *count > 0)?;
        if self.left.is_empty() {
            self.left = 0..count;
        } else {
            self.left.start += count;
        }
        Some(if self.left.is_empty() { self.receive() } else { self.send() })
    }
}

fn fd(fd: &OwnedFd) -> types::Fd {
    types::Fd(fd.as_raw_fd())
}
