//! Messages on open connections. Each connection has so many on their way (one, unless it is told to pipeline), and
//! sends the next one when one has come back whole; several that have come back at once are followed in one write.

use std::collections::VecDeque;
use std::time::Instant;

use mio::{Events, Poll};

use crate::dialogue::{Dialogue, Protocol};
use crate::latency::Latencies;
use crate::message::Shape;
use crate::options::Options;
use crate::socket::Socket;
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// More than one connection's small replies: what comes unasked is seen.
const SPACE: usize = 16 << 10;

/// As much is read at once when messages are large.
const MAX_SPACE: usize = 256 << 10;

/// See the module.
pub struct Echo {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    shape: Shape,
    /// How many messages a connection has on their way.
    depth: usize,
    space: Box<[u8]>,
    sent: u64,
    latencies: Latencies,
}

/// A message on its way.
struct Sent {
    number: u64,
    at: Instant,
}

struct Connection {
    socket: Socket,
    dialogue: Dialogue,
    /// The messages on their way, the oldest first.
    under_way: VecDeque<Sent>,
    /// What is being sent; the kernel has taken it up to `taken`.
    outgoing: Vec<u8>,
    taken: usize,
}

impl Echo {
    /// Opens the connections.
    pub fn open(options: &Options) -> Result<Self, Failure> {
        let mut poll = Poll::new()?;
        let sockets = work::connect(&mut poll, &options.endpoint, 0, options.connections)?;
        Ok(Self {
            poll,
            events: work::events(),
            connections: sockets.into_iter().map(|socket| Connection::new(socket, options.protocol)).collect(),
            shape: Shape::new(options.size),
            depth: options.depth,
            space: vec![0; (2 * options.size).clamp(SPACE, MAX_SPACE)].into(),
            sent: 0,
            latencies: Latencies::new()?,
        })
    }
}

impl Work for Echo {
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let (mut begun, mut done) = (0, 0);
        let mut answered = Vec::with_capacity(self.depth);
        self.latencies.clear();
        for connection in &mut self.connections {
            let count = limit.left(begun).min(self.depth as u64);
            connection.send(self.sent..self.sent + count, Instant::now(), &self.shape)?;
            self.sent += count;
            begun += count;
        }
        while done < begun {
            work::wait(&mut self.poll, &mut self.events)?;
            let is_over = limit.is_reached(begun);
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                if event.is_writable() {
                    connection.flush()?;
                }
                if !event.is_readable() {
                    continue;
                }
                connection.receive(&mut self.space, &self.shape, &mut answered)?;
                if answered.is_empty() {
                    continue;
                }
                let back = answered.len() as u64;
                let now = Instant::now();
                answered.drain(..).for_each(|at| self.latencies.record(now - at));
                done += back;
                if !is_over {
                    let count = limit.left(begun).min(back);
                    connection.send(self.sent..self.sent + count, now, &self.shape)?;
                    self.sent += count;
                    begun += count;
                }
            }
        }
        Ok(Outcome { latencies: self.latencies.percentiles(), ..Outcome::new(done as f64) })
    }
}

impl Connection {
    fn new(socket: Socket, protocol: Protocol) -> Self {
        let dialogue = Dialogue::new(protocol);
        Self { socket, dialogue, under_way: VecDeque::new(), outgoing: Vec::new(), taken: 0 }
    }

    fn send(&mut self, numbers: std::ops::Range<u64>, at: Instant, shape: &Shape) -> Result<(), Failure> {
        for number in numbers {
            self.dialogue.ask(number, shape, &mut self.outgoing);
            self.under_way.push_back(Sent { number, at });
        }
        self.flush()
    }

    /// Sends what the kernel takes; it says when it takes more.
    fn flush(&mut self) -> Result<(), Failure> {
        while self.taken < self.outgoing.len() {
            match self.socket.write(&self.outgoing[self.taken..])? {
                None => return Ok(()),
                Some(count) => self.taken += count,
            }
        }
        self.outgoing.clear();
        self.taken = 0;
        Ok(())
    }

    /// Takes what has come. `answered` gets when the messages had been sent that have now been answered in full.
    fn receive(&mut self, space: &mut [u8], shape: &Shape, answered: &mut Vec<Instant>) -> Result<(), Failure> {
        loop {
            let Some(read) = self.socket.read(space)? else { return Ok(()) };
            if read == 0 {
                return server("has ended a connection");
            }
            let mut rest = &space[..read];
            while !rest.is_empty() {
                let number = self.under_way.front().map(|sent| sent.number);
                let progress = self.dialogue.receive(number, rest, shape, &mut self.outgoing)?;
                rest = &rest[progress.used..];
                if progress.is_complete {
                    answered.extend(self.under_way.pop_front().map(|sent| sent.at));
                }
            }
            if read < space.len() {
                return self.flush();
            }
        }
    }
}
