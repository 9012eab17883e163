//! A turn: what the wake runs when the reactor's descriptor is readable. One event after the other is found by the
//! engine, delivered to JavaScript and, where it is time, what was written meanwhile is sent.
//!
//! Runs on the JavaScript thread. Whether a turn is under way is known to the engine alone
//! ([`Engine::is_turning`]). A panic inside the engine stays in the part of the turn that it happened in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use napi::sys;

use super::core::Core;
use super::events::{self, Callback};
use super::phases::ROUNDS;
use crate::engine::{Engine, Event};
use crate::reactor::wake::LoopCallbacks;

impl LoopCallbacks for Core {
    fn turn(&self) {
        self.begin();
        while self.advance() {}
        self.end();
    }

    fn step(&self) -> bool {
        if !self.engine.borrow().is_turning() {
            self.begin();
        }
        let goes_on = self.advance();
        if !goes_on {
            self.end();
        }
        goes_on
    }

    fn before_events(&self) {
        self.run_after_events(1);
    }

    fn after_events(&self) {
        self.run_after_events(ROUNDS);
    }

    fn closing(&self) {
        self.run_closing();
    }

    fn defer(&self) -> bool {
        self.scoped(|| self.calls.defer())
    }

    fn come_round(&self) -> bool {
        self.scoped(|| self.calls.come_round())
    }
}

impl Core {
    fn begin(&self) {
        self.scoped(|| self.calls.look());
        self.guard(Engine::begin_turn);
    }

    /// Delivers the next event, and sends what is due. Returns whether there was one.
    fn advance(&self) -> bool {
        if !self.is_open() {
            return false;
        }
        let goes_on = self.calls.can_run() && self.serve_next();
        let is_flushed =
            if !goes_on || self.engine.borrow_mut().take_flush_due() { self.guard(Engine::flush) } else { Some(()) };
        self.update_refs();
        // After a flush that has panicked, JavaScript has been called, and may have written.
        goes_on || is_flushed.is_none()
    }

    /// Serves sources up to their next event, and delivers it. Returns whether there was one. Where no JavaScript can be
    /// run any more, nothing is to be served: what waits may be another's, such as connections of a shared port.
    fn serve_next(&self) -> bool {
        match self.guard(Engine::step) {
            Some(Some(event)) => {
                self.deliver(event);
                true
            }
            Some(None) => false,
            None => true,
        }
    }

    /// Delivers `event` to JavaScript, in a handle scope of its own.
    fn deliver(&self, event: Event) {
        self.scoped(|| {
            if let Event::Connection { listener, stream, .. } = event {
                self.enter_root_context(stream);
                // The hooks of `async_hooks` have run, and may have closed the listener.
                let is_open = self.engine.borrow_mut().listener(listener).is_some_and(|listener| listener.is_open());
                if !is_open {
                    self.release(stream);
                    return;
                }
            }
            // SAFETY: this is the thread of the environment, and a handle scope is open.
            unsafe {
                events::convert(event, self.env, |id, callback, arguments| {
                    let outcome = self.calls.call(self.contexts.of(id), callback, arguments);
                    if let (Callback::ondata | Callback::onbulk, Some(reader)) = (callback, outcome) {
                        self.calls.read_natively(reader);
                    }
                });
            }
        });
    }

    fn end(&self) {
        self.guard(Engine::end_turn);
        self.contexts.clear();
        self.update_refs();
    }

    /// Calls what waits for the end of the events, and what that asks for, up to `rounds` times.
    fn run_after_events(&self, rounds: usize) {
        self.phases.is_after_events.set(true);
        for _ in 0..rounds {
            for context in self.phases.after_events.take() {
                self.scoped(|| self.calls.after_events(context.raw()));
            }
        }
        self.phases.is_after_events.set(false);
        if self.phases.after_events.borrow().is_empty()
            && let Some(wake) = self.wake.borrow().as_ref()
        {
            wake.called_after_events();
        }
        self.update_refs();
    }

    /// Calls what waits for the closing phase.
    fn run_closing(&self) {
        for context in self.phases.closing.take().into_iter().rev() {
            self.scoped(|| self.calls.closing(context.raw()));
        }
        self.update_refs();
    }

    /// Runs a part of a turn. `None` if it panics: that becomes an error of the source that was served last.
    fn guard<R>(&self, part: fn(&mut Engine) -> R) -> Option<R> {
        let outcome = catch_unwind(AssertUnwindSafe(|| part(&mut self.engine.borrow_mut())));
        if outcome.is_err() {
            let served = self.engine.borrow().served();
            self.deliver(Event::Panicked(served));
        }
        outcome.ok()
    }

    /// Runs `body` in a handle scope of its own.
    fn scoped<R>(&self, body: impl FnOnce() -> R) -> R {
        let mut scope = null_mut();
        // SAFETY: on the thread of the environment, which is alive: its cleanup hook closes the wake first.
        unsafe { sys::napi_open_handle_scope(self.env, &raw mut scope) };
        let result = body();
        // SAFETY: the scope that was opened above.
        unsafe { sys::napi_close_handle_scope(self.env, scope) };
        result
    }
}
