//! How does a connection become secure? Handshakes of rustls, on the threads of the [`runtime`](crate::runtime).
//!
//! A stream shares its socket and passes on what it has received but not delivered; it gets back a connection or an
//! error. Meanwhile it neither reads nor writes. This module does not know streams: the caller of [`begin`] provides the
//! function that posts messages.
//!
//! | file | |
//! |---|---|
//! | [`exchange`] | what a stream and its handshake exchange |
//! | [`named`] | other credentials for some of the names that clients ask for |
//! | [`hello`] | what hellos have that rustls does not show |
//! | [`decline`] | which ClientHellos rustls leaves to another implementation of TLS |
//! | [`settings`] | the settings of one connection, where they differ from those of its credentials |
//! | [`run`](mod@run) | the task: from the request to the outcome |
//! | [`connect`] | the handshake of a client |
//! | [`accept`] | the handshake of a server |
//! | [`outcome`] | the verdict on the peer, and what else follows from a handshake that is done |
//! | [`drive`] | the loop in which rustls receives and sends |
//! | [`transport`] | the socket that this loop reads and writes |
//!
//! # Threads
//!
//! [`begin`] is called on the JavaScript thread; everything else runs on the runtime. Its few threads compute the
//! signatures, in the order in which handshakes become ready, so that a burst of them does not occupy the machine. A
//! handshake that waits for its peer occupies no thread. Dropping the [`Handshake`] cancels it and releases its share of
//! the socket. JavaScript has the deadline, and cancels a handshake that takes too long.

mod accept;
mod connect;
mod decline;
mod drive;
mod exchange;
pub(crate) mod hello;
mod named;
mod outcome;
mod run;
mod settings;
mod transport;

use std::sync::Arc;

use tokio::task::AbortHandle;

use self::exchange::Failure;
pub use self::exchange::{
    AlpnAnswer, Asks, Declined, Established, Facts, HandshakeMessage, HandshakeRequest, HelloAnswer, HelloQuestion,
    HelloSender, Resumption, Role,
};
pub use self::named::NamedCredentials;
use self::run::run;
use super::error::TlsError;
use super::provider::forget_expanded_keys;
use crate::runtime;
use crate::socket::{Descriptor, Kind};

/// A handshake in progress. Dropping it cancels it.
pub struct Handshake(AbortHandle);

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins a handshake over `fd`, the stream's socket. `post` receives its messages, [`HandshakeMessage::Done`] or
/// [`HandshakeMessage::Declined`] last.
/// `None` if no thread can be started.
pub fn begin(
    request: HandshakeRequest,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: impl Fn(HandshakeMessage) + Send + Sync + 'static,
) -> Option<Handshake> {
    let task = async move {
        let post = PostsPanic(Arc::new(post));
        let outcome = run(request, fd, kind, &post.0).await;
        // Those of the connection are used by its session, on JavaScript's thread.
        forget_expanded_keys();
        (post.0)(match outcome {
            Ok(established) => HandshakeMessage::Done(Ok(Box::new(established))),
            Err(Failure::Error(error)) => HandshakeMessage::Done(Err(error)),
            Err(Failure::Declined(declined)) => HandshakeMessage::Declined(Box::new(declined)),
        });
    };
    runtime::spawn(task).map(Handshake)
}

/// Posts [`HandshakeMessage::Done`] for a handshake that panics. tokio confines the panic to its task.
struct PostsPanic<P: Fn(HandshakeMessage)>(Arc<P>);

impl<P: Fn(HandshakeMessage)> Drop for PostsPanic<P> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)(HandshakeMessage::Done(Err(TlsError::internal().into())));
        }
    }
}
