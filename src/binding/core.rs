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
//! The callbacks are held strongly only while there is a stream or listener. Without one, nothing here keeps the
//! module that made the engine alive (jest makes one for every test file), and its collection shuts the engine down
//! ([`shutdown`](super::shutdown)).

use std::cell::{Cell, RefCell};
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::{Object, Result, Unknown};
use napi::sys;

use super::async_contexts::AsyncContexts;
use super::calls::Calls;
use super::events::Callback;
use super::memory::Memory;
use super::shutdown;
use crate::engine::Engine;
use crate::error;
use crate::reactor::wake::{Turn, Wake, Way};
use crate::tls::error::TlsError;

/// See the module.
pub struct Core {
    pub(super) env: sys::napi_env,
    pub(super) engine: RefCell<Engine>,
    pub(super) contexts: AsyncContexts,
    pub(super) calls: Calls,
    pub(super) memory: Memory,
    /// `None` once the engine is shut down.
    pub(super) wake: RefCell<Option<Wake>>,
    /// The wake keeps the loop alive.
    is_referenced: Cell<bool>,
    /// `onflush` has been called, and the flush is still to come.
    is_flush_requested: Cell<bool>,
    /// Null once the engine is shut down.
    pub(super) cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
    /// What the event that is being delivered is about: the name that a client has asked for, and what has failed in TLS.
    pub(super) asked_name: RefCell<Option<String>>,
    pub(super) tls_failure: RefCell<Option<Box<TlsError>>>,
}

impl Core {
    /// Starts an engine. `incoming` and `outgoing` are Buffers that only the JavaScript around the engine can reach.
    pub fn start(
        env: sys::napi_env,
        callbacks: &Object<'_>,
        incoming: &Unknown<'_>,
        outgoing: &Unknown<'_>,
        way: Way,
    ) -> Result<Rc<Self>> {
        let memory = Memory::new(env, incoming, outgoing)?;
        let engine = Engine::new(memory.incoming()).map_err(errno_as_message)?;
        let core = Rc::new(Self {
            env,
            engine: RefCell::new(engine),
            contexts: AsyncContexts::new(env),
            calls: Calls::new(env, callbacks)?,
            memory,
            wake: RefCell::new(None),
            is_referenced: Cell::new(false),
            is_flush_requested: Cell::new(false),
            cleanup: Cell::new(null_mut()),
            asked_name: RefCell::default(),
            tls_failure: RefCell::default(),
        });
        {
            let engine = core.engine.borrow();
            // SAFETY: this is the thread of `env`; the core keeps the reactor until the wake has been closed.
            let wake = unsafe { Wake::start(way, env, engine.reactor().fd(), Rc::clone(&core) as Rc<dyn Turn>)? };
            core.wake.replace(Some(wake));
        }
        shutdown::add_cleanup_hook(&core)?;
        Ok(core)
    }

    /// Which way the loop is woken, until the engine is shut down.
    pub fn way(&self) -> Option<Way> {
        self.wake.borrow().as_ref().map(Wake::way)
    }

    /// Runs `operation` on the engine, then updates what keeps the loop and the module alive.
    pub fn with<R>(&self, operation: impl FnOnce(&mut Engine) -> R) -> R {
        let result = operation(&mut self.engine.borrow_mut());
        self.settle();
        result
    }

    /// Runs a write. Returns how many bytes it took, or the negative errno, and makes sure that what was gathered is
    /// sent.
    pub fn write(&self, operation: impl FnOnce(&mut Engine) -> error::Result<usize>) -> i64 {
        let (outcome, needs_flush, is_settled) = {
            let mut engine = self.engine.borrow_mut();
            let outcome = operation(&mut engine);
            (outcome, engine.needs_flush(), engine.is_turning() || engine.is_referenced() == self.is_referenced.get())
        };
        if needs_flush && !self.is_flush_requested.replace(true) {
            self.request_flush();
        }
        // A flush settles, and so does the end of a turn; a write that waits for the kernel has neither.
        if !needs_flush && !is_settled {
            self.settle();
        }
        match outcome {
            Ok(taken) => i64::try_from(taken).unwrap_or(i64::MAX),
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
        self.settle();
    }

    /// Makes the current asynchronous context that of `id`, unless `id` has one. A handle scope is open.
    pub fn enter_context(&self, id: u32) {
        self.contexts.enter(id, &self.engine);
    }

    /// Runs `function` in the context of `id`.
    pub fn call_in_context(&self, id: u32, function: sys::napi_value) -> Option<sys::napi_value> {
        self.calls.run(self.contexts.of(id), function, &[])
    }

    /// Updates what keeps the loop and the module alive.
    pub(super) fn settle(&self) {
        let (is_referenced, has_sources, needs_flush) = {
            let engine = self.engine.borrow();
            (engine.is_referenced(), engine.sources() > 0, engine.needs_flush())
        };
        if !needs_flush {
            self.is_flush_requested.set(false);
        }
        let wake = self.wake.borrow();
        let Some(wake) = wake.as_ref() else { return };
        if self.is_referenced.replace(is_referenced) != is_referenced {
            wake.set_referenced(is_referenced);
        }
        self.calls.hold(has_sources);
    }

    /// Outside a turn, nothing flushes: has JavaScript do it at the end of its tick.
    fn request_flush(&self) {
        if self.calls.call_directly(Callback::Flush).is_none() {
            self.with(Engine::flush);
        }
    }
}

/// An error whose message is the errno: JavaScript makes a system error of it.
fn errno_as_message(error: std::io::Error) -> napi::Error {
    napi::Error::from_reason(error.raw_os_error().unwrap_or(libc::EINVAL).to_string())
}
