//! Connections that do nothing. Each has been answered one message, so that the server is known to have accepted it.
//! Warming up opens as many and closes them again, a few at a time: the server's code is compiled then, and what it
//! grows by afterwards is what connections hold.

use std::time::Duration;

use mio::{Events, Poll};

use crate::churn::Churn;
use crate::echo::{MESSAGE, message};
use crate::options::Options;
use crate::socket::{Endpoint, Socket};
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// Connections at once in warming up.
const VISITORS: usize = 16;

/// See the module.
pub struct Idle {
    poll: Poll,
    events: Events,
    endpoint: Endpoint,
    connections: usize,
    /// What the first run does.
    warm_up: Option<Churn>,
    sockets: Vec<Socket>,
}

impl Idle {
    /// Opens nothing yet.
    pub fn new(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            poll: Poll::new()?,
            events: work::events(),
            endpoint: options.endpoint.clone(),
            connections: options.connections,
            warm_up: Some(Churn::new(&options.endpoint, VISITORS)?),
            sockets: Vec::new(),
        })
    }
}

impl Work for Idle {
    fn run(&mut self, _limit: &Limit) -> Result<Outcome, Failure> {
        let count = self.connections;
        if let Some(mut warm_up) = self.warm_up.take() {
            return warm_up.run(&Limit::new(Duration::MAX, count as u64));
        }
        let first = self.sockets.len();
        self.sockets.extend(work::connect(&mut self.poll, &self.endpoint, first, count)?);
        let mut due = vec![MESSAGE; count];
        let mut left = count;
        for socket in &mut self.sockets[first..] {
            if socket.write(&message(0))? != Some(MESSAGE) {
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
        Ok(Outcome::fair(count as u64))
    }
}
