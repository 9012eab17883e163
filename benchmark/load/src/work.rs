//! What every kind of load has in common: when to stop, how to wait, how to fail.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::latency::Percentiles;
use crate::socket::{Endpoint, Socket};

/// A server that is silent for longer than this, with work under way, has failed.
const PATIENCE: Duration = Duration::from_secs(10);

const EVENTS_AT_ONCE: usize = 1024;

/// Attempts to connect under way at once: fewer than the shortest usual backlog.
const CONNECTING_AT_ONCE: usize = 64;

/// A kind of load.
pub trait Work {
    /// Makes ready what a run of `most` operations uses up.
    fn prepare(&mut self, _most: u64) -> Result<(), Failure> {
        Ok(())
    }

    /// Works until `limit` is reached and nothing is under way any more.
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure>;
}

/// What has been done.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Messages, connections or MiB.
    pub operations: f64,
    /// How long an operation took, where each is waited for.
    pub latencies: Option<Percentiles>,
}

impl Outcome {
    /// `operations` that were not timed one by one.
    pub fn new(operations: f64) -> Self {
        Self { operations, latencies: None }
    }
}

/// When to begin nothing new: after a time and after a count, whichever comes first.
pub struct Limit {
    /// `None`: never.
    deadline: Option<Instant>,
    most: u64,
}

impl Limit {
    /// A limit that counts from now.
    pub fn new(time: Duration, most: u64) -> Self {
        Self { deadline: Instant::now().checked_add(time), most }
    }

    /// Whether it is reached when `begun` have been begun.
    pub fn is_reached(&self, begun: u64) -> bool {
        begun >= self.most || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// How many more may be begun.
    pub fn left(&self, begun: u64) -> u64 {
        self.most.saturating_sub(begun)
    }
}

/// Why the load could not go on.
#[derive(Debug)]
pub enum Failure {
    /// A wrong command line.
    Usage(String),
    /// A system call has failed.
    Io(io::Error),
    /// The server did something else than it should have.
    Server(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => write!(formatter, "{text}"),
            Self::Io(error) => write!(formatter, "{error}"),
            Self::Server(text) => write!(formatter, "the server {text}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Usage(text)
    }
}

/// The server did something else than it should have.
pub fn server<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Server(text.into()))
}

/// Waits for news, not for ever.
pub fn wait(poll: &mut Poll, events: &mut Events) -> Result<(), Failure> {
    loop {
        match poll.poll(events, Some(PATIENCE)) {
            Ok(()) if events.is_empty() => return server(format!("has been silent for {} s", PATIENCE.as_secs())),
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Room for the news of one wait.
pub fn events() -> Events {
    Events::with_capacity(EVENTS_AT_ONCE)
}

/// Opens `count` connections, whose tokens go on from `first`, and waits until they are there.
pub fn connect(poll: &mut Poll, endpoint: &Endpoint, first: usize, count: usize) -> Result<Vec<Socket>, Failure> {
    let mut events = events();
    let mut sockets: Vec<Socket> = Vec::with_capacity(count);
    let mut waiting = Vec::new();
    while sockets.len() < count || !waiting.is_empty() {
        while sockets.len() < count && waiting.len() < CONNECTING_AT_ONCE {
            let index = sockets.len();
            sockets.push(Socket::connect(endpoint, poll.registry(), Token(first + index))?);
            waiting.push(index);
        }
        let before = waiting.len();
        let mut failure = None;
        waiting.retain(|&index: &usize| match sockets[index].is_connected() {
            Ok(connected) => !connected,
            Err(error) => {
                failure = Some(error);
                true
            }
        });
        if let Some(error) = failure {
            return Err(error.into());
        }
        if waiting.len() == before && before > 0 {
            wait(poll, &mut events)?;
        }
    }
    Ok(sockets)
}
