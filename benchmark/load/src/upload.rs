//! Sending as fast as the server reads. Every run has connections of its own: in the end the server says how many bytes
//! it has got, and that must be all.

use mio::{Events, Poll};

use crate::options::Options;
use crate::socket::{Endpoint, Socket};
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// What is offered to the kernel at once.
const CHUNK: usize = 256 << 10;

/// Writes to one connection before the others have their turn.
const WRITES_AT_ONCE: usize = 4;

/// One operation.
pub const MIB: f64 = (1 << 20) as f64;

/// See the module.
pub struct Upload {
    poll: Poll,
    events: Events,
    endpoint: Endpoint,
    connections: usize,
    chunk: Box<[u8]>,
}

struct Connection {
    socket: Socket,
    sent: u64,
    is_ended: bool,
    /// What the server has said.
    answer: Vec<u8>,
    is_over: bool,
}

impl Upload {
    /// Opens nothing yet.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new()?,
            events: work::events(),
            endpoint: options.endpoint.clone(),
            connections: options.connections,
            chunk: vec![b'u'; CHUNK].into(),
        })
    }
}

impl Work for Upload {
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let sockets = work::connect(&mut self.poll, &self.endpoint, 0, self.connections)?;
        let mut connections: Vec<Connection> = sockets
            .into_iter()
            .map(|socket| Connection { socket, sent: 0, is_ended: false, answer: Vec::new(), is_over: false })
            .collect();
        let mut writable: Vec<usize> = (0..connections.len()).collect();
        let mut is_reached = false;
        while connections.iter().any(|connection| !connection.is_over) {
            let total: u64 = connections.iter().map(|connection| connection.sent).sum();
            if !is_reached && limit.is_reached(total >> 20) {
                is_reached = true;
                for connection in &mut connections {
                    connection.end()?;
                }
            }
            if is_reached {
                writable.clear();
            }
            let mut still = Vec::with_capacity(writable.len());
            for slot in writable.drain(..) {
                if connections[slot].send(&self.chunk)? {
                    still.push(slot);
                }
            }
            writable = still;
            if !writable.is_empty() {
                continue;
            }
            work::wait(&mut self.poll, &mut self.events)?;
            for event in &self.events {
                let slot = event.token().0;
                // Over TLS, reading also sends what is left of the end.
                if event.is_readable() || is_reached {
                    connections[slot].receive()?;
                }
                if event.is_writable() && !writable.contains(&slot) {
                    writable.push(slot);
                }
            }
        }
        let sent: u64 = connections.iter().map(|connection| connection.sent).sum();
        Ok(Outcome::new(sent as f64 / MIB))
    }
}

impl Connection {
    /// Sends its share. Says whether the kernel may take more.
    fn send(&mut self, chunk: &[u8]) -> Result<bool, Failure> {
        for _ in 0..WRITES_AT_ONCE {
            match self.socket.write(chunk)? {
                None => return Ok(false),
                Some(written) => self.sent += written as u64,
            }
        }
        Ok(true)
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.is_ended = true;
        Ok(self.socket.end()?)
    }

    fn receive(&mut self) -> Result<(), Failure> {
        if self.is_over {
            return Ok(());
        }
        let mut space = [0; 64];
        while let Some(read) = self.socket.read(&mut space)? {
            if read > 0 {
                self.answer.extend_from_slice(&space[..read]);
                continue;
            }
            if !self.is_ended {
                return server("has ended a connection");
            }
            if self.answer != self.sent.to_string().as_bytes() {
                let answer = String::from_utf8_lossy(&self.answer);
                return server(format!("got {answer} of {} bytes", self.sent));
            }
            self.is_over = true;
            break;
        }
        Ok(())
    }
}
