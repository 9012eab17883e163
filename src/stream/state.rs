//! What a stream's transport is doing, without any I/O: which reads and writes are due, and what follows from their
//! outcome. Pure: the driver beside it makes the calls.

use crate::reactor::Readiness;

/// The receiving side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Receiving {
    /// JavaScript wants data.
    wanted: bool,
    /// The kernel may have some.
    ready: bool,
    /// An end or an error is behind the data: read on to it, however short a read is.
    hangup: bool,
    /// The peer's end, or an error, has been read: there is no more.
    ended: bool,
}

/// How far ending the sending side has got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shutdown {
    #[default]
    Open,
    /// Asked for; what is queued goes first.
    Requested,
    Done,
}

/// The sending side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sending {
    /// The kernel took less than was offered; it tells when there is room again.
    blocked: bool,
    /// JavaScript waits to hear that there is room.
    awaited: bool,
    shutdown: Shutdown,
}

/// How far changing over to TLS has got. Meanwhile nothing is received and nothing more is accepted for sending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Securing {
    /// Not under way.
    #[default]
    No,
    /// Asked for; what is queued goes first, in the clear.
    Requested,
    /// The handshake has the socket.
    Shaking,
}

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    connecting: bool,
    securing: Securing,
    receiving: Receiving,
    sending: Sending,
    /// The transport has failed: nothing is due any more, whatever is queued.
    failed: bool,
}

/// What is due, in the order in which it is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Ask for the outcome of connecting.
    Connect,
    /// Send what is queued.
    Send,
    /// Tell JavaScript that there is room.
    TellRoom,
    /// End the sending side.
    Shutdown,
    /// Begin the handshake.
    Secure,
    /// Receive.
    Receive,
    /// Nothing until there is news.
    Nothing,
}

impl State {
    /// A stream that is being connected.
    pub fn connecting() -> Self {
        Self { connecting: true, ..Self::default() }
    }

    /// A stream that is open. The kernel may have data from before it was watched, and says so when it is registered.
    pub fn open() -> Self {
        Self::default()
    }

    /// The kernel has news.
    pub fn news(&mut self, news: Readiness) {
        self.receiving.ready |= news.readable;
        self.receiving.hangup |= news.hangup;
        if news.writable {
            self.sending.blocked = false;
        }
    }

    /// The step to take now; `queued` says whether bytes wait to be sent.
    pub fn due(&self, queued: bool) -> Due {
        if self.failed {
            return Due::Nothing;
        }
        if self.connecting {
            return if self.sending.blocked { Due::Nothing } else { Due::Connect };
        }
        match self.securing {
            Securing::No => {}
            Securing::Requested if queued && self.sending.blocked => return Due::Nothing,
            Securing::Requested => return if queued { Due::Send } else { Due::Secure },
            Securing::Shaking => return Due::Nothing,
        }
        let Receiving { wanted, ready, hangup, ended } = self.receiving;
        let may_receive = wanted && ready && !ended;
        // Of a connection that is over, receiving tells more than sending. There is not much left to receive, either.
        if may_receive && hangup {
            return Due::Receive;
        }
        if !self.sending.blocked {
            if queued {
                return Due::Send;
            }
            if self.sending.awaited {
                return Due::TellRoom;
            }
            if self.sending.shutdown == Shutdown::Requested {
                return Due::Shutdown;
            }
        }
        if may_receive { Due::Receive } else { Due::Nothing }
    }

    /// Whether the stream keeps the loop alive, as in libuv: what has been asked for (connecting, sending) does so until
    /// it is done, watching (for data, or for the peer's part of a handshake) only while the stream is `referenced`.
    /// `queued` says whether bytes wait to be sent.
    pub fn keeps_alive(&self, referenced: bool, queued: bool) -> bool {
        let Receiving { wanted, ended, .. } = self.receiving;
        let Sending { awaited, shutdown, .. } = self.sending;
        let is_sending = queued || awaited || shutdown == Shutdown::Requested;
        let is_watching = self.securing != Securing::No || (wanted && !ended);
        !self.failed && (self.connecting || is_sending || (referenced && is_watching))
    }

    /// The outcome of connecting is not known yet.
    pub fn still_connecting(&mut self) {
        self.sending.blocked = true;
    }

    /// Connected, or failed to.
    pub fn connected(&mut self) {
        self.connecting = false;
        self.sending.blocked = false;
    }

    /// Whether connecting is over.
    pub fn is_connecting(&self) -> bool {
        self.connecting
    }

    /// The stream is to change over to TLS once all is sent.
    pub fn request_secure(&mut self) {
        self.securing = Securing::Requested;
    }

    /// The handshake has the socket.
    pub fn begin_handshake(&mut self) {
        self.securing = Securing::Shaking;
    }

    /// The handshake is over, and may have left bytes to receive. The socket is watched anew.
    pub fn end_handshake(&mut self) {
        self.securing = Securing::No;
        self.receiving.ready = true;
        self.sending.blocked = false;
    }

    /// Whether changing over to TLS is under way.
    pub fn is_securing(&self) -> bool {
        self.securing != Securing::No
    }

    /// JavaScript wants data (`true`) or wants to hear of none.
    pub fn want(&mut self, wanted: bool) {
        self.receiving.wanted = wanted;
    }

    /// Bytes came. If that has `drained` the socket, there is nothing until there is news, unless the end is near.
    pub fn received(&mut self, drained: bool) {
        if drained && !self.receiving.hangup {
            self.receiving.ready = false;
        }
    }

    /// There was nothing to receive.
    pub fn found_nothing(&mut self) {
        self.receiving.ready = false;
        self.receiving.hangup = false;
    }

    /// The peer's end has come, or receiving has failed.
    pub fn ended(&mut self) {
        self.receiving.ended = true;
    }

    /// The transport has failed, and JavaScript is told: nothing more is received or sent.
    pub fn fail(&mut self) {
        self.receiving.ended = true;
        self.failed = true;
    }

    /// Whether the transport has failed.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// The end is not to be known yet: the next read will find it again.
    pub fn find_end_again(&mut self) {
        self.receiving.ended = false;
    }

    /// The kernel takes no more for now.
    pub fn block(&mut self) {
        self.sending.blocked = true;
    }

    /// Whether the kernel took less than was offered.
    pub fn is_blocked(&self) -> bool {
        self.sending.blocked
    }

    /// JavaScript waits for room (`true`), or has heard of it.
    pub fn await_room(&mut self, awaited: bool) {
        self.sending.awaited = awaited;
    }

    /// Whether JavaScript waits for room.
    pub fn awaits_room(&self) -> bool {
        self.sending.awaited
    }

    /// Whether it is connected, not about to change over to TLS, and its sending side is not about to end.
    pub fn is_settled(&self) -> bool {
        !self.connecting && self.securing == Securing::No && self.sending.shutdown == Shutdown::Open
    }

    /// The sending side is to be ended once all is sent.
    pub fn request_shutdown(&mut self) {
        self.sending.shutdown = Shutdown::Requested;
    }

    /// The sending side has been ended.
    pub fn shut_down(&mut self) {
        self.sending.shutdown = Shutdown::Done;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READABLE: Readiness = Readiness { readable: true, writable: false, hangup: false };
    const WRITABLE: Readiness = Readiness { readable: false, writable: true, hangup: false };
    const HANGUP: Readiness = Readiness { readable: true, writable: true, hangup: true };

    #[test]
    fn receives_only_what_is_wanted_and_there() {
        let mut state = State::open();
        assert_eq!(state.due(false), Due::Nothing);
        state.news(READABLE);
        assert_eq!(state.due(false), Due::Nothing);
        state.want(true);
        assert_eq!(state.due(false), Due::Receive);
        state.received(false);
        assert_eq!(state.due(false), Due::Receive);
        state.received(true);
        assert_eq!(state.due(false), Due::Nothing);
        state.news(READABLE);
        state.want(false);
        assert_eq!(state.due(false), Due::Nothing);
        state.want(true);
        assert_eq!(state.due(false), Due::Receive);
    }

    #[test]
    fn nothing_is_due_after_a_failure_whatever_is_queued() {
        let mut state = State::open();
        state.want(true);
        state.await_room(true);
        state.request_shutdown();
        state.fail();
        state.news(READABLE);
        state.news(WRITABLE);
        assert_eq!((state.due(true), state.due(false)), (Due::Nothing, Due::Nothing));
    }

    #[test]
    fn reads_on_to_an_end_that_was_announced() {
        let mut state = State::open();
        state.want(true);
        state.news(HANGUP);
        state.received(true);
        assert_eq!(state.due(false), Due::Receive);
        state.ended();
        assert_eq!(state.due(false), Due::Nothing);
        state.news(HANGUP);
        assert_eq!(state.due(false), Due::Nothing);
    }

    #[test]
    fn sends_before_it_tells_and_tells_before_it_ends() {
        let mut state = State::open();
        state.block();
        state.await_room(true);
        state.request_shutdown();
        assert_eq!(state.due(true), Due::Nothing);
        state.news(WRITABLE);
        assert_eq!(state.due(true), Due::Send);
        assert_eq!(state.due(false), Due::TellRoom);
        state.await_room(false);
        assert_eq!(state.due(false), Due::Shutdown);
        state.shut_down();
        assert_eq!(state.due(false), Due::Nothing);
    }

    #[test]
    fn what_is_over_is_received_first() {
        let mut state = State::open();
        state.want(true);
        state.news(HANGUP);
        assert_eq!(state.due(true), Due::Receive);
        state.ended();
        assert_eq!(state.due(true), Due::Send);
    }

    #[test]
    fn keeps_the_loop_alive_while_it_is_read_or_has_something_to_send() {
        let mut state = State::open();
        assert!(!state.keeps_alive(true, false), "nothing is wanted and nothing is queued");
        assert!(state.keeps_alive(true, true));
        state.want(true);
        assert!(state.keeps_alive(true, false));
        state.want(false);
        assert!(!state.keeps_alive(true, false));
        state.want(true);
        state.ended();
        assert!(!state.keeps_alive(true, false), "there is nothing more to read");
        state.await_room(true);
        assert!(state.keeps_alive(true, false));
        state.await_room(false);
        state.request_shutdown();
        assert!(state.keeps_alive(true, false));
        state.shut_down();
        assert!(!state.keeps_alive(true, false));
        state.request_secure();
        assert!(state.keeps_alive(true, false));
        state.begin_handshake();
        assert!(state.keeps_alive(true, false));
        let mut connecting = State::connecting();
        assert!(connecting.keeps_alive(true, false));
        connecting.connected();
        assert!(!connecting.keeps_alive(true, false));
    }

    #[test]
    fn unreferenced_it_keeps_the_loop_alive_until_what_was_asked_for_is_done() {
        let mut state = State::connecting();
        state.want(true);
        assert!(state.keeps_alive(false, false));
        state.connected();
        assert!(!state.keeps_alive(false, false), "being read is nothing that gets done");
        assert!(state.keeps_alive(false, true));
        state.await_room(true);
        assert!(state.keeps_alive(false, false));
        state.await_room(false);
        state.request_secure();
        assert!(!state.keeps_alive(false, false), "the peer has its part in the handshake");
    }

    #[test]
    fn nothing_else_while_connecting() {
        let mut state = State::connecting();
        state.want(true);
        state.news(HANGUP);
        assert_eq!(state.due(true), Due::Connect);
        state.still_connecting();
        assert_eq!(state.due(true), Due::Nothing);
        state.news(WRITABLE);
        assert_eq!(state.due(true), Due::Connect);
        state.connected();
        assert_eq!(state.due(true), Due::Receive);
    }

    #[test]
    fn changes_over_to_tls_behind_what_is_queued() {
        let mut state = State::open();
        state.want(true);
        state.news(READABLE);
        state.block();
        state.request_secure();
        assert_eq!(state.due(true), Due::Nothing);
        state.news(WRITABLE);
        assert_eq!(state.due(true), Due::Send);
        assert_eq!(state.due(false), Due::Secure);
        state.begin_handshake();
        state.news(HANGUP);
        assert_eq!(state.due(true), Due::Nothing);
        assert!(state.is_securing());
        state.end_handshake();
        assert_eq!(state.due(false), Due::Receive);
        assert!(!state.is_securing());
    }
}
