//! The loop in which rustls takes records and leaves plaintext, and the other way round. What can't go on waits here.
//!
//! Invariants: plaintext is delivered in order; after a failure, rustls processes nothing more; its own messages go out in
//! front of what is sealed after them. It passes them on when it is next asked for something: most of them to `outgoing`, and
//! its answer to a key update in front of what is sealed next.

use std::ops::Range;

use rustls::Error;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, InsufficientSizeError, UnbufferedStatus, WriteTraffic,
};

use super::backlog::{Backlog, copy};
use crate::tls::in_place;
use crate::tls::sealed::{HEADER, Sealed};

/// The plaintext of a full record.
pub const RECORD_PLAINTEXT: usize = 16384;

/// The most that a record adds to its plaintext: its header, and what encryption may add.
const RECORD_OVERHEAD: usize = HEADER + 256;

/// The most that a record takes.
pub const MAX_RECORD: usize = RECORD_PLAINTEXT + RECORD_OVERHEAD;

/// A close_notify with all that may be in front of it fits, mostly.
const MAX_END: usize = 512;

/// The connection has failed, and seals nothing any more.
#[derive(Debug)]
pub struct Failed;

/// What processing records has come to.
pub struct Opened {
    /// How many bytes of records have been processed, from the first one on.
    pub consumed: usize,
    /// How much plaintext is where it is to be.
    pub filled: usize,
    /// Whether the peer has kept to the protocol.
    pub outcome: Result<(), Error>,
}

/// Where plaintext is to be.
pub enum Target<'a> {
    /// There, from the first byte on.
    Space(&'a mut [u8]),
    /// At the beginning of the records that it is in.
    Records,
}

impl Target<'_> {
    /// Has as much as fits of what is in `records` at `place` after the first `filled` bytes. Returns how much.
    fn take(&mut self, records: &mut [u8], place: Range<usize>, filled: usize) -> usize {
        match self {
            Self::Space(space) => copy(&records[place], &mut space[filled..]),
            // What is there has been processed: records are longer than their plaintext.
            Self::Records => {
                records.copy_within(place.clone(), filled);
                place.len()
            }
        }
    }
}

/// rustls' connection of either side.
pub trait Steps {
    type Data;

    fn step<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
    fn has_messages(&self) -> bool;
}

impl Steps for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn step<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(records)
    }

    fn has_messages(&self) -> bool {
        self.wants_write()
    }
}

impl Steps for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn step<'c, 'i>(&'c mut self, records: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(records)
    }

    fn has_messages(&self) -> bool {
        self.wants_write()
    }
}

/// See the module.
#[derive(Default)]
pub struct Flow {
    /// Received and not done with: a part of a record, and whole records in front of it that have a part of a message, or
    /// early data that is skipped. rustls has noted where these are, and decrypted them there. So whatever it is given
    /// next has to begin with the same bytes.
    pub incoming: Vec<u8>,
    /// Decrypted and not taken.
    pub plaintext: Backlog,
    /// Sealed and not sent.
    pub outgoing: Backlog,
    /// The peer's close_notify has come.
    pub has_ended: bool,
    failure: Option<Error>,
}

impl Flow {
    /// Has `rustls` process `records`. Plaintext goes to `target`, or waits: where it does not fit, and once `holds` says so.
    pub fn process(
        &mut self,
        rustls: &mut impl Steps,
        records: &mut [u8],
        mut target: Target<'_>,
        holds: &dyn Fn() -> bool,
    ) -> Opened {
        let mut opened = Opened { consumed: 0, filled: 0, outcome: Ok(()) };
        if let Some(failure) = &self.failure {
            return Opened { consumed: records.len(), outcome: Err(failure.clone()), ..opened };
        }
        loop {
            let (UnbufferedStatus { mut discard, state, .. }, plaintext) =
                in_place::decrypting_in_place(|| rustls.step(&mut records[opened.consumed..]));
            let mut accepted = None;
            let mut is_done = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let Ok(record) = record else { break };
                        discard += record.discard;
                        let is_one = accepted.is_none() && record.payload.len() == 1;
                        accepted = plaintext;
                        assert!(is_one && accepted.is_some(), "plaintext was not left in place, or passed over");
                    }
                }
                Ok(ConnectionState::EncodeTlsData(message)) => self.encode(message),
                // It waits in `outgoing`, whose owner sends it in its time.
                Ok(ConnectionState::TransmitTlsData(sent)) => sent.done(),
                Ok(ConnectionState::PeerClosed) => self.has_ended = true,
                // More has to come first. Early data is never accepted.
                Ok(_) => is_done = true,
                Err(error) => {
                    self.failure = Some(error.clone());
                    self.take_alert(rustls);
                    opened.outcome = Err(error);
                    is_done = true;
                }
            }
            opened.consumed += discard;
            if let Some(plaintext) = accepted {
                let place = plaintext.range_in(records);
                let waits = !self.plaintext.is_empty() || holds();
                let taken = if waits { 0 } else { target.take(records, place.clone(), opened.filled) };
                opened.filled += taken;
                self.plaintext.push(&records[place.start + taken..place.end]);
            }
            if self.has_ended || opened.outcome.is_err() {
                // Whatever follows an end or a failure is ignored.
                opened.consumed = records.len();
                return opened;
            }
            if is_done {
                return opened;
            }
        }
    }

    /// `rest` was not processed, and waits for more.
    pub fn keep(&mut self, rest: &[u8]) {
        self.incoming.clear();
        if rest.is_empty() {
            self.incoming = Vec::new();
        } else {
            self.incoming.extend_from_slice(rest);
        }
    }

    /// See [`super::Connection::seal`].
    pub fn seal(&mut self, rustls: &mut impl Steps, plaintext: &[u8], sealed: &mut Sealed) -> Result<(), Failed> {
        let most = plaintext.len() + (plaintext.len() / RECORD_PLAINTEXT + 1) * RECORD_OVERHEAD;
        let seal = |mut traffic: WriteTraffic<'_, _>| sealed.append(most, |space| traffic.encrypt(plaintext, space));
        self.write(rustls, seal).and_then(Result::ok).ok_or(Failed)
    }

    /// See [`super::Connection::seal_end`].
    pub fn seal_end(&mut self, rustls: &mut impl Steps, sealed: &mut Sealed) {
        let seal = |mut traffic: WriteTraffic<'_, _>| sealed.append(MAX_END, |space| traffic.queue_close_notify(space));
        // A connection that has failed has no end.
        let _ = self.write(rustls, seal);
    }

    /// Has `act` write, if the connection is one that may.
    pub fn write<S: Steps, R>(
        &mut self,
        rustls: &mut S,
        act: impl FnOnce(WriteTraffic<'_, S::Data>) -> R,
    ) -> Option<R> {
        while self.failure.is_none() {
            let UnbufferedStatus { discard, state, .. } = rustls.step(&mut self.incoming);
            debug_assert_eq!(discard, 0, "a record was left that could be processed");
            match state.ok()? {
                ConnectionState::EncodeTlsData(message) => self.encode(message),
                ConnectionState::TransmitTlsData(sent) => sent.done(),
                ConnectionState::WriteTraffic(traffic) => return Some(act(traffic)),
                _ => return None,
            }
        }
        None
    }

    /// What `rustls` has to say about its failure.
    fn take_alert(&mut self, rustls: &mut impl Steps) {
        while rustls.has_messages() {
            let UnbufferedStatus { state: Ok(ConnectionState::EncodeTlsData(message)), .. } = rustls.step(&mut [])
            else {
                return;
            };
            self.encode(message);
        }
    }

    fn encode<D>(&mut self, mut message: EncodeTlsData<'_, D>) {
        // It is asked first how long it is.
        if let Err(EncodeError::InsufficientSize(InsufficientSizeError { required_size, .. })) = message.encode(&mut [])
        {
            let _ = self.outgoing.push_with(required_size, |space| message.encode(space));
        }
    }
}
