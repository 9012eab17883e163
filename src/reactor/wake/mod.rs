//! How the environment's event loop runs a turn when one is due: one seam, two ways.
//!
//! - [`uv`]: libuv watches the reactor's descriptor. Node on Linux and macOS.
//! - [`thread`]: a thread watches it and calls through a threadsafe function. Where there is no libuv to use (Bun, Deno),
//!   or on request.
//!
//! # Threads
//!
//! A [`Wake`] is made, used and closed on the JavaScript thread, and calls its [`LoopCallbacks`] only there. Nothing but the
//! watching thread's wait happens elsewhere.

mod thread;
mod uv;

use std::os::fd::BorrowedFd;
use std::rc::Rc;

use napi::sys;

/// What is woken. Whether a turn is under way is its own to know, not the wake's.
pub trait LoopCallbacks {
    /// Runs a whole turn. There is no JavaScript on the stack, so that each event gets its ticks and microtasks.
    fn turn(&self);

    /// Runs the next event of a turn, which begins if none is under way. The caller's callback scope runs the ticks and
    /// microtasks afterwards. Returns whether the turn goes on.
    fn step(&self) -> bool;

    /// Has JavaScript call [`Wake::deferred`] after the ticks and microtasks of the last event. `false` where they run
    /// when a call of a threadsafe function returns: then the wake calls again itself.
    fn defer(&self) -> bool;

    /// The events of a round of the loop are next: calls what has waited for those of the last; see
    /// [`Wake::call_after_events`].
    fn before_events(&self);

    /// The events of this round of the loop have been: calls what waits for that; see [`Wake::call_after_events`].
    fn after_events(&self);

    /// Calls what waits for the closing phase of the loop; see [`Wake::call_when_closing`].
    fn closing(&self);

    /// Has JavaScript call [`Wake::watch_again`] when the loop has come round. `false` where no JavaScript can be run:
    /// then the wake goes on at once.
    fn come_round(&self) -> bool;
}

/// The way to watch the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// libuv where there is one to use, else the thread.
    Uv,
    /// The thread.
    Thread,
}

/// Called when the wake is closed, and the environment may end.
pub type Closed = Box<dyn FnOnce()>;

/// A running wake. It keeps its [`LoopCallbacks`] alive, and has to be closed before the environment ends.
pub enum Wake {
    /// See [`uv`].
    Uv(uv::Uv),
    /// See [`thread`].
    Thread(thread::Thread),
}

impl Wake {
    /// Starts to watch `fd`, without keeping the loop alive.
    ///
    /// # Safety
    ///
    /// `env` is the environment of this thread, and `fd` stays open until the wake has been closed.
    pub unsafe fn start(
        way: Way,
        env: sys::napi_env,
        fd: BorrowedFd<'_>,
        callbacks: Rc<dyn LoopCallbacks>,
    ) -> napi::Result<Self> {
        if way == Way::Uv {
            // SAFETY: as promised by the caller.
            if let Some(uv) = unsafe { uv::Uv::start(env, fd, Rc::clone(&callbacks)) } {
                return Ok(Self::Uv(uv));
            }
        }
        // SAFETY: as promised by the caller.
        unsafe { thread::Thread::start(env, fd, callbacks) }.map(Self::Thread)
    }

    /// The way that is taken.
    pub fn way(&self) -> Way {
        match self {
            Self::Uv(_) => Way::Uv,
            Self::Thread(_) => Way::Thread,
        }
    }

    /// What runs the next event where [`LoopCallbacks::defer`] has asked for that. To be called at once.
    pub fn deferred(&self) -> Option<impl FnOnce() + use<>> {
        match self {
            Self::Uv(_) => None,
            Self::Thread(thread) => Some(thread.deferred()),
        }
    }

    /// Watches the descriptor again, which [`LoopCallbacks::come_round`] has put off.
    pub fn watch_again(&self) {
        match self {
            Self::Uv(_) => {}
            Self::Thread(thread) => thread.watch_again(),
        }
    }

    /// Has [`LoopCallbacks::after_events`] called when the events of this round of the loop have been, and, if they have already,
    /// [`LoopCallbacks::before_events`] before those of the next; again and again, until [`Self::called_after_events`]. The loop
    /// stays alive until then. Returns `false` where there are no such phases.
    pub fn call_after_events(&self) -> bool {
        match self {
            Self::Uv(uv) => uv.call_after_events(),
            Self::Thread(_) => false,
        }
    }

    /// Undoes [`Self::call_after_events`].
    pub fn called_after_events(&self) {
        match self {
            Self::Uv(uv) => uv.called_after_events(),
            Self::Thread(_) => {}
        }
    }

    /// Has [`LoopCallbacks::closing`] called in the closing phase of this round of the loop, after its immediates. The loop stays
    /// alive until then. Returns `false` where there is no such phase.
    pub fn call_when_closing(&self) -> bool {
        match self {
            Self::Uv(uv) => uv.call_when_closing(),
            Self::Thread(_) => false,
        }
    }

    /// Sets whether it keeps the loop alive.
    pub fn set_referenced(&self, referenced: bool) {
        match self {
            Self::Uv(uv) => uv.set_referenced(referenced),
            Self::Thread(thread) => thread.set_referenced(referenced),
        }
    }

    /// Stops watching and drops the [`LoopCallbacks`], then calls `closed`.
    pub fn close(self, closed: Closed) {
        match self {
            Self::Uv(uv) => uv.close(closed),
            Self::Thread(thread) => {
                thread.close();
                closed();
            }
        }
    }
}
