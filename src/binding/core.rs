//! What the class [`NativeEngine`](super::NativeEngine) shares with the wake: the engine, and all that calls into
//! JavaScript need.
//!
//! There is one for each engine, used on the JavaScript thread of its environment only. It is shared by the class, the
//! functions of [`fast`](super::fast), the wake and the cleanup hook of the environment.
//!
//! # Borrowing
//!
//! JavaScript calls back into the engine from inside every event. So the engine is borrowed for one operation at a time
//! and never while JavaScript runs.
//!
//! # Lifetime
//!
//! The callbacks are held strongly only while there is a stream or listener, or a call of them is due. Otherwise, nothing
//! here keeps the module that made the engine alive (jest makes one for every test file), and its collection shuts the
//! engine down ([`lifetime`](super::lifetime)).

use std::cell::{Cell, RefCell};
use std::time::Duration;

use napi::sys;

use super::async_contexts::AsyncContexts;
use super::calls::Calls;
use super::constants::FLUSH_DUE;
use super::memory::Memory;
use super::phases::Phases;
use crate::engine::{Engine, Ticket};
use crate::error;
use crate::reactor::Id;
use crate::reactor::wake::{Wake, Way};

/// The cleanup hook that has been added to the environment.
#[derive(Clone, Copy)]
pub enum Cleanup {
    /// A hook that is called and done.
    Hook,
    /// One that has to be removed for the environment to end.
    Async(sys::napi_async_cleanup_hook_handle),
}

/// See the module.
pub struct Core {
    pub(super) env: sys::napi_env,
    pub(super) engine: RefCell<Engine>,
    pub(super) contexts: AsyncContexts,
    pub(super) calls: Calls,
    pub(super) phases: Phases,
    pub(super) memory: Memory,
    /// `None` once the engine is shut down.
    pub(super) wake: RefCell<Option<Wake>>,
    /// The wake keeps the loop alive.
    pub(super) is_referenced: Cell<bool>,
    /// `None` once the engine is shut down.
    pub(super) cleanup: Cell<Option<Cleanup>>,
}

impl Core {
    /// Which way the loop is woken, until the engine is shut down.
    pub fn way(&self) -> Option<Way> {
        self.wake.borrow().as_ref().map(Wake::way)
    }

    /// Runs the next event of a turn; see [`Wake::deferred`].
    pub fn go_on(&self) {
        // The event may close the wake, so that is not borrowed meanwhile.
        let deferred = self.wake.borrow().as_ref().and_then(Wake::deferred);
        if let Some(run) = deferred {
            run();
        }
    }

    /// Has the wake watch again; see [`Wake::watch_again`].
    pub fn watch_again(&self) {
        if let Some(wake) = self.wake.borrow().as_ref() {
            wake.watch_again();
        }
    }

    /// Runs `operation` on the engine, then updates what keeps the loop and the module alive.
    pub fn with<R>(&self, operation: impl FnOnce(&mut Engine) -> R) -> R {
        let result = operation(&mut self.engine.borrow_mut());
        self.update_refs();
        result
    }

    /// Runs a write. Returns how many bytes it took, plus [`FLUSH_DUE`] if it is the first that waits for a flush, or
    /// the negative errno.
    pub fn write(&self, operation: impl FnOnce(&mut Engine) -> error::Result<usize>) -> i64 {
        let (outcome, was_due, is_due, is_settled) = {
            let mut engine = self.engine.borrow_mut();
            let was_due = engine.needs_flush();
            let outcome = operation(&mut engine);
            let is_settled = engine.is_turning() || engine.is_referenced() == self.is_referenced.get();
            (outcome, was_due, engine.needs_flush(), is_settled)
        };
        // A flush updates them, and so does the end of a turn; a write that waits for the kernel has neither.
        if !is_due && !is_settled {
            self.update_refs();
        }
        match outcome {
            Ok(taken) => i64::try_from(taken).unwrap_or(i64::MAX) + if is_due && !was_due { FLUSH_DUE } else { 0 },
            Err(error) => -i64::from(error.errno),
        }
    }

    /// Releases `id`.
    pub fn release(&self, id: u32) {
        self.contexts.leave(id);
        let is_turning = {
            let mut engine = self.engine.borrow_mut();
            engine.release(id);
            engine.is_turning()
        };
        if !is_turning {
            self.contexts.clear();
        }
        self.update_refs();
    }

    /// Takes stream `id` out of the engine; see [`Engine::detach`].
    pub fn detach(&self, id: u32, wait: Duration) -> Option<Ticket> {
        let ticket = self.engine.borrow_mut().detach(id, wait)?;
        self.release(id);
        Some(ticket)
    }

    /// Gives `id` an asynchronous context below the current one, unless it has one. A handle scope is open.
    pub fn enter_context(&self, id: u32) {
        self.contexts.enter(id, &self.engine);
    }

    /// Gives `id` an asynchronous context below the current one in the place of that which it has. A handle scope is open.
    pub fn renew_context(&self, id: u32) {
        self.contexts.leave(id);
        self.contexts.enter(id, &self.engine);
    }

    /// Gives an accepted stream, which comes from outside, a context below the root. A handle scope is open.
    pub(super) fn enter_root_context(&self, id: u32) {
        match self.way() {
            // The current context is that of the threadsafe function.
            Some(Way::Thread) => self.calls.in_root_context(|| self.enter_context(id)),
            // Between two events of a turn that libuv runs, it is the root.
            _ => self.enter_context(id),
        }
    }

    /// Runs `function` in the context of `id`.
    pub fn call_in_context(&self, id: u32, function: sys::napi_value) -> Option<sys::napi_value> {
        self.calls.run(self.contexts.of(id), function, &[])
    }

    /// Has `afterEvents` called once when the events of this round have been, in an asynchronous context below the
    /// current one. Returns `false` where there is no libuv. A handle scope is open.
    pub fn call_after_events(&self) -> bool {
        // Runs hooks of the program, which may ask for calls of their own.
        let context = self.contexts.make("SHUTDOWNWRAP");
        let is_first = self.phases.after_events.borrow().is_empty();
        if is_first && !self.phases.is_after_events.get() && !self.asks(Wake::call_after_events) {
            return false;
        }
        self.phases.after_events.borrow_mut().push(context);
        self.update_refs();
        true
    }

    /// Has `closing` called once in the closing phase of this round, in the context of `id`, or in one below the current
    /// one if it has none. `None` where there is no libuv; otherwise whether it is the first of its round. A handle scope
    /// is open.
    pub fn call_when_closing(&self, id: Id) -> Option<bool> {
        let context = self.contexts.share(id).unwrap_or_else(|| self.contexts.make("TCPWRAP"));
        let is_first = self.phases.closing.borrow().is_empty();
        if is_first && !self.asks(Wake::call_when_closing) {
            return None;
        }
        self.phases.closing.borrow_mut().push(context);
        self.update_refs();
        Some(is_first)
    }

    pub(super) fn asks(&self, request: fn(&Wake) -> bool) -> bool {
        self.wake.borrow().as_ref().is_some_and(request)
    }

    /// Updates what keeps the loop and the module alive.
    pub(super) fn update_refs(&self) {
        let (is_referenced, has_sources) = {
            let engine = self.engine.borrow();
            (engine.is_referenced(), engine.sources() > 0)
        };
        let wake = self.wake.borrow();
        let Some(wake) = wake.as_ref() else { return };
        if self.is_referenced.replace(is_referenced) != is_referenced {
            wake.set_referenced(is_referenced);
        }
        self.calls.hold(has_sources || self.phases.is_awaited());
    }
}
