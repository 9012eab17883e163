//! Connections that do nothing. Each has been answered one message, so that the server is known to have accepted it.
//! Warming up opens some that stay: the server's code is compiled and its heap grown then, and nothing is given back
//! that those which are measured could use again. What the server grows by afterwards is what connections hold.

use mio::{Events, Poll};

use crate::message::{MESSAGE, Shape};
use crate::options::Options;
use crate::socket::{Endpoint, Socket};
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// Connections of warming up, as a share of those that are measured.
const WARM_UP: usize = 5;

/// See the module.
pub struct Idle {
    poll: Poll,
    events: Events,
    endpoint: Endpoint,
    /// How many each run opens, the next one last.
    counts: Vec<usize>,
    sockets: Vec<Socket>,
}

impl Idle {
    /// Opens nothing yet.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new()?,
            events: work::events(),
            endpoint: options.endpoint.clone(),
            counts: vec![options.connections, options.connections / WARM_UP],
            sockets: Vec::new(),
        })
    }
}

impl Work for Idle {
    fn run(&mut self, _limit: &Limit) -> Result<Outcome, Failure> {
        let first = self.sockets.len();
        let count = self.counts.pop().unwrap_or(0);
        self.sockets.extend(work::connect(&mut self.poll, &self.endpoint, first, count)?);
        let mut due = vec![MESSAGE; count];
        let mut left = count;
        let mut message = Vec::with_capacity(MESSAGE);
        Shape::new(MESSAGE).append(0, &mut message);
        for socket in &mut self.sockets[first..] {
            if socket.write(&message)? != Some(MESSAGE) {
                return server("has no room for a first message");
            }
        }
        while left > 0 {
            work::wait(&mut self.poll, &mut self.events)?;
            for event in &self.events {
                let slot = event.token().0;
                let mut space = [0; 2 * MESSAGE];
                let Some(read) = self.sockets[slot].read(&mut space)? else { continue };
                if slot < first || read == 0 || read > due[slot - first] {
                    return server("has not sent the message back");
                }
                due[slot - first] -= read;
                left -= usize::from(due[slot - first] == 0);
            }
        }
        Ok(Outcome::new(count as f64))
    }
}
