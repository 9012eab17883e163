//! A handshake, off the loop: rustls on the threads of the [`runtime`](crate::runtime).
//!
//! A stream shares its socket and passes on what it has received but not delivered; it gets back a connection, or what
//! went wrong. Meanwhile it neither reads nor writes. Nothing here knows streams: the caller of [`begin`] says where
//! letters are posted.
//!
//! | file | |
//! |---|---|
//! | [`exchange`] | what a stream and its handshake pass to each other |
//! | [`named`] | other credentials for some of the names that clients ask for |
//! | [`run`](mod@run) | the task: as a client or as a server, from the request to the outcome |
//! | [`drive`] | the loop in which rustls receives and sends |
//! | [`transport`] | the socket as that loop sees it |
//!
//! # Threads
//!
//! [`begin`] is called on the JavaScript thread; the rest runs on the runtime. Signatures are computed on its few
//! threads, so that no more are under way at once, in the order in which they have become due; a handshake that waits
//! for its peer occupies no thread. Dropping the [`Handshake`] cancels it and releases its share of the socket. The
//! deadline is JavaScript's, which cancels a handshake that takes too long.

mod drive;
mod exchange;
mod named;
mod run;
mod transport;

use std::sync::Arc;

use tokio::task::AbortHandle;

pub use self::exchange::{CredentialsSender, Established, HandshakeMessage, HandshakeRequest, Role};
pub use self::named::NamedCredentials;
use self::run::run;
use super::error::TlsError;
use crate::runtime;
use crate::socket::{Descriptor, Kind};

/// A handshake under way. Dropping it cancels it.
pub struct Handshake(AbortHandle);

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins a handshake over `fd`, the stream's socket. `post` gets its letters, [`HandshakeMessage::Done`] last. `None` where no
/// thread can be started.
pub fn begin(
    request: HandshakeRequest,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: impl Fn(HandshakeMessage) + Send + Sync + 'static,
) -> Option<Handshake> {
    let task = async move {
        let post = TellsOfPanic(post);
        let outcome = run(request, fd, kind, &post.0).await;
        (post.0)(HandshakeMessage::Done(outcome.map(Box::new)));
    };
    runtime::spawn(task).map(Handshake)
}

/// A handshake that panics is over, too. tokio keeps the panic to its task.
struct TellsOfPanic<P: Fn(HandshakeMessage)>(P);

impl<P: Fn(HandshakeMessage)> Drop for TellsOfPanic<P> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)(HandshakeMessage::Done(Err(TlsError::internal().into())));
        }
    }
}
