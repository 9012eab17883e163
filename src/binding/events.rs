//! The protocol from the engine to JavaScript: the one table of its events.
//!
//! Each event is a callback of JavaScript, which calls the method of the same name of the id's owner. So an event is
//! added here and in its owner. What an event needs travels with it. Runs on the JavaScript thread, between
//! two operations on the engine.

use std::time::Duration;

use napi::sys;
use napi_derive::napi;

use super::arguments::{Argument, Latin1};
use super::constants::{AGREED_HAS_PEER, AGREED_RESUMED, AGREED_TLS13};
use crate::engine::Event;
use crate::error::{Error, Result, Syscall};
use crate::socket::address;
use crate::stream::{Agreed, StreamEvent};

/// Makes the enum of the callbacks, their names, and the calls of them. A row is an event of the engine, and its
/// callback with the id that it is about and the arguments.
macro_rules! events {
    ($($(#[$comment:meta])* $event:pat => $callback:ident($id:ident $(, $argument:expr)*);)*) => {
        /// The callbacks, by the names that JavaScript knows them by.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy)]
        pub enum Callback {
            $($(#[$comment])* $callback,)*
        }

        /// The names of the callbacks, in the order of [`Callback`].
        pub const NAMES: &[&str] = &[$(stringify!($callback)),*];

        /// Calls `call` with the id that `event` is about, its callback, and the arguments.
        ///
        /// # Safety
        ///
        /// This is the thread of `env`, and a handle scope is open.
        pub unsafe fn convert(
            event: Event,
            env: sys::napi_env,
            call: impl FnOnce(u32, Callback, &[sys::napi_value]),
        ) {
            match event {
                $($event => {
                    // SAFETY: as the caller promises.
                    let arguments = unsafe { [$id.value(env) $(, $argument.value(env))*] };
                    call($id, Callback::$callback, &arguments);
                })*
            }
        }
    };
}

events! {
    /// The attempt to connect is over: 0, or a negative errno.
    Event::Stream(id, StreamEvent::Connected(outcome)) => onconnect(id, errno(outcome));
    /// Data: the offset and the length in the memory for messages.
    Event::Stream(id, StreamEvent::Data { offset, length }) => ondata(id, offset, length);
    /// Descriptors have come with the data of the next event: `takeDescriptor` has them.
    Event::Stream(id, StreamEvent::Descriptors) => ondescriptors(id);
    /// Data: the length, from the beginning of the memory for bulk.
    Event::Stream(id, StreamEvent::Bulk { length }) => onbulk(id, length);
    /// The peer has ended its side: whether it may have sent more (TLS).
    Event::Stream(id, StreamEvent::End { is_truncated }) => onend(id, is_truncated);
    /// There is room to write again.
    Event::Stream(id, StreamEvent::Room) => onroom(id);
    /// Our side has ended: 0, or a negative errno.
    Event::Stream(id, StreamEvent::Finished(outcome)) => onfinish(id, errno(outcome));
    /// The transport has failed: the negative errno, and `read` or `write`.
    Event::Stream(id, StreamEvent::Failed(error)) => onfail(id, errno(Err(error)), direction(error));
    /// A limit of its server ends the stream.
    Event::Stream(id, StreamEvent::Limited) => onlimit(id);
    /// A ClientHello has come, and the handshake waits for `answerName`: the name that the client asks for, the protocols of
    /// ALPN, each after its length, whether a stapled OCSP response is asked for, and the id of the session to resume.
    Event::Stream(id, StreamEvent::HelloAsked(hello)) => onservername(
        id,
        hello.server_name,
        hello.alpn.as_deref(),
        hello.asks_for_stapling,
        hello.session_id.as_slice()
    );
    /// A session of TLS 1.2 for a server to keep: its id, and what to answer when it is asked for.
    Event::Stream(id, StreamEvent::NewSession(session)) => onnewsession(
        id,
        session.id.as_slice(),
        session.data.as_slice()
    );
    /// A secret of the handshake: a line of the key log.
    Event::Stream(id, StreamEvent::Secret(line)) => onkeylog(id, line.as_slice());
    /// rustls does not answer the ClientHello, and nothing has been sent: what was received, and why it doesn't.
    Event::Stream(id, StreamEvent::Declined(declined)) => ondecline(
        id,
        declined.received.as_slice(),
        declined.reason
    );
    /// The handshake is done: the application protocol as text in Latin-1, the name that the client has asked for, Node's
    /// code for why the peer is not trusted, the number of the cipher suite, and a sum of `AGREED_*`.
    Event::Stream(id, StreamEvent::Secured(agreed)) => onsecure(
        id,
        agreed.alpn.as_deref().map(Latin1),
        agreed.server_name.as_deref(),
        agreed.verdict,
        agreed.suite,
        flags(&agreed)
    );
    /// The server has given a session, for the option `session`.
    Event::Stream(id, StreamEvent::Session(token)) => onsession(id, token.as_bytes());
    /// TLS has failed: Node's code, the message, and the alert that the peer has sent, if it has.
    Event::Stream(id, StreamEvent::TlsFailed(failure)) => ontlsfail(id, failure.code, failure.message, failure.alert);
    /// A listener has accepted a stream: its id; over TCP, the peer's address, port and IP version.
    Event::Connection { listener, stream, addresses } => onconnection(
        listener,
        stream,
        addresses.peer.map(|peer| address::text(&peer)),
        addresses.peer.map(|peer| peer.port()),
        addresses.peer.map(|peer| if peer.is_ipv4() { 4 } else { 6 })
    );
    /// `runClock` is to be called after so many milliseconds, and after no more than these.
    Event::Timer(id, time) => ontimer(id, milliseconds(time));
    /// A listener has refused a connection, or ended it: why, and how many it has for this reason since the last such event;
    /// over TCP, the peer's address, port and IP version, and ours.
    Event::Refused { listener, refusal, count, addresses } => onrefuse(
        listener,
        refusal.name(),
        count,
        addresses.peer.map(|peer| address::text(&peer)),
        addresses.peer.map(|peer| peer.port()),
        addresses.peer.map(|peer| if peer.is_ipv4() { 4 } else { 6 }),
        addresses.local.map(|local| address::text(&local)),
        addresses.local.map(|local| local.port()),
        addresses.local.map(|local| if local.is_ipv4() { 4 } else { 6 })
    );
    /// Accepting has failed: the negative errno.
    Event::Stalled(id, error) => onstall(id, errno(Err(error)));
    /// Accepting works again.
    Event::Recovered(id) => onrecover(id);
    /// All that waited when the listener was to be drained has been accepted.
    Event::Drained(id) => ondrained(id);
    /// The engine has panicked while it served the id.
    Event::Panicked(id) => onpanic(id);
}

/// The names of the functions that an engine calls for its events. The first argument of each is the id that it is
/// about; the table above says what follows.
#[napi]
pub fn event_names() -> Vec<&'static str> {
    NAMES.to_vec()
}

fn flags(agreed: &Agreed) -> u32 {
    let flag = |is_set, flag| if is_set { flag } else { 0 };
    flag(agreed.is_tls13, AGREED_TLS13)
        + flag(agreed.is_resumed, AGREED_RESUMED)
        + flag(agreed.has_peer, AGREED_HAS_PEER)
}

fn errno(outcome: Result<()>) -> i32 {
    outcome.err().map_or(0, |Error { errno, .. }| -errno)
}

/// Rounded up, so that what is due then is.
fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u32::MAX)
}

/// What a failed transport could not do.
fn direction(error: Error) -> &'static str {
    if error.syscall == Syscall::Read { "read" } else { "write" }
}
