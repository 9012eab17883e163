//! A stream's state machine between JavaScript and a kernel whose news is edge-triggered, both played by the input.
//!
//! At every step: nothing but connecting while it connects, nothing during a handshake, nothing received that is not
//! wanted or after the end, nothing said of room or ended before all is sent. And at the end, when the kernel and
//! JavaScript let everything happen, everything has: no wakeup is lost.

use super::input::Input;
use crate::reactor::Readiness;
use crate::stream::state::{Due, State};
use crate::stream::tls_state::TlsState;

/// The other side of the descriptor.
#[derive(Debug, Default)]
struct Kernel {
    connecting: bool,
    inbox: usize,
    fin: bool,
    room: usize,
    /// It took less than was offered, and tells when there is room.
    short: bool,
    /// What it will tell at the next poll.
    news: Readiness,
}

#[derive(Debug)]
struct Play {
    state: State,
    tls: TlsState<(), (), (), ()>,
    kernel: Kernel,
    queued: usize,
    wanted: bool,
    awaited: bool,
    end: End,
    has_ended: bool,
}

#[derive(Debug, PartialEq)]
enum End {
    Open,
    Requested,
    Done,
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let connecting = input.flag();
    let kernel = Kernel { connecting, room: input.size(), ..Kernel::default() };
    let mut play = Play {
        state: if connecting { State::connecting() } else { State::open() },
        tls: TlsState::Clear,
        kernel,
        queued: 0,
        wanted: false,
        awaited: false,
        end: End::Open,
        has_ended: false,
    };
    play.watch();
    while !input.is_empty() {
        play.step(&mut input);
        play.check();
    }
    play.settle();
}

impl Play {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 12 {
            0 => self.peer_sends(input.size()),
            1 => self.peer_ends(),
            2 => self.kernel_takes(input.size()),
            3 => self.kernel_connects(),
            4 => self.want(true),
            5 => self.want(false),
            6 => self.write(input.size()),
            7 => self.request_end(),
            8 => self.request_secure(),
            9 => self.watch_again(),
            10 => self.poll(),
            _ => self.serve(input.size()),
        }
    }

    // The kernel and the peer.

    fn peer_sends(&mut self, count: usize) {
        if !self.kernel.connecting && !self.kernel.fin && count > 0 {
            self.kernel.inbox += count;
            self.kernel.news.readable = !self.tls.is_handshaking();
        }
    }

    fn peer_ends(&mut self) {
        if !self.kernel.connecting && !self.kernel.fin {
            self.kernel.fin = true;
            if !self.tls.is_handshaking() {
                self.kernel.news = Readiness { readable: true, writable: true, hangup: true };
            }
        }
    }

    fn kernel_takes(&mut self, count: usize) {
        self.kernel.room += count;
        if count > 0 && std::mem::take(&mut self.kernel.short) {
            self.kernel.news.writable |= !self.tls.is_handshaking();
        }
    }

    fn kernel_connects(&mut self) {
        if std::mem::take(&mut self.kernel.connecting) {
            self.kernel.news.writable = true;
        }
    }

    /// The descriptor is registered: what is there already is news.
    fn watch(&mut self) {
        let Kernel { connecting, inbox, fin, room, .. } = self.kernel;
        let writable = (room > 0 || fin) && !connecting;
        self.kernel.news = Readiness { readable: inbox > 0 || fin, writable, hangup: fin };
    }

    fn poll(&mut self) {
        let news = std::mem::take(&mut self.kernel.news);
        if news != Readiness::default() {
            self.state.on_readiness(news);
        }
    }

    // JavaScript.

    fn want(&mut self, wanted: bool) {
        self.wanted = wanted;
        self.state.want(wanted);
    }

    fn write(&mut self, count: usize) {
        if self.end != End::Open || count == 0 {
            return;
        }
        if self.state.is_blocked() || self.tls.is_changing() {
            self.awaited = true;
            self.state.await_room(true);
        } else if !self.state.is_connecting() {
            self.queued += count;
        }
    }

    fn request_end(&mut self) {
        if self.end == End::Open && !self.state.is_connecting() && !self.tls.is_changing() {
            self.end = End::Requested;
            self.state.request_shutdown();
        }
    }

    fn request_secure(&mut self) {
        if !self.state.is_connecting() && self.end == End::Open {
            self.tls.request(());
        }
    }

    fn watch_again(&mut self) {
        if self.tls.is_handshaking() {
            self.tls.post(());
        }
    }

    // The driver.

    /// Does what is due, as `Stream::serve` does; receives `most` bytes at the most.
    fn serve(&mut self, most: usize) {
        let most = most.max(1);
        loop {
            match self.state.due(&self.tls, self.queued > 0) {
                Due::CheckConnect if self.kernel.connecting => self.state.await_outcome(),
                Due::CheckConnect => return self.state.connected(),
                Due::Send => {
                    assert!(self.queued > 0 && !self.tls.is_handshaking());
                    let count = self.queued.min(self.kernel.room);
                    self.queued -= count;
                    self.kernel.room -= count;
                    if self.queued > 0 {
                        self.kernel.short = true;
                        self.state.block();
                    }
                }
                Due::ReportRoom => {
                    assert!(self.queued == 0 && self.awaited && !self.state.is_blocked());
                    self.awaited = false;
                    return self.state.await_room(false);
                }
                Due::Shutdown => {
                    assert!(self.queued == 0 && self.end == End::Requested);
                    self.end = End::Done;
                    return self.state.shut_down();
                }
                Due::BeginHandshake => {
                    assert!(self.queued == 0 && matches!(self.tls, TlsState::Requested(())));
                    self.kernel.news = Readiness::default();
                    assert_eq!(self.tls.begin(Ok::<(), ()>), Ok(()));
                }
                Due::HandshakeMessage => {
                    assert_eq!(self.tls.take_message(), Some(()));
                    self.tls.succeed(());
                    self.state.watch_again();
                    self.watch();
                }
                Due::ReportFailure => unreachable!("nothing fails here"),
                Due::ReportLimit => unreachable!("nothing is limited here"),
                Due::ReportDisconnect => unreachable!("no handshake is held here"),
                Due::ReportSession => unreachable!("the state knows no sessions"),
                Due::Receive => return self.receive(most),
                Due::Nothing => return,
            }
        }
    }

    fn receive(&mut self, most: usize) {
        assert!(self.wanted && !self.has_ended && !self.state.is_connecting() && !self.tls.is_changing());
        let count = self.kernel.inbox.min(most);
        self.kernel.inbox -= count;
        match (count, self.kernel.fin) {
            (0, true) => {
                self.has_ended = true;
                self.state.end();
            }
            (0, false) => self.state.found_nothing(),
            _ => self.state.received(count < most),
        }
    }

    fn check(&self) {
        let due = self.state.due(&self.tls, self.queued > 0);
        if self.state.is_connecting() {
            assert!(matches!(due, Due::CheckConnect | Due::Nothing), "{due:?} while connecting");
        }
        if self.tls.is_handshaking() {
            assert!(matches!(due, Due::HandshakeMessage | Due::Nothing), "{due:?} during a handshake");
        }
        if due == Due::Receive {
            assert!(self.wanted && !self.has_ended, "{self:?}");
        }
        assert!(!self.state.is_writable() || (self.end == End::Open && !self.state.is_connecting()));
    }

    /// Everything that can happen does, and then nothing is left.
    fn settle(&mut self) {
        self.kernel_connects();
        self.kernel_takes(self.queued + (1 << 20));
        self.want(true);
        for _ in 0..16 {
            self.poll();
            for _ in 0..16 {
                self.serve(1 << 24);
                self.check();
            }
            self.watch_again();
        }
        assert_eq!((self.kernel.inbox, self.queued), (0, 0), "{self:?}");
        assert_eq!(self.has_ended, self.kernel.fin, "{self:?}");
        assert!(!self.awaited && self.end != End::Requested && !self.tls.is_changing(), "{self:?}");
    }
}
