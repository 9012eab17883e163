//! What an engine reports to its binding: one event per [`Engine::step`](super::Engine::step).

use crate::arrival::Refusal;
use crate::error::Error;
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
    /// A connection that a listener has accepted waits for its PROXY header, the first to do so for a while.
    Awaiting(Id),
    /// A listener has refused a connection because of its PROXY header.
    Refused {
        /// The listener.
        listener: Id,
        /// Why.
        refusal: Refusal,
        /// The ends of the connection.
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
