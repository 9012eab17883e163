//! A connection that a listener has accepted and whose PROXY header is still to come. JavaScript does not know of it.
//!
//! What has come is looked at where it is, in the kernel: an arrival owns no memory, and what is after the header stays
//! there for the stream that it becomes. Owned by a slot of the engine, used on the thread of its environment.

use crate::limits::line::Place;
use crate::limits::refusals::Refusal;
use crate::proxy::policy::Policy;
use crate::proxy::{self, Endpoints, Fault, Header, Parsed};
use crate::reactor::{Id, Reactor, Readiness};
use crate::socket::io::{self, Read};
use crate::socket::{Descriptor, Kind, address, options};
use crate::stream::Addresses;

/// What an arrival has become.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It waits on.
    Waiting,
    /// It has ended before it has sent anything, as some health checks do.
    Gone,
    /// It is to be reset.
    Refused(Refusal),
    /// It is a stream: with a header, or without one where it may be.
    Accepted(Option<Header>),
}

/// See the module.
pub struct Arrival {
    fd: Descriptor,
    kind: Kind,
    /// The ends of the connection itself, as far as they are known.
    addresses: Addresses,
    /// What has accepted it.
    pub listener: Id,
    /// Its place among those that wait.
    pub place: Place,
    /// Bytes may have come, or the end.
    ready: bool,
    hangup: bool,
    late: bool,
}

impl Arrival {
    /// A connection that `listener` has accepted.
    pub fn new(fd: Descriptor, kind: Kind, addresses: Addresses, listener: Id) -> Self {
        Self { fd, kind, addresses, listener, place: 0, ready: false, hangup: false, late: false }
    }

    /// The ends of the connection itself.
    pub fn addresses(&self) -> Addresses {
        let local = || address::local(&self.fd).filter(|_| self.kind.is_tcp());
        Addresses { local: self.addresses.local.or_else(local), ..self.addresses }
    }

    /// Has the reactor watch the descriptor.
    pub fn register(&self, id: Id, reactor: &Reactor) -> std::io::Result<()> {
        reactor.register(&self.fd, id, false)
    }

    /// The kernel reports readiness.
    pub fn on_readiness(&mut self, readiness: Readiness) {
        self.ready |= readiness.readable;
        self.hangup |= readiness.hangup;
    }

    /// It has had its time: it is served once more, and refused if that brings nothing.
    pub fn expire(&mut self) {
        self.late = true;
    }

    /// Whether serving it would do anything.
    pub fn is_due(&self) -> bool {
        self.ready || self.late
    }

    /// Looks at what has come, by way of `memory`, and takes the header out of it.
    pub fn serve(&mut self, policy: &Policy, memory: &mut [u8]) -> Outcome {
        self.ready = false;
        let most = memory.len().min(policy.limit.max(proxy::v1::MAX_LENGTH));
        let outcome = match io::peek(&self.fd, &mut memory[..most]) {
            Ok([]) => self.waiting(Refusal::Late),
            Ok(bytes) => self.judge(policy, bytes),
            Err(io::NoBytes::Empty) => self.waiting(Refusal::Late),
            Err(io::NoBytes::End) => return Outcome::Gone,
        };
        match outcome {
            Ok((length, header)) if self.take(&mut memory[..length]) => Outcome::Accepted(header),
            Ok(_) => Outcome::Gone,
            Err(outcome) => outcome,
        }
    }

    /// What `bytes`, all that has come, make of it: the length of the header, and the header.
    fn judge(&self, policy: &Policy, bytes: &[u8]) -> Result<(usize, Option<Header>), Outcome> {
        let refused = |refusal| Err(Outcome::Refused(refusal));
        match proxy::parse(bytes, policy.limit) {
            Ok(Parsed::Partial) if self.hangup => refused(Refusal::Incomplete),
            Ok(Parsed::Partial) => self.waiting(Refusal::Late),
            Ok(Parsed::Other) if policy.is_required => refused(Refusal::Missing),
            Ok(Parsed::Other) => Ok((0, None)),
            _ if !policy.trusts(self.kind, self.addresses.peer) => refused(Refusal::Forged),
            Ok(Parsed::Whole(length, header)) => Ok((length, Some(header))),
            Err(Fault::Malformed) => refused(Refusal::Malformed),
            Err(Fault::TooLong) => refused(Refusal::TooLong),
        }
    }

    fn waiting<T>(&self, otherwise: Refusal) -> Result<T, Outcome> {
        Err(if self.late { Outcome::Refused(otherwise) } else { Outcome::Waiting })
    }

    /// Takes the header, which is there, from the kernel.
    fn take(&self, mut memory: &mut [u8]) -> bool {
        while !memory.is_empty() {
            let Ok(Read::Bytes(count)) = io::read(&self.fd, self.kind, memory) else { return false };
            memory = &mut memory[count..];
        }
        true
    }

    /// Resets the connection.
    pub fn reset(self) {
        // One that is gone already needs no reset.
        let _ = options::reset_on_close(&self.fd);
    }

    /// The descriptor of the stream that it becomes, and whether the end of it has come.
    pub fn into_parts(self) -> (Descriptor, Kind, Readiness) {
        (self.fd, self.kind, Readiness { readable: true, writable: false, hangup: self.hangup })
    }
}

/// The addresses of a stream whose header is `header`: the client's, or what it has of its own.
pub fn addresses_by(header: Option<&Header>, own: Addresses) -> Addresses {
    match header.map(|header| &header.endpoints) {
        Some(Endpoints::Inet { source, destination }) => Addresses { local: Some(*destination), peer: Some(*source) },
        _ => own,
    }
}
