//! How the environment's event loop learns that a turn is due: one seam, two ways.
//!
//! - [`uv`]: libuv watches the reactor's descriptor. Node on Linux and macOS.
//! - [`thread`]: a thread watches it and calls through a threadsafe function. Where libuv's loop can't be had (Bun,
//!   Deno), or when it is asked for.
//!
//! # Threads
//!
//! A [`Wake`] is made, used and closed on the JavaScript thread, and calls its [`Turn`] only there. Nothing but the
//! watching thread's wait happens elsewhere.

mod thread;
mod uv;

use std::os::fd::BorrowedFd;
use std::rc::Rc;

use napi::sys;

/// What is woken.
pub trait Turn {
    /// Runs a whole turn. There is no JavaScript on the stack, so that each event gets its ticks and microtasks.
    fn turn(&self);

    /// Begins a turn or goes on with it, as far as one event, after which the caller's callback scope runs the ticks
    /// and microtasks. Says whether there is more.
    fn step(&self) -> bool;
}

/// Which way to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// libuv if its loop can be had, else the thread.
    Uv,
    /// The thread.
    Thread,
}

/// Called once the environment needs to wait for nothing more.
pub type Closed = Box<dyn FnOnce()>;

/// A running wake. It keeps its [`Turn`], and is to be closed before the environment ends.
pub enum Wake {
    /// See [`uv`].
    Uv(uv::Uv),
    /// See [`thread`].
    Thread(thread::Thread),
}

impl Wake {
    /// Starts to watch `fd`. It does not keep the loop alive until it is told to.
    ///
    /// # Safety
    ///
    /// `env` is the environment of this thread, and `fd` stays open until the wake has been closed.
    pub unsafe fn start(way: Way, env: sys::napi_env, fd: BorrowedFd<'_>, turn: Rc<dyn Turn>) -> napi::Result<Self> {
        if way == Way::Uv {
            // SAFETY: as promised by the caller.
            if let Some(uv) = unsafe { uv::Uv::start(env, fd, Rc::clone(&turn)) } {
                return Ok(Self::Uv(uv));
            }
        }
        // SAFETY: as promised by the caller.
        unsafe { thread::Thread::start(env, fd, turn) }.map(Self::Thread)
    }

    /// Which way it is.
    pub fn way(&self) -> Way {
        match self {
            Self::Uv(_) => Way::Uv,
            Self::Thread(_) => Way::Thread,
        }
    }

    /// Whether it keeps the loop alive.
    pub fn set_referenced(&self, referenced: bool) {
        match self {
            Self::Uv(uv) => uv.set_referenced(referenced),
            Self::Thread(thread) => thread.set_referenced(referenced),
        }
    }

    /// Stops watching and lets go of the [`Turn`], then calls `closed`.
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
