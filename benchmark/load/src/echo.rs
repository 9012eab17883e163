//! Messages on open connections: each connection sends its next one when the former has come back whole.

use mio::{Events, Poll};

use crate::options::Options;
use crate::socket::Socket;
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// The size of a message in bytes.
pub const MESSAGE: usize = 64;

/// More than one connection's replies: what comes unasked is seen.
const SPACE: usize = 16 << 10;

/// See the module.
pub struct Echo {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    /// How often a message comes back.
    replies: usize,
    space: Box<[u8; SPACE]>,
    sent: u64,
}

struct Connection {
    socket: Socket,
    message: [u8; MESSAGE],
    /// How much of the replies has come; `None` when none is due.
    received: Option<usize>,
}

impl Echo {
    /// Opens the connections.
    pub fn open(options: &Options) -> Result<Self, Failure> {
        let mut poll = Poll::new()?;
        let sockets = work::connect(&mut poll, &options.endpoint, 0, options.connections)?;
        let connections =
            sockets.into_iter().map(|socket| Connection { socket, message: message(0), received: None }).collect();
        Ok(Self {
            poll,
            events: work::events(),
            connections,
            replies: options.replies,
            space: Box::new([0; SPACE]),
            sent: 0,
        })
    }
}

impl Work for Echo {
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let expected = self.replies * MESSAGE;
        let (mut begun, mut done) = (0, 0);
        for connection in &mut self.connections {
            if limit.left(begun) > 0 {
                self.sent += 1;
                begun += 1;
                connection.send(self.sent)?;
            }
        }
        while done < begun {
            work::wait(&mut self.poll, &mut self.events)?;
            let is_over = limit.is_reached(begun);
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if event.is_readable() && connection.receive(&mut self.space[..], expected)? {
                    done += 1;
                    if !is_over && limit.left(begun) > 0 {
                        self.sent += 1;
                        begun += 1;
                        connection.send(self.sent)?;
                    }
                }
            }
        }
        Ok(Outcome::fair(done))
    }
}

impl Connection {
    fn send(&mut self, number: u64) -> Result<(), Failure> {
        self.message = message(number);
        self.received = Some(0);
        // Nothing else is on its way, so the kernel has room for it.
        match self.socket.write(&self.message)? {
            Some(MESSAGE) => Ok(()),
            _ => server("has not read the messages that it has answered"),
        }
    }

    /// Takes what has come. Says whether the replies are complete.
    fn receive(&mut self, space: &mut [u8], expected: usize) -> Result<bool, Failure> {
        let Some(read) = self.socket.read(space)? else { return Ok(false) };
        let Some(before) = self.received else { return server("has sent more than it was to") };
        let received = before + read;
        if read == 0 {
            return server("has ended a connection");
        }
        if received > expected {
            return server("has sent more than it was to");
        }
        if !is_repeated(&self.message, before, &space[..read]) {
            return server("has sent other bytes than it was to");
        }
        if received == expected {
            self.received = None;
            return Ok(true);
        }
        self.received = Some(received);
        Ok(false)
    }
}

/// A message that differs from all others.
pub fn message(number: u64) -> [u8; MESSAGE] {
    let mut message = [b'.'; MESSAGE];
    message[..8].copy_from_slice(&number.to_le_bytes());
    message
}

/// Whether `bytes` are what comes at `offset` when `message` is sent again and again.
pub fn is_repeated(message: &[u8; MESSAGE], offset: usize, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut start = offset % MESSAGE;
    while !rest.is_empty() {
        let length = rest.len().min(MESSAGE - start);
        if rest[..length] != message[start..start + length] {
            return false;
        }
        rest = &rest[length..];
        start = 0;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_a_wrong_byte_wherever_it_is() {
        let message = message(7);
        let mut bytes = message.repeat(3);
        assert!(is_repeated(&message, 0, &bytes));
        assert!(is_repeated(&message, 70, &bytes[6..]));
        assert!(!is_repeated(&message, 1, &bytes));
        bytes[130] ^= 1;
        assert!(!is_repeated(&message, 0, &bytes));
    }
}
