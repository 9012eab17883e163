//! The reactor: which descriptors are ready, in which order they are served, and whether the environment's loop is kept
//! alive.
//!
//! One reactor belongs to one engine and lives on its thread. It never waits: the environment's own event loop does that
//! on the reactor's descriptor (see [`wake`]) and then runs a turn. Polling is edge-triggered, so readiness is reported
//! once; what was not used up stays in the queue here. A lone busy source is served without a poll ([`guess`]): what
//! the kernel has to report of it stays with the kernel, which drops that once it has been used up.
//!
//! It knows neither sockets nor Node-API (except `wake`): only ids, readiness and fairness.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};

use crate::socket::fault;

mod guess;
pub mod mailbox;
pub mod receive_buffer;
pub mod wake;

use guess::Guess;
pub use mailbox::Mailbox;
pub use receive_buffer::ReceiveBuffer;

/// Names a source for as long as it is open. Small numbers, used again after the source is gone.
pub type Id = u32;

/// The token of the waker. Ids stay far below.
const WAKER: Token = Token(usize::MAX);

/// Readiness taken from the kernel at once; more simply stays there for the next turn.
const EVENTS_PER_TURN: usize = 1024;

/// Whether a source can be served before it is polled: epoll looks at what has been reported once more before it is
/// passed on, a kqueue below another does not.
const CAN_GUESS: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What the kernel says of a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There may be bytes, a connection or an end to read.
    pub readable: bool,
    /// The kernel may take bytes again, or an attempt to connect is over.
    pub writable: bool,
    /// The end is among what there is to read: a short read is not the last one.
    pub hangup: bool,
}

/// See the module.
pub struct Reactor {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
    /// The waker has been called, and no turn has begun since.
    woken: bool,
    guess: Guess,
    /// A turn is being run: what is queued now needs no waker.
    turning: bool,
    ready: VecDeque<Id>,
    /// Those that have used up their quota of this turn.
    deferred: Vec<Id>,
    /// How many sources keep the environment's loop alive.
    keeping_alive: usize,
}

impl Reactor {
    /// A reactor with nothing in it.
    pub fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(Self {
            poll,
            events: Events::with_capacity(EVENTS_PER_TURN),
            waker,
            woken: false,
            guess: Guess::default(),
            turning: false,
            ready: VecDeque::new(),
            deferred: Vec::new(),
            keeping_alive: 0,
        })
    }

    /// Readable whenever a turn should be run.
    pub fn fd(&self) -> BorrowedFd<'_> {
        // SAFETY: `poll` owns the descriptor and lives as long as the borrow.
        unsafe { BorrowedFd::borrow_raw(self.poll.as_raw_fd()) }
    }

    /// Asks for a turn, from any thread.
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Watches `fd` for bytes to read and, with `writable`, for room to write.
    pub fn register(&self, fd: impl AsFd, id: Id, writable: bool) -> io::Result<()> {
        fault::at("epoll_ctl")?;
        self.poll.registry().register(&mut SourceFd(&raw(&fd)), token(id), interest(writable))
    }

    /// Also watches for room to write from now on; if there is room already, that is reported.
    pub fn watch_writable(&self, fd: impl AsFd, id: Id) -> io::Result<()> {
        fault::at("epoll_ctl")?;
        self.poll.registry().reregister(&mut SourceFd(&raw(&fd)), token(id), interest(true))
    }

    /// Forgets `fd`. Needed only where closing does not do it: a descriptor that another process shares.
    pub fn deregister(&self, fd: impl AsFd) {
        // A descriptor that is not watched has nothing to forget.
        let _ = self.poll.registry().deregister(&mut SourceFd(&raw(&fd)));
    }

    /// Begins a turn: takes the readiness that the kernel reports and passes each to `update`, which returns whether the
    /// source is to be queued. If there is a guess, that is passed instead, and [`Self::poll_late`] takes the rest.
    pub fn begin_turn(&mut self, mut update: impl FnMut(Id, Readiness) -> bool) {
        self.turning = true;
        self.ready.extend(self.deferred.drain(..));
        // What the reactor has been woken for by itself is no source's doing.
        let may_guess = CAN_GUESS && !self.woken && self.ready.is_empty();
        if let Some(id) = may_guess.then(|| self.guess.begin_turn()).flatten()
            && update(id, Readiness { readable: true, ..Readiness::default() })
        {
            self.ready.push_back(id);
            return;
        }
        self.poll(update);
    }

    /// Takes what the kernel reports, if [`Self::begin_turn`] has left that, and the guess was not right. Returns whether it
    /// has.
    pub fn poll_late(&mut self, update: impl FnMut(Id, Readiness) -> bool) -> bool {
        let is_due = self.guess.is_open();
        if is_due {
            self.poll(update);
        }
        is_due
    }

    /// A message of source `id` was received.
    pub fn note_message(&mut self, id: Id) {
        self.guess.note_message(id);
    }

    fn poll(&mut self, mut update: impl FnMut(Id, Readiness) -> bool) {
        // Only an interrupted call can fail here, and the loop calls again while anything is ready.
        let _ = self.poll.poll(&mut self.events, Some(Duration::ZERO));
        let (mut first, mut count) = (None, 0);
        for event in &self.events {
            count += 1;
            if event.token() == WAKER {
                self.woken = false;
                continue;
            }
            let Ok(id) = Id::try_from(event.token().0) else { continue };
            first = first.or(Some(id));
            let hangup = event.is_read_closed() || event.is_write_closed() || event.is_error();
            let readiness =
                Readiness { readable: event.is_readable() || hangup, writable: event.is_writable() || hangup, hangup };
            if update(id, readiness) {
                self.ready.push_back(id);
            }
        }
        self.guess.note_poll(first.filter(|_| count == 1));
    }

    /// The next source to serve in this turn. It is no longer queued.
    pub fn next_ready(&mut self) -> Option<Id> {
        self.ready.pop_front()
    }

    /// The source that is next.
    pub fn peek_ready(&self) -> Option<Id> {
        self.ready.front().copied()
    }

    /// Asks for `id` to be served: in this turn if one is running, else in one of its own.
    pub fn enqueue(&mut self, id: Id) {
        self.ready.push_back(id);
        if !self.turning {
            self.wake();
        }
    }

    /// One more source keeps the environment's loop alive (`true`), or one fewer.
    pub fn keep_loop_alive(&mut self, more: bool) {
        if more {
            self.keeping_alive += 1;
        } else {
            self.keeping_alive -= 1;
        }
    }

    /// Whether any source keeps the environment's loop alive.
    pub fn is_loop_kept_alive(&self) -> bool {
        self.keeping_alive > 0
    }

    /// Defers `id` to the next turn, so that the others get theirs.
    pub fn defer(&mut self, id: Id) {
        self.deferred.push(id);
    }

    /// Ends a turn. What was deferred, or not reached, asks for another.
    pub fn end_turn(&mut self) {
        self.turning = false;
        if !(self.ready.is_empty() && self.deferred.is_empty()) {
            self.wake();
        }
    }

    fn wake(&mut self) {
        if !self.woken {
            // The counter after the waker can't overflow: it is written once per turn.
            self.woken = self.waker.wake().is_ok();
        }
    }
}

fn raw(fd: &impl AsFd) -> RawFd {
    fd.as_fd().as_raw_fd()
}

fn token(id: Id) -> Token {
    Token(id as usize)
}

fn interest(writable: bool) -> Interest {
    if writable { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    fn is_ready(reactor: &Reactor) -> bool {
        let mut fds = [rustix::event::PollFd::from_borrowed_fd(reactor.fd(), rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&now)).unwrap() == 1
    }

    fn turn(reactor: &mut Reactor) -> Vec<Id> {
        reactor.begin_turn(|_, _| true);
        let served = std::iter::from_fn(|| reactor.next_ready()).collect();
        reactor.end_turn();
        served
    }

    #[test]
    fn readiness_is_reported_once() {
        let mut reactor = Reactor::new().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        reactor.register(&ours, 7, false).unwrap();
        assert_eq!(turn(&mut reactor), []);
        theirs.write_all(b"x").unwrap();
        assert!(is_ready(&reactor));
        assert_eq!(turn(&mut reactor), [7]);
        assert_eq!(turn(&mut reactor), []);
        assert!(!is_ready(&reactor));
    }

    #[test]
    fn what_is_queued_outside_a_turn_wakes_the_loop() {
        let mut reactor = Reactor::new().unwrap();
        assert!(!is_ready(&reactor));
        reactor.enqueue(3);
        assert!(is_ready(&reactor));
        assert_eq!(turn(&mut reactor), [3]);
        assert!(!is_ready(&reactor));
    }

    #[test]
    fn what_is_deferred_comes_in_the_next_turn() {
        let mut reactor = Reactor::new().unwrap();
        reactor.begin_turn(|_, _| true);
        reactor.defer(5);
        assert_eq!(reactor.next_ready(), None);
        reactor.end_turn();
        assert!(is_ready(&reactor));
        assert_eq!(turn(&mut reactor), [5]);
    }

    #[test]
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn a_lone_source_is_served_before_the_kernel_is_asked_for_more() {
        let mut reactor = Reactor::new().unwrap();
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let (other, mut peer) = UnixStream::pair().unwrap();
        reactor.register(&ours, 1, false).unwrap();
        reactor.register(&other, 2, false).unwrap();
        let mut receive = |reactor: &mut Reactor| {
            theirs.write_all(b"x").unwrap();
            reactor.begin_turn(|_, _| true);
            let served = reactor.next_ready();
            ours.read_exact(&mut [0]).unwrap();
            reactor.note_message(1);
            served
        };
        for _ in 0..20 {
            assert_eq!(receive(&mut reactor), Some(1));
            reactor.end_turn();
            assert!(!is_ready(&reactor), "what was received is not reported again");
        }
        peer.write_all(b"x").unwrap();
        assert_eq!(receive(&mut reactor), Some(1));
        assert_eq!(reactor.next_ready(), None, "the kernel was not asked");
        reactor.end_turn();
        assert!(is_ready(&reactor));
        reactor.begin_turn(|_, _| true);
        assert_eq!(reactor.next_ready(), Some(1));
        reactor.poll_late(|_, _| true);
        assert_eq!(reactor.next_ready(), Some(2), "it had nothing, so the kernel was");
        reactor.end_turn();
        assert!(!is_ready(&reactor));
    }

    #[test]
    fn a_hangup_is_reported_as_readable_too() {
        let mut reactor = Reactor::new().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        reactor.register(&ours, 1, false).unwrap();
        drop(theirs);
        let mut seen = Vec::new();
        reactor.begin_turn(|id, readiness| {
            seen.push((id, readiness.readable, readiness.hangup));
            false
        });
        reactor.end_turn();
        assert_eq!(seen, [(1, true, true)]);
    }
}
