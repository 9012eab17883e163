//! What all streams of an engine share while they are served, so that an idle one owns no memory.

use super::queue::Spare;
use super::security::Handshakes;
use crate::reactor::ReceiveBuffer;

/// See the module.
pub struct Shared {
    /// Memory for queues.
    pub spare: Spare,
    /// Memory that is received into.
    pub incoming: ReceiveBuffer,
    /// Memory for large reads, which JavaScript takes when it is full: so these are not copied. None until the first.
    pub bulk: ReceiveBuffer,
    /// Handshakes under way.
    pub handshakes: Handshakes,
    /// Memory for records on their way to a session, once there is one.
    pub ciphertext: Vec<u8>,
}

impl Shared {
    /// For the streams of an engine that receives into `incoming`.
    pub fn new(handshakes: Handshakes, incoming: ReceiveBuffer) -> Self {
        Self { spare: Spare::default(), incoming, bulk: ReceiveBuffer::empty(), handshakes, ciphertext: Vec::new() }
    }
}
