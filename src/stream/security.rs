//! A stream's way to TLS: it hands its socket to a handshake, and gets a session or a failure.
//!
//! Owned by the stream. A handshake's messages come from other threads, through the engine's mailbox, and carry the
//! number of the handshake: those of one that has been cancelled are dropped. How far it has got is what [`TlsState`] knows.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::event::Agreed;
use super::tls_state::TlsState;
use super::{Stream, StreamEvent};
use crate::error::Syscall;
use crate::reactor::{Id, Mailbox, Reactor};
use crate::socket::{Descriptor, Kind};
use crate::statistics::{Code, HandshakeEnd};
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::handshake::{self, Established, Facts, Handshake, HandshakeMessage, HandshakeRequest, HelloSender};
use crate::tls::session::Session;

/// What a handshake fails with when its time is over, in Node's code.
const TIMED_OUT: &str = "ERR_TLS_HANDSHAKE_TIMEOUT";

/// A message of a handshake, and whose it is.
pub struct Delivery {
    /// The stream.
    pub id: Id,
    /// The number of the handshake.
    pub serial: u64,
    /// What it says.
    pub message: HandshakeMessage,
}

/// Where handshakes post their messages, and the number of the last handshake.
pub struct Handshakes {
    mailbox: Arc<Mailbox<Delivery>>,
    last: u64,
    /// How the one has ended whose message was taken last, until that is counted.
    end: Option<HandshakeEnd>,
}

impl Handshakes {
    /// Handshakes that post to `mailbox`.
    pub fn new(mailbox: Arc<Mailbox<Delivery>>) -> Self {
        Self { mailbox, last: 0, end: None }
    }

    /// The messages that have come.
    pub fn messages(&self) -> Vec<Delivery> {
        self.mailbox.collect()
    }

    /// How the handshake has ended whose message has just been taken, if that was its last one.
    pub fn take_end(&mut self) -> Option<HandshakeEnd> {
        self.end.take()
    }
}

/// What a stream has to do with TLS, and what belongs to it.
pub type Security = TlsState<Box<Requested>, Box<Handshaking>, Box<HandshakeMessage>, Box<Secure>>;

/// A handshake that has been asked for.
pub struct Requested {
    request: HandshakeRequest,
    /// It is not to begin yet.
    is_held: bool,
}

/// A handshake under way.
pub struct Handshaking {
    /// Cancels the handshake when it is dropped.
    _handshake: Handshake,
    serial: u64,
    began: Instant,
    /// Its time is over.
    is_late: bool,
    /// The way to answer about the ClientHello, until it is used.
    answer: Option<HelloSender>,
    /// The way to say that the session has been kept, until it is used.
    kept: Option<oneshot::Sender<()>>,
}

/// A secure stream's session, and what is known of the peer.
pub struct Secure {
    /// The records.
    pub session: Session,
    /// What else is known.
    pub facts: Facts,
}

impl From<Established> for Secure {
    fn from(established: Established) -> Self {
        let Established { connection, unread, sessions, facts } = established;
        Self { session: Session::new(connection, &unread, sessions), facts }
    }
}

impl Security {
    /// The way to answer about the ClientHello, once.
    pub fn take_answer(&mut self) -> Option<HelloSender> {
        self.handshaking()?.answer.take()
    }

    /// The way to say that the session of a server has been kept, once.
    pub fn take_kept(&mut self) -> Option<oneshot::Sender<()>> {
        self.handshaking()?.kept.take()
    }

    /// How the handshake has ended, if `message` is its last one.
    fn end_of_handshake(&mut self, message: &HandshakeMessage, now: Instant) -> Option<HandshakeEnd> {
        let time = now.saturating_duration_since(self.handshaking()?.began);
        match message {
            HandshakeMessage::Done(Ok(established)) => {
                let is_resumed = established.connection.is_resumed();
                Some(HandshakeEnd::Completed { time, is_resumed })
            }
            HandshakeMessage::Done(Err(ConnectionError::Tls(failure))) => {
                Some(HandshakeEnd::Failed(Code::Name(failure.code.clone().into())))
            }
            HandshakeMessage::Done(Err(ConnectionError::Socket(errno))) => {
                Some(HandshakeEnd::Failed(Code::Errno(errno.raw_os_error())))
            }
            HandshakeMessage::Declined(_) => Some(HandshakeEnd::Declined),
            HandshakeMessage::HelloAsked(..) | HandshakeMessage::NewSession(..) | HandshakeMessage::Secret(_) => None,
        }
    }

    fn handshaking(&mut self) -> Option<&mut Handshaking> {
        match self {
            Self::Handshaking(handshake) => Some(handshake),
            Self::Posted(posted) => Some(&mut posted.0),
            _ => None,
        }
    }

    /// What is known of a stream that is secure, or was until it failed.
    pub fn known(&mut self) -> Option<&mut Secure> {
        self.last_session().map(Box::as_mut)
    }

    /// Whether writes can't be accepted: they would go out in the clear.
    pub(super) fn would_send_in_the_clear(&self) -> bool {
        self.is_changing() || matches!(self, Self::Failed(None))
    }

    /// Whether the handshake that has been asked for is not to begin yet.
    pub(super) fn is_held(&self) -> bool {
        matches!(self, Self::Requested(requested) if requested.is_held)
    }

    /// Whether `serial` is the number of the handshake that is under way.
    fn is_of(&mut self, serial: u64) -> bool {
        self.handshaking().is_some_and(|handshake| handshake.serial == serial)
    }
}

impl Stream {
    /// Has the stream change over to TLS once all that was accepted has been sent. Returns `false` if it has done so
    /// before, or can't.
    pub fn secure(&mut self, request: HandshakeRequest) -> bool {
        self.kind != Kind::Pipe && self.security.request(Box::new(Requested { request, is_held: false }))
    }

    /// The handshake that has been asked for is not to begin yet, or is.
    pub fn hold_handshake(&mut self, is_held: bool) {
        if let Security::Requested(requested) = &mut self.security {
            requested.is_held = is_held;
        }
    }

    /// Handshake number `serial` has posted `message`.
    pub fn on_handshake_message(&mut self, serial: u64, message: HandshakeMessage) {
        if self.security.is_of(serial) {
            self.security.post(Box::new(message));
        }
    }

    /// What the stream has to do with TLS.
    pub fn security(&mut self) -> &mut Security {
        &mut self.security
    }

    /// Whether changing over to TLS is under way.
    pub fn is_securing(&self) -> bool {
        self.security.is_changing()
    }

    /// Whether a handshake is under way.
    pub fn is_handshaking(&self) -> bool {
        self.security.is_handshaking()
    }

    /// The time of the handshake is over. If the stream is closed before it is done, that is why.
    pub fn note_late_handshake(&mut self) {
        if let Some(handshake) = self.security.handshaking() {
            handshake.is_late = true;
        }
    }

    /// How the handshake that is under way ends if the stream is closed now.
    pub fn end_by_closing(&mut self) -> Option<HandshakeEnd> {
        let is_late = self.security.handshaking()?.is_late;
        Some(if is_late { HandshakeEnd::Failed(Code::Name(TIMED_OUT.into())) } else { HandshakeEnd::Cancelled })
    }

    /// Whether records wait to be sent.
    pub(super) fn has_records(&self) -> bool {
        self.record_bytes() > 0
    }

    /// Bytes of records that wait to be sent.
    pub(super) fn record_bytes(&self) -> usize {
        self.security.session().map_or(0, |secure| secure.session.waiting())
    }

    /// Whether the last flight of the handshake waits to be sent with the first data.
    pub fn holds_flight(&self) -> bool {
        self.security.session().is_some_and(|secure| secure.session.holds_flight())
    }

    /// Whether the server has given a session that was not reported yet.
    pub(super) fn has_sessions(&self) -> bool {
        self.security.session().is_some_and(|secure| secure.session.has_sessions())
    }

    /// The next session to report.
    pub(super) fn take_session(&mut self) -> Option<StreamEvent> {
        let token = self.security.session()?.session.sessions()?.take_unreported()?;
        Some(StreamEvent::Session(token))
    }

    /// Hands the socket to the handshake, which watches it from now on.
    pub(super) fn begin_handshake(&mut self, reactor: &Reactor, handshakes: &mut Handshakes, now: Instant) {
        let Some(fd) = self.fd.clone() else { return };
        reactor.deregister(&fd);
        self.suspend_delay();
        let (id, kind) = (self.id, self.kind);
        let outcome = self.security.begin(|request| {
            handshakes.last += 1;
            let serial = handshakes.last;
            let mailbox = Arc::clone(&handshakes.mailbox);
            let post = move |message| mailbox.post(Delivery { id, serial, message });
            let handshake = handshake::begin(request.request, fd, kind, post);
            let handshake = handshake.ok_or_else(|| Syscall::Secure.errno(libc::EAGAIN))?;
            Ok(Box::new(Handshaking {
                _handshake: handshake,
                serial,
                began: now,
                is_late: false,
                answer: None,
                kept: None,
            }))
        });
        if let Err(error) = outcome {
            self.state.fail_later(error);
        }
    }

    /// Takes the handshake's message. Where it is over, the socket is the stream's again.
    pub(super) fn take_handshake_message(
        &mut self,
        reactor: &Reactor,
        handshakes: &mut Handshakes,
        now: Instant,
    ) -> Option<StreamEvent> {
        let message = *self.security.take_message()?;
        handshakes.end = self.security.end_of_handshake(&message, now);
        Some(match message {
            HandshakeMessage::HelloAsked(question, answer) => {
                if let Some(handshake) = self.security.handshaking() {
                    handshake.answer = Some(answer);
                }
                StreamEvent::HelloAsked(question)
            }
            HandshakeMessage::NewSession(session, kept) => {
                if let Some(handshake) = self.security.handshaking() {
                    handshake.kept = kept;
                }
                StreamEvent::NewSession(session)
            }
            HandshakeMessage::Secret(line) => StreamEvent::Secret(line),
            HandshakeMessage::Done(Ok(established)) => {
                let agreed = Agreed::of(&established);
                self.security.succeed(Box::new(Secure::from(*established)));
                self.watch_again(reactor, now).err().unwrap_or(StreamEvent::Secured(Box::new(agreed)))
            }
            HandshakeMessage::Declined(declined) => {
                self.security.decline();
                self.resume_delay();
                self.watch_again(reactor, now).err().unwrap_or(StreamEvent::Declined(declined))
            }
            HandshakeMessage::Done(Err(failure)) => {
                self.security.fail();
                match failure {
                    ConnectionError::Tls(failure) => StreamEvent::TlsFailed(failure),
                    ConnectionError::Socket(errno) => self.fail(Syscall::Read.errno(errno.raw_os_error())),
                }
            }
        })
    }

    /// The peer has ended the connection before the handshake could begin.
    pub(super) fn disconnect(&mut self, handshakes: &mut Handshakes) -> StreamEvent {
        let failure = TlsError::disconnected();
        handshakes.end = Some(HandshakeEnd::Failed(Code::Name(failure.code.clone().into())));
        self.security.fail();
        StreamEvent::TlsFailed(Box::new(failure))
    }

    /// The handshake is over, and the reactor watches the socket again. Otherwise, the stream has failed.
    fn watch_again(&mut self, reactor: &Reactor, now: Instant) -> Result<(), StreamEvent> {
        self.state.watch_again();
        self.traffic.refresh(now);
        self.watches_writable = false;
        self.register(reactor).map_err(|error| self.fail(Syscall::Secure.failed(&error)))
    }

    /// The stream is closed, and `fd` is its share of the socket. The handshake's share lives until its thread has seen
    /// that it is cancelled.
    pub(super) fn cancel_handshake(&mut self, fd: &Descriptor, reset: bool) {
        if !self.security.is_handshaking() {
            return;
        }
        if !reset {
            // A socket that is gone already has nothing to end.
            let _ = rustix::net::shutdown(fd, rustix::net::Shutdown::Both);
        }
        self.security.fail();
    }
}
