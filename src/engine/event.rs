//! What an engine reports to its binding: one event per [`Engine::step`](super::Engine::step).

use std::time::Duration;

use crate::error::Error;
use crate::limits::refusals::Refusal;
use crate::reactor::Id;
use crate::stream::{Addresses, StreamEvent};

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Something has happened to a stream.
    Stream(Id, StreamEvent),
    /// A listener has accepted a connection.
    Connection {
        /// The listener.
        listener: Id,
        /// The new stream.
        stream: Id,
        /// The peer's address, over TCP; and ours, where all connections of the listener have the same one.
        addresses: Addresses,
    },
    /// A timer is needed, which calls [`Engine::run_clock`](super::Engine::run_clock) after this time. One that runs for
    /// longer is not needed any more. The source is that which has last asked for it.
    Timer(Id, Duration),
    /// A listener has refused a connection, or has ended it.
    Refused {
        /// The listener.
        listener: Id,
        /// Why.
        refusal: Refusal,
        /// For how many this event stands, which were refused for the same reason.
        count: u32,
        /// The ends of the connection; none for those that were left out before.
        addresses: Addresses,
    },
    /// Accepting has failed, and the listener has stalled.
    Stalled(Id, Error),
    /// A listener that had stalled has caught up.
    Recovered(Id),
    /// A listener that was to be drained has accepted all that waited.
    Drained(Id),
    /// Serving a source has panicked. The binding, which catches that, makes this one.
    Panicked(Id),
}

impl Event {
    /// Whether it is for the owner of source `id`, and no other.
    pub fn is_for(&self, id: Id) -> bool {
        match self {
            Self::Stream(of, _)
            | Self::Stalled(of, _)
            | Self::Recovered(of)
            | Self::Drained(of)
            | Self::Panicked(of) => *of == id,
            Self::Connection { listener, .. } | Self::Refused { listener, .. } => *listener == id,
            Self::Timer(..) => false,
        }
    }
}
