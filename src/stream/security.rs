//! What a stream has to do with TLS: nothing, a handshake that is due or under way, or a session.
//!
//! Owned by the stream. A handshake's letters come from other threads, through the engine's mailbox, and carry the
//! number of the handshake: one that has been cancelled says nothing any more.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::StreamEvent;
use crate::error::{Result, Syscall};
use crate::reactor::{Id, Mailbox};
use crate::socket::{Descriptor, Kind};
use crate::tls::error::Failure;
use crate::tls::handshake::{self, Answer, Handshake, Letter, Request, Secured};
use crate::tls::session::Session;
use crate::tls::trust::Verdict;

/// A message of a handshake, and whose it is.
pub struct Delivery {
    /// The stream.
    pub id: Id,
    /// The number of the handshake.
    pub serial: u64,
    /// What it says.
    pub message: Letter,
}

/// Where the letters of handshakes go, and the number of the last.
pub struct Handshakes {
    mailbox: Arc<Mailbox<Delivery>>,
    last: u64,
}

impl Handshakes {
    /// Handshakes that post to `mailbox`.
    pub fn new(mailbox: Arc<Mailbox<Delivery>>) -> Self {
        Self { mailbox, last: 0 }
    }

    /// The messages that have come.
    pub fn messages(&self) -> Vec<Delivery> {
        self.mailbox.collect()
    }
}

/// See the module.
#[derive(Default)]
pub enum Security {
    /// The stream is in the clear.
    #[default]
    None,
    /// The handshake begins once what is queued has been sent.
    Requested(Box<Request>),
    /// The handshake has the socket.
    Shaking(Box<Shaking>),
    /// It is over, which has not been told yet.
    Over(std::result::Result<Box<Secured>, Failure>),
    /// The stream is secure.
    Secure(Box<Secure>),
    /// The handshake or the session has failed. What was known of the peer by then still is.
    Failed(Option<Box<Secure>>),
}

/// A handshake under way.
pub struct Shaking {
    /// Cancels the handshake when it is dropped.
    _handshake: Handshake,
    serial: u64,
    question: Option<Question>,
}

/// A client has named whom it wants.
struct Question {
    /// `None` once it has been told.
    name: Option<String>,
    answer: Answer,
}

/// A secure stream's session, and what is known of the peer.
pub struct Secure {
    /// The records.
    pub session: Session,
    /// What speaks against the peer, if anything does.
    pub verdict: Option<Verdict>,
    /// The name that the client has asked for.
    pub server_name: Option<String>,
    /// Our certificate.
    pub own: Option<CertificateDer<'static>>,
}

impl Security {
    /// Begins the handshake that was requested.
    pub fn begin(&mut self, id: Id, fd: &Arc<Descriptor>, kind: Kind, handshakes: &mut Handshakes) -> Result<()> {
        let Self::Requested(request) = std::mem::take(self) else { return Ok(()) };
        handshakes.last += 1;
        let serial = handshakes.last;
        let mailbox = Arc::clone(&handshakes.mailbox);
        let post = move |message| mailbox.post(Delivery { id, serial, message });
        let Some(handshake) = handshake::begin(*request, Arc::clone(fd), kind, post) else {
            return Err(Syscall::Secure.errno(libc::EAGAIN));
        };
        *self = Self::Shaking(Box::new(Shaking { _handshake: handshake, serial, question: None }));
        Ok(())
    }

    /// A letter of handshake number `serial` has come. Nothing comes of one that is not under way any more.
    pub fn deliver(&mut self, serial: u64, letter: Letter) {
        let Self::Shaking(shaking) = self else { return };
        if shaking.serial != serial {
            return;
        }
        match letter {
            Letter::Asks(name, answer) => shaking.question = Some(Question { name: Some(name), answer }),
            Letter::Over(outcome) => *self = Self::Over(outcome),
        }
    }

    /// Whether there is something to tell.
    pub fn has_news(&self) -> bool {
        match self {
            Self::Shaking(shaking) => shaking.question.as_ref().is_some_and(|question| question.name.is_some()),
            Self::Over(_) => true,
            _ => false,
        }
    }

    /// What there is to tell. The stream is watched again by then if it is [`StreamEvent::Secured`].
    pub fn take_news(&mut self) -> Option<StreamEvent> {
        match std::mem::take(self) {
            Self::Shaking(mut shaking) => {
                let name = shaking.question.as_mut().and_then(|question| question.name.take());
                *self = Self::Shaking(shaking);
                name.map(StreamEvent::NameAsked)
            }
            Self::Over(Ok(secured)) => {
                let Secured { connection, unread, verdict, server_name, own } = *secured;
                let session = Session::new(connection, unread);
                *self = Self::Secure(Box::new(Secure { session, verdict, server_name, own }));
                Some(StreamEvent::Secured)
            }
            Self::Over(Err(Failure::Tls(error))) => {
                *self = Self::Failed(None);
                Some(StreamEvent::TlsFailed(error))
            }
            Self::Over(Err(Failure::Socket(errno))) => {
                Some(StreamEvent::Failed(Syscall::Read.errno(errno.raw_os_error())))
            }
            other => {
                *self = other;
                None
            }
        }
    }

    /// The way to answer the client's question, once.
    pub fn take_answer(&mut self) -> Option<Answer> {
        let Self::Shaking(shaking) = self else { return None };
        shaking.question.take().map(|question| question.answer)
    }

    /// The session has failed: nothing more is received or sent.
    pub fn fail(&mut self) {
        let secure = match std::mem::take(self) {
            Self::Secure(secure) => Some(secure),
            _ => None,
        };
        *self = Self::Failed(secure);
    }

    /// What is known of a stream that is secure, or was until it failed.
    pub fn known(&mut self) -> Option<&mut Secure> {
        match self {
            Self::Secure(secure) | Self::Failed(Some(secure)) => Some(secure),
            _ => None,
        }
    }

    /// The session of a secure stream.
    pub fn session(&mut self) -> Option<&mut Session> {
        match self {
            Self::Secure(secure) => Some(&mut secure.session),
            _ => None,
        }
    }

    /// Whether records wait to be sent.
    pub fn wants_write(&self) -> bool {
        matches!(self, Self::Secure(secure) if secure.session.wants_write())
    }
}
