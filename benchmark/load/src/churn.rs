//! One message per connection: connect, send, read the reply, end, wait for the server's end, close, and again. With
//! HTTP, the server ends by itself. In a storm, connections begin at a fixed rate, whether the former are over or not: a
//! server that falls behind has to bear more at once.

use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use crate::dialogue::{Dialogue, Protocol};
use crate::latency::Latencies;
use crate::message::{MESSAGE, Shape};
use crate::socket::{Endpoint, Socket};
use crate::work::{self, Failure, Limit, Outcome, Work, server};

/// See the module.
pub struct Churn {
    poll: Poll,
    events: Events,
    endpoint: Endpoint,
    protocol: Protocol,
    visits: Vec<Option<Visit>>,
    shape: Shape,
    begun: u64,
    latencies: Latencies,
}

struct Visit {
    socket: Socket,
    dialogue: Dialogue,
    /// The message's.
    number: u64,
    /// When it began, or was to.
    due: Instant,
    stage: Stage,
}

enum Stage {
    Connecting,
    /// The reply is coming.
    Receiving,
    /// The server is to end.
    Ending,
}

/// More than an answer, so that what comes unasked is seen.
const SPACE: usize = 1024;

/// A storm that the server can't bear ends with so many connections at once.
const MAX_STORM: usize = 4096;

/// Time between two looks at the clock while nothing happens.
const PATIENCE: Duration = Duration::from_millis(1);

/// See the module.
pub struct Storm {
    churn: Churn,
    /// Between two connections.
    pause: Duration,
}

impl Storm {
    /// Opens nothing yet; then `rate` connections a second.
    pub fn new(endpoint: &Endpoint, protocol: Protocol, rate: f64) -> Result<Self, Failure> {
        Ok(Self { churn: Churn::new(endpoint, protocol, 0)?, pause: Duration::from_secs_f64(1.0 / rate) })
    }
}

impl Work for Storm {
    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let churn = &mut self.churn;
        let (mut begun, mut done) = (0u32, 0);
        churn.latencies.clear();
        let start = Instant::now();
        let mut free: Vec<usize> = (0..churn.visits.len()).collect();
        loop {
            let is_over = limit.is_reached(begun.into());
            if is_over && free.len() == churn.visits.len() {
                return Ok(Outcome { latencies: churn.latencies.percentiles(), ..Outcome::new(done as f64) });
            }
            while !is_over && start.elapsed() >= self.pause * begun {
                if churn.visits.len() - free.len() >= MAX_STORM {
                    return server("falls behind for good");
                }
                let slot = free.pop().unwrap_or_else(|| {
                    churn.visits.push(None);
                    churn.visits.len() - 1
                });
                // Its latency counts from when it was to begin, late as it may be.
                churn.begin(slot, start + self.pause * begun)?;
                begun += 1;
            }
            churn.poll.poll(&mut churn.events, Some(PATIENCE))?;
            for slot in churn.go_on()? {
                done += 1;
                free.push(slot);
            }
        }
    }
}

impl Churn {
    /// Opens nothing yet; then `connections` at once.
    pub fn new(endpoint: &Endpoint, protocol: Protocol, connections: usize) -> Result<Self, Failure> {
        let visits = std::iter::repeat_with(|| None).take(connections).collect();
        Ok(Self {
            poll: Poll::new()?,
            events: work::events(),
            endpoint: endpoint.clone(),
            protocol,
            visits,
            shape: Shape::new(MESSAGE),
            begun: 0,
            latencies: Latencies::new()?,
        })
    }

    fn begin(&mut self, slot: usize, due: Instant) -> Result<(), Failure> {
        self.begun += 1;
        let socket = Socket::connect(&self.endpoint, self.poll.registry(), Token(slot))?;
        let dialogue = Dialogue::new(self.protocol);
        self.visits[slot] = Some(Visit { socket, dialogue, number: self.begun, due, stage: Stage::Connecting });
        Ok(())
    }

    /// Takes the news. Gives the slots that have become free.
    fn go_on(&mut self) -> Result<Vec<usize>, Failure> {
        let mut over = Vec::new();
        for event in &self.events {
            let slot = event.token().0;
            // The news of a connection that was closed in this round is nobody's.
            let Some(visit) = &mut self.visits[slot] else { continue };
            if visit.go_on(&self.shape)? {
                let sessions = self.endpoint.sessions();
                if sessions.is_some_and(|sessions| !sessions.is_saving()) && !visit.socket.is_resumed() {
                    return server("has not resumed a session");
                }
                self.latencies.record(visit.due.elapsed());
                self.visits[slot] = None;
                over.push(slot);
            }
        }
        Ok(over)
    }
}

impl Work for Churn {
    /// Gets as many sessions as one run can use up, from connections with full handshakes.
    fn prepare(&mut self, most: u64) -> Result<(), Failure> {
        let endpoint = self.endpoint.clone();
        let Some(sessions) = endpoint.sessions() else { return Ok(()) };
        sessions.save(true);
        while (sessions.count() as u64) < most {
            let before = sessions.count();
            self.run(&Limit::new(Duration::MAX, self.visits.len() as u64))?;
            if sessions.count() == before {
                return server("gives no sessions that could be resumed");
            }
        }
        sessions.save(false);
        Ok(())
    }

    fn run(&mut self, limit: &Limit) -> Result<Outcome, Failure> {
        let (mut begun, mut done) = (0, 0);
        self.latencies.clear();
        for slot in 0..self.visits.len() {
            if limit.left(begun) > 0 {
                begun += 1;
                self.begin(slot, Instant::now())?;
            }
        }
        while done < begun {
            work::wait(&mut self.poll, &mut self.events)?;
            let over = self.go_on()?;
            let is_over = limit.is_reached(begun);
            for slot in over {
                done += 1;
                if !is_over && limit.left(begun) > 0 {
                    begun += 1;
                    self.begin(slot, Instant::now())?;
                }
            }
        }
        Ok(Outcome { latencies: self.latencies.percentiles(), ..Outcome::new(done as f64) })
    }
}

impl Visit {
    /// Goes as far as it can. Says whether it is over.
    fn go_on(&mut self, shape: &Shape) -> Result<bool, Failure> {
        let mut space = [0; SPACE];
        loop {
            match self.stage {
                Stage::Connecting => {
                    if !self.socket.is_connected()? {
                        return Ok(false);
                    }
                    let mut message = Vec::with_capacity(2 * MESSAGE);
                    self.dialogue.ask(self.number, shape, &mut message);
                    if self.socket.write(&message)? != Some(message.len()) {
                        return server("has no room for a first message");
                    }
                    self.stage = Stage::Receiving;
                    return Ok(false);
                }
                Stage::Receiving => {
                    let Some(read) = self.socket.read(&mut space)? else { return Ok(false) };
                    let mut answer = Vec::new();
                    let progress = self.dialogue.receive(Some(self.number), &space[..read], shape, &mut answer)?;
                    if read == 0 || progress.used < read || !answer.is_empty() {
                        return server("has not sent the message back");
                    }
                    if progress.is_complete {
                        if !self.dialogue.ends_with_answer() {
                            self.socket.end()?;
                        }
                        self.stage = Stage::Ending;
                    }
                }
                Stage::Ending => match self.socket.read(&mut space)? {
                    None => return Ok(false),
                    Some(0) => return Ok(true),
                    Some(_) => return server("has sent more than it was to"),
                },
            }
        }
    }
}
