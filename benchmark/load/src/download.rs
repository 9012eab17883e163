//! Receiving as fast as the server sends. Byte number n of a connection is n modulo 256, and every one is checked. The
//! server sends on until the kernel takes no more, before and after a run alike, so the runs need no end of their own.

use mio::{Events, Poll};

use crate::options::Options;
use crate::socket::Socket;
use crate::upload::MIB;
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// What is asked of the kernel at once.
const CHUNK: usize = 256 << 10;

/// Reads from one connection before the others have their turn.
const READS_AT_ONCE: usize = 4;

/// See the module.
pub struct Download {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// Those that may have more to read.
    readable: Vec<usize>,
    space: Box<[u8]>,
    pattern: Box<[u8]>,
}

struct Connection {
    socket: Socket,
    received: u64,
}

impl Download {
    /// Opens the connections.
    pub fn open(options: &Options) -> Result<Self, Failure> {
        let mut poll = Poll::new()?;
        let sockets = work::connect(&mut poll, &options.endpoint, 0, options.connections)?;
        let connections: Vec<Connection> =
            sockets.into_iter().map(|socket| Connection { socket, received: 0 }).collect();
        Ok(Self {
            poll,
            events: work::events(),
            readable: (0..connections.len()).collect(),
            connections,
            space: vec![0; CHUNK].into(),
            pattern: (0..CHUNK + 256).map(|offset| offset as u8).collect(),
        })
    }
}

impl Work for Download {
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let mut received = 0;
        while !limit.is_reached(received >> 20) {
            if self.readable.is_empty() {
                work::wait(&mut self.poll, &mut self.events)?;
                for event in &self.events {
                    let slot = event.token().0;
                    if event.is_readable() && !self.readable.contains(&slot) {
                        self.readable.push(slot);
                    }
                }
            }
            let mut still = Vec::with_capacity(self.readable.len());
            for slot in self.readable.drain(..) {
                let connection = &mut self.connections[slot];
                let had = connection.received;
                if connection.receive(&mut self.space, &self.pattern)? {
                    still.push(slot);
                }
                received += connection.received - had;
            }
            self.readable = still;
        }
        Ok(Outcome::new(received as f64 / MIB))
    }
}

impl Connection {
    /// Receives its share. Says whether there may be more.
    fn receive(&mut self, space: &mut [u8], pattern: &[u8]) -> Result<bool, Failure> {
        for _ in 0..READS_AT_ONCE {
            let Some(read) = self.socket.read(space)? else { return Ok(false) };
            if read == 0 {
                return server("has ended a connection");
            }
            let start = (self.received % 256) as usize;
            if space[..read] != pattern[start..start + read] {
                return server("has sent other bytes than it was to");
            }
            self.received += read as u64;
        }
        Ok(true)
    }
}
