//! How do records pass through rustls? Its connection, with no more memory than what waits to pass.
//!
//! rustls also has connections that keep buffers of their own, 4 KiB at least for as long as they live. This one processes
//! records where they were received, and what it seals goes to memory that the caller lends. Whatever has to wait is here
//! until it can go on: what has been received of a record or a message, plaintext that there was no room for, records that the kernel did not take. An
//! idle connection has none of these. All rules of the protocol are rustls'.
//!
//! Used by a handshake on its thread, and by the session afterwards in the loop.
//!
//! | file | |
//! |---|---|
//! | [`backlog`] | bytes that wait |
//! | [`exporter`] | keying material for the application (RFC 5705) |
//! | [`flow`] | the loop in which rustls takes records and leaves plaintext, and the other way round |

mod backlog;
pub mod exporter;
mod flow;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::{ClientConfig, CommonState, Error, HandshakeKind, ProtocolVersion, ServerConfig};

use self::backlog::append_with;
use self::exporter::Exporter;
use self::flow::Flow;
pub use self::flow::{Failed, MAX_RECORD, Opened, RECORD_PLAINTEXT, Target};
use super::sealed::Sealed;

/// What a message of the protocol itself takes at most, with the records that it comes in, as for rustls: a peer that has
/// not ended one by then is sending without end.
const MAX_MESSAGE: usize = 0xffff;

/// How many blocks of 16 bytes the keys of TLS 1.2 may encrypt, which can't be replaced: as many as are in the 2^24 full
/// records that RFC 8446 (5.5) allows AES-GCM, so that an attacker has nothing to gain.
const MAX_BLOCKS: u64 = (1 << 24) * (BLOCKS_OF_RECORD + 1);

const BLOCKS_OF_RECORD: u64 = (RECORD_PLAINTEXT / BLOCK) as u64;

const BLOCK: usize = 16;

/// See the module.
pub struct Connection {
    side: Side,
    flow: Flow,
    exporter: Option<Box<Exporter>>,
    /// How many blocks have been encrypted.
    blocks: u64,
}

enum Side {
    Client(UnbufferedClientConnection),
    Server(UnbufferedServerConnection),
}

impl Connection {
    /// A client of the server `name`, which has not begun yet.
    pub fn client(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Error> {
        UnbufferedClientConnection::new(config, name).map(|client| Self::of(Side::Client(client)))
    }

    /// A server that waits for a ClientHello.
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, Error> {
        UnbufferedServerConnection::new(config).map(|server| Self::of(Side::Server(server)))
    }

    fn of(side: Side) -> Self {
        Self { side, flow: Flow::default(), exporter: None, blocks: 0 }
    }

    /// Whether the handshake has resumed a session.
    pub fn is_resumed(&self) -> bool {
        self.negotiated().handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// What was negotiated, and with whom.
    pub fn negotiated(&self) -> &CommonState {
        match &self.side {
            Side::Client(client) => client,
            Side::Server(server) => server,
        }
    }

    /// Whether the handshake is not done yet.
    pub fn is_handshaking(&self) -> bool {
        self.negotiated().is_handshaking()
    }

    // Records in.

    /// Takes what has been received; [`Self::process`] comes next.
    pub fn feed(&mut self, records: &[u8]) {
        self.flow.incoming.extend_from_slice(records);
    }

    /// Has `receive` write into memory for `most` bytes, and takes as many as it returns.
    pub fn receive<E>(&mut self, most: usize, receive: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, E> {
        append_with(&mut self.flow.incoming, most, receive)
    }

    /// Processes what it was fed. Plaintext waits to be taken, and what is to be sent waits, too, also if this fails: then
    /// it is the alert.
    pub fn process(&mut self) -> Result<(), Error> {
        let mut records = std::mem::take(&mut self.flow.incoming);
        let (opened, noted) =
            exporter::noted_during(|| self.process_in(&mut records, Target::Space(&mut []), &|| false));
        if noted.is_some() {
            self.exporter = noted.map(Box::new);
        }
        opened.outcome
    }

    /// Processes `records`, and keeps what is to wait. See [`Self::open`].
    fn process_in(&mut self, records: &mut [u8], target: Target<'_>, holds: &dyn Fn() -> bool) -> Opened {
        let opened = match &mut self.side {
            Side::Client(client) => self.flow.process(client, records, target, holds),
            Side::Server(server) => self.flow.process(server, records, target, holds),
        };
        self.flow.keep(&records[opened.consumed..]);
        opened
    }

    /// How many bytes wait for the rest of their record or message.
    pub fn unprocessed(&self) -> usize {
        self.flow.incoming.len()
    }

    /// Whether a message of the protocol itself has no end.
    pub fn exceeds_message_limit(&self) -> bool {
        self.unprocessed() >= MAX_MESSAGE
    }

    /// Processes what is in `memory` after room for [`Self::unprocessed`] bytes. Plaintext goes to `target` until that is
    /// full, or `holds` says that it is to wait; then it waits. `memory` is free again afterwards, but for what is to be in it.
    pub fn open(&mut self, memory: &mut [u8], target: Target<'_>, holds: &dyn Fn() -> bool) -> Opened {
        let kept = self.flow.incoming.len();
        memory[..kept].copy_from_slice(&self.flow.incoming);
        self.process_in(memory, target, holds)
    }

    /// Moves as much of the plaintext that waits into `space` as fits. Returns how much.
    pub fn take_plaintext(&mut self, space: &mut [u8]) -> usize {
        self.flow.plaintext.take(space)
    }

    /// Whether plaintext waits to be taken.
    pub fn has_plaintext(&self) -> bool {
        !self.flow.plaintext.is_empty()
    }

    /// Whether the peer's close_notify has come: nothing is received any more.
    pub fn has_ended(&self) -> bool {
        self.flow.has_ended
    }

    // Records out.

    /// Counts `count` bytes in records of up to `fragment` bytes that are about to be sealed. Returns whether there are keys
    /// left for them: those of TLS 1.3 are replaced in time.
    pub fn spend(&mut self, count: usize, fragment: usize) -> bool {
        // Each record may end with a part of a block, and has one more for itself.
        self.blocks += (count / BLOCK + 2 * (count / fragment + 1)) as u64;
        self.blocks <= MAX_BLOCKS || self.negotiated().protocol_version() != Some(ProtocolVersion::TLSv1_2)
    }

    /// Pretends that hardly anything has been left of the keys.
    #[cfg(test)]
    pub fn use_keys_up(&mut self) {
        self.blocks = MAX_BLOCKS - 10;
    }

    /// Appends the records of `plaintext` to `sealed`. In front of them, there may be others.
    pub fn seal(&mut self, plaintext: &[u8], sealed: &mut Sealed) -> Result<(), Failed> {
        match &mut self.side {
            Side::Client(client) => self.flow.seal(client, plaintext, sealed),
            Side::Server(server) => self.flow.seal(server, plaintext, sealed),
        }
    }

    /// Appends a close_notify to `sealed`, unless one was sealed before.
    pub fn seal_end(&mut self, sealed: &mut Sealed) {
        match &mut self.side {
            Side::Client(client) => self.flow.seal_end(client, sealed),
            Side::Server(server) => self.flow.seal_end(server, sealed),
        }
    }

    /// Records that wait to be sent, before all that is sealed from now on.
    pub fn outgoing(&self) -> &[u8] {
        self.flow.outgoing.bytes()
    }

    /// `count` bytes of [`Self::outgoing`] have been sent.
    pub fn sent(&mut self, count: usize) {
        self.flow.outgoing.consume(count);
    }

    /// What waits to be sent never will be.
    pub fn discard_outgoing(&mut self) {
        self.sent(self.outgoing().len());
    }

    /// `records` wait to be sent, too.
    pub fn delay(&mut self, records: &[u8]) {
        self.flow.outgoing.push(records);
    }

    /// Has the keys for sending replaced. The message waits to be sent.
    #[cfg(any(test, fuzzing))]
    pub fn refresh_keys(&mut self) {
        let _ = match &mut self.side {
            Side::Client(client) => self.flow.write(client, |traffic| traffic.refresh_traffic_keys()),
            Side::Server(server) => self.flow.write(server, |traffic| traffic.refresh_traffic_keys()),
        };
        // Any step passes it on.
        let _ = self.process();
    }

    // Keying material.

    /// The random number in the ServerHello, on which keying material depends under TLS 1.2.
    pub fn note_server_random(&mut self, random: &[u8; 32]) {
        if let Some(exporter) = &mut self.exporter {
            exporter.note_server_random(random);
        }
    }

    /// Exports `length` bytes of keying material. `None` if the connection has none, or not so much.
    pub fn export_keying_material(&self, length: usize, label: &[u8], context: Option<&[u8]>) -> Option<Vec<u8>> {
        let suite = self.negotiated().negotiated_cipher_suite()?;
        self.exporter.as_ref()?.export(suite, length, label, context)
    }
}
