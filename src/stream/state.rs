//! What a stream's transport is doing, without any I/O: what is due next, and what follows from its outcome. Pure: the
//! driver beside it makes the calls.
//!
//! Four machines side by side, and two wishes of JavaScript (for data, and for room). Every transition is total; what is
//! not in a table leaves the state as it is.
//!
//! | phase | the kernel has room | `await_outcome` | `connected` | `fail_later` | `take_failure` | `limit` | `take_limit` | `fail` |
//! |---|---|---|---|---|---|---|---|---|
//! | `Connecting` | | `AwaitingOutcome` | `Open` | `Failing` | | | | `Failed` |
//! | `AwaitingOutcome` | `Connecting` | | `Open` | `Failing` | | | | `Failed` |
//! | `Open` | | | | `Failing` | | `Limited` | | `Failed` |
//! | `Failing` | | | | the first failure counts | `Failed` | | | `Failed` |
//! | `Limited` | | | | | | | `Failed` | `Failed` |
//! | `Failed` | | | | | | | | |
//!
//! | inbound | readable | hangup | `received` | `received`, drained | `found_nothing` | `end` | `find_end_again` | `watch_again` |
//! |---|---|---|---|---|---|---|---|---|
//! | `Empty` | `Ready` | `Closing` | | | | `Ended` | | `Ready` |
//! | `Ready` | | `Closing` | | `Empty` | `Empty` | `Ended` | | |
//! | `Closing` | | | | `Ending` | `Empty` | `Ended` | | |
//! | `Ending` | | `Closing` | | | `Empty` | `Ended` | | |
//! | `Ended` | | | | | | | `Closing` | |
//!
//! | outbound | `block` | the kernel has room | `watch_again` |
//! |---|---|---|---|
//! | `Free` | `Blocked` | | |
//! | `Blocked` | | `Free` | `Free` |
//!
//! | shutdown | `request_shutdown` | `shut_down` |
//! |---|---|---|
//! | `None` | `Requested` | `Done` |
//! | `Requested` | | `Done` |
//! | `Done` | | |
//!
//! How far TLS has got is none of this: [`TlsState`] knows, and is asked.

use super::tls_state::TlsState;
use crate::error::Error;
use crate::reactor::Readiness;

/// The life of the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Being connected; the outcome may be known.
    Connecting,
    /// Being connected; the kernel says when the outcome is known.
    AwaitingOutcome,
    #[default]
    Open,
    /// A call has failed, which is to be reported.
    Failing(Error),
    /// A limit of its server ends it, which is to be reported.
    Limited,
    /// It has been reported: nothing is due any more, whatever is queued.
    Failed,
}

/// What the kernel may have for us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inbound {
    /// Nothing until it reports readiness.
    #[default]
    Empty,
    /// There may be bytes.
    Ready,
    /// An end or an error is after what there is: read on to it, however short a read is.
    Closing,
    /// As `Closing`, and the last read was short: the end or the error is next.
    Ending,
    /// The peer's end has been read: there is no more.
    Ended,
}

/// What the kernel takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Outbound {
    #[default]
    Free,
    /// It took less than was offered; it says when there is room again.
    Blocked,
}

/// How far ending the sending side has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shutdown {
    #[default]
    None,
    /// Asked for; what is queued goes first.
    Requested,
    Done,
}

/// Whether JavaScript wants data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Nothing,
    /// It does, after a time at which it has not: see [`State::take_pause`].
    DataAgain,
    Data,
}

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    phase: Phase,
    inbound: Inbound,
    outbound: Outbound,
    shutdown: Shutdown,
    /// Whether JavaScript wants data.
    wish: Wish,
    /// JavaScript waits for room.
    awaits_room: bool,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Report the failure.
    ReportFailure,
    /// Report that a limit ends it.
    ReportLimit,
    /// Ask for the outcome of connecting.
    CheckConnect,
    /// Handle the message of the handshake.
    HandshakeMessage,
    /// Begin the handshake.
    BeginHandshake,
    /// Report that the peer has gone before the handshake could begin.
    ReportDisconnect,
    /// Send what is queued.
    Send,
    /// Report a session that the server has given: what the stream finds, not the state.
    ReportSession,
    /// Report that there is room.
    ReportRoom,
    /// End the sending side.
    Shutdown,
    /// Receive.
    Receive,
    /// Nothing until the kernel reports readiness.
    Nothing,
}

impl State {
    /// A stream that is being connected.
    pub fn connecting() -> Self {
        Self { phase: Phase::Connecting, ..Self::default() }
    }

    /// A stream that is open. The kernel may have data from before it was watched, and says so when it is registered.
    pub fn open() -> Self {
        Self::default()
    }

    // What is due.

    /// What to do next; `is_queued` says whether bytes wait to be sent.
    pub fn due<R, H, M, S>(&self, tls: &TlsState<R, H, M, S>, is_queued: bool) -> Due {
        match self.phase {
            Phase::Connecting => return Due::CheckConnect,
            Phase::Failing(_) => return Due::ReportFailure,
            Phase::Limited => return Due::ReportLimit,
            Phase::AwaitingOutcome | Phase::Failed => return Due::Nothing,
            Phase::Open => {}
        }
        match tls {
            TlsState::Clear | TlsState::Secure(_) => {}
            TlsState::Requested(_) if is_queued && self.is_blocked() => return Due::Nothing,
            TlsState::Requested(_) => return if is_queued { Due::Send } else { Due::BeginHandshake },
            TlsState::Posted(..) => return Due::HandshakeMessage,
            TlsState::Handshaking(_) | TlsState::Failed(_) => return Due::Nothing,
        }
        let may_receive =
            self.wants_data() && matches!(self.inbound, Inbound::Ready | Inbound::Closing | Inbound::Ending);
        // Of a connection that is over, receiving says more than sending. There is not much left to receive, either.
        if may_receive && self.inbound != Inbound::Ready {
            return Due::Receive;
        }
        if !self.is_blocked() {
            if is_queued {
                return Due::Send;
            }
            if self.awaits_room {
                return Due::ReportRoom;
            }
            if self.shutdown == Shutdown::Requested {
                return Due::Shutdown;
            }
        }
        if may_receive { Due::Receive } else { Due::Nothing }
    }

    /// As [`Self::due`], where the last flight of a handshake is all that is queued. What has come together with the
    /// peer's last flight is received first, so that ours goes out with the answer to it.
    pub fn due_before_flight<R, H, M, S>(&self, tls: &TlsState<R, H, M, S>) -> Due {
        match self.due(tls, false) {
            Due::Nothing => self.due(tls, true),
            due => due,
        }
    }

    /// Whether the stream keeps the loop alive, as in libuv: what has been asked for (connecting, sending) does so until
    /// it is done, watching (for data, or for the peer's part of a handshake) only while the stream is `referenced`.
    /// `is_queued` says whether bytes wait to be sent.
    pub fn keeps_alive<R, H, M, S>(&self, tls: &TlsState<R, H, M, S>, referenced: bool, is_queued: bool) -> bool {
        match self.phase {
            Phase::Connecting | Phase::AwaitingOutcome | Phase::Failing(_) | Phase::Limited => true,
            Phase::Failed => false,
            Phase::Open if tls.has_failed() => false,
            Phase::Open => {
                let is_sending = is_queued || self.awaits_room || self.shutdown == Shutdown::Requested;
                let is_watching = tls.is_changing() || (self.wants_data() && self.inbound != Inbound::Ended);
                is_sending || (referenced && is_watching)
            }
        }
    }

    /// The kernel reports readiness.
    pub fn on_readiness(&mut self, readiness: Readiness) {
        self.inbound = match self.inbound {
            Inbound::Ended => Inbound::Ended,
            _ if readiness.hangup => Inbound::Closing,
            Inbound::Empty if readiness.readable => Inbound::Ready,
            other => other,
        };
        if readiness.writable {
            self.outbound = Outbound::Free;
            if self.phase == Phase::AwaitingOutcome {
                self.phase = Phase::Connecting;
            }
        }
    }

    // The phase.

    /// The outcome of connecting is not known yet.
    pub fn await_outcome(&mut self) {
        if self.phase == Phase::Connecting {
            self.phase = Phase::AwaitingOutcome;
        }
    }

    /// Connected, or failed to: what that means is up to JavaScript.
    pub fn connected(&mut self) {
        if self.is_connecting() {
            self.phase = Phase::Open;
        }
    }

    /// Whether connecting is not over yet.
    pub fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::AwaitingOutcome)
    }

    /// A call has failed, which is reported when the stream is served.
    pub fn fail_later(&mut self, error: Error) {
        if !matches!(self.phase, Phase::Failing(_) | Phase::Limited | Phase::Failed) {
            self.phase = Phase::Failing(error);
        }
    }

    /// A limit ends it, which is reported when the stream is served. Returns `false` if it has come to another end.
    pub fn limit(&mut self) -> bool {
        let is_open = self.phase == Phase::Open;
        if is_open {
            self.phase = Phase::Limited;
        }
        is_open
    }

    /// That a limit ends it is reported now.
    pub fn take_limit(&mut self) {
        if self.phase == Phase::Limited {
            self.phase = Phase::Failed;
        }
    }

    /// The failure that has not been reported yet.
    pub fn failure(&self) -> Option<Error> {
        match self.phase {
            Phase::Failing(error) => Some(error),
            _ => None,
        }
    }

    /// The failure is reported now.
    pub fn take_failure(&mut self) -> Option<Error> {
        let failure = self.failure();
        if failure.is_some() {
            self.phase = Phase::Failed;
        }
        failure
    }

    /// The transport has failed, which is reported now: nothing more is received or sent.
    pub fn fail(&mut self) {
        self.phase = Phase::Failed;
    }

    /// Whether a failure has been reported.
    pub fn has_failed(&self) -> bool {
        self.phase == Phase::Failed
    }

    /// Whether it is connected and has not failed, and its sending side is not about to end.
    pub fn is_writable(&self) -> bool {
        self.phase == Phase::Open && self.shutdown == Shutdown::None
    }

    /// Whether it is connected and has not failed, whatever has ended.
    pub fn is_connected(&self) -> bool {
        self.phase == Phase::Open
    }

    // Receiving.

    /// JavaScript wants data, or none for now.
    pub fn want(&mut self, wanted: bool) {
        self.wish = match self.wish {
            _ if !wanted => Wish::Nothing,
            Wish::Nothing => Wish::DataAgain,
            other => other,
        };
    }

    /// Whether JavaScript wants data.
    pub fn wants_data(&self) -> bool {
        self.wish != Wish::Nothing
    }

    /// Whether there was a time since the last call at which JavaScript wanted no data.
    pub fn take_pause(&mut self) -> bool {
        let has_paused = self.wish != Wish::Data;
        if self.wish == Wish::DataAgain {
            self.wish = Wish::Data;
        }
        has_paused
    }

    /// Bytes came. If that has `drained` the socket, there is nothing until it reports readiness, unless the end is near.
    pub fn received(&mut self, drained: bool) {
        self.inbound = match self.inbound {
            Inbound::Ready if drained => Inbound::Empty,
            Inbound::Closing if drained => Inbound::Ending,
            other => other,
        };
    }

    /// Whether all bytes have been received, and the end or an error is next.
    pub fn ends_next(&self) -> bool {
        self.inbound == Inbound::Ending
    }

    /// Whether an end or an error is after what there is to receive.
    pub fn has_hung_up(&self) -> bool {
        matches!(self.inbound, Inbound::Closing | Inbound::Ending)
    }

    /// There was nothing to receive.
    pub fn found_nothing(&mut self) {
        if self.inbound != Inbound::Ended {
            self.inbound = Inbound::Empty;
        }
    }

    /// The peer's end has been read.
    pub fn end(&mut self) {
        self.inbound = Inbound::Ended;
    }

    /// The end that was read is not to be known yet: the next read finds it again.
    pub fn find_end_again(&mut self) {
        if self.inbound == Inbound::Ended {
            self.inbound = Inbound::Closing;
        }
    }

    /// The socket is watched again: after a handshake, which may have left bytes to receive, or by another engine.
    pub fn watch_again(&mut self) {
        self.outbound = Outbound::Free;
        if self.inbound == Inbound::Empty {
            self.inbound = Inbound::Ready;
        }
    }

    // Sending.

    /// The kernel takes no more for now.
    pub fn block(&mut self) {
        self.outbound = Outbound::Blocked;
    }

    /// Whether the kernel took less than was offered.
    pub fn is_blocked(&self) -> bool {
        self.outbound == Outbound::Blocked
    }

    /// JavaScript waits for room, or no longer.
    pub fn await_room(&mut self, awaited: bool) {
        self.awaits_room = awaited;
    }

    /// Whether JavaScript waits for room.
    pub fn awaits_room(&self) -> bool {
        self.awaits_room
    }

    /// The sending side is to be ended once all is sent.
    pub fn request_shutdown(&mut self) {
        if self.shutdown == Shutdown::None {
            self.shutdown = Shutdown::Requested;
        }
    }

    /// The sending side has been ended.
    pub fn shut_down(&mut self) {
        self.shutdown = Shutdown::Done;
    }
}

#[cfg(test)]
mod tests;
