//! The events of the engine as calls of JavaScript: which callback each has, and with which arguments.
//!
//! Runs on the JavaScript thread, between two operations on the engine.

use std::ptr::null_mut;

use napi::sys;

use super::core::Core;
use crate::engine::Event;
use crate::error::{self, Error, Syscall};
use crate::reactor::wake::Way;
use crate::stream::StreamEvent;

/// The functions that JavaScript provides, in the order of [`NAMES`].
#[derive(Clone, Copy)]
pub enum Callback {
    Connect,
    Data,
    Bulk,
    End,
    Room,
    Finish,
    Fail,
    Connection,
    Enter,
    Stall,
    Flush,
    Panic,
    Secure,
    TlsFail,
    Asks,
}

pub const NAMES: [&str; 15] = [
    "onconnect",
    "ondata",
    "onbulk",
    "onend",
    "onroom",
    "onfinish",
    "onfail",
    "onconnection",
    "onenter",
    "onstall",
    "onflush",
    "onpanic",
    "onsecure",
    "ontlsfail",
    "onasks",
];

impl Core {
    /// Calls JavaScript for `event`. A handle scope is open.
    pub(super) fn deliver(&self, event: Event) {
        let (callback, id, a, b) = match event {
            Event::Stream(id, StreamEvent::Data { offset, length }) => {
                (Callback::Data, id, number(offset), number(length))
            }
            Event::Stream(id, StreamEvent::Bulk { length }) => (Callback::Bulk, id, number(length), 0),
            Event::Stream(id, StreamEvent::End { .. }) => (Callback::End, id, 0, 0),
            Event::Stream(id, StreamEvent::Room) => (Callback::Room, id, 0, 0),
            Event::Stream(id, StreamEvent::Connected(outcome)) => (Callback::Connect, id, errno(outcome), 0),
            Event::Stream(id, StreamEvent::Finished(outcome)) => (Callback::Finish, id, errno(outcome), 0),
            Event::Stream(id, StreamEvent::Failed(error)) => {
                let reading = i32::from(error.syscall == Syscall::Read);
                (Callback::Fail, id, errno(Err(error)), reading)
            }
            Event::Stream(id, StreamEvent::NameAsked(name)) => {
                self.asked_name.replace(Some(name));
                (Callback::Asks, id, 0, 0)
            }
            Event::Stream(id, StreamEvent::Secured) => (Callback::Secure, id, 0, 0),
            Event::Stream(id, StreamEvent::TlsFailed(failure)) => {
                self.tls_failure.replace(Some(failure));
                (Callback::TlsFail, id, 0, 0)
            }
            Event::Connection { listener, stream, .. } => {
                self.enter_root_context(stream);
                (Callback::Connection, listener, i32::try_from(stream).unwrap_or(i32::MAX), 0)
            }
            Event::Stalled(id, error) => (Callback::Stall, id, errno(Err(error)), 0),
            Event::Recovered(id) => (Callback::Stall, id, 0, 0),
        };
        self.call(callback, id, a, b);
    }

    /// The engine has panicked while it was serving `id`. A handle scope is open.
    pub(super) fn deliver_panic(&self, id: u32) {
        self.call(Callback::Panic, id, 0, 0);
    }

    /// Gives an accepted stream, which comes from outside, a context below the root context.
    fn enter_root_context(&self, id: u32) {
        if self.way() != Some(Way::Thread) {
            // Between two events of a turn that libuv runs, the current context is the root.
            self.enter_context(id);
            return;
        }
        // A call of the threadsafe function has the context in which that was made: a call without one has the root's.
        let mut argument = null_mut();
        // SAFETY: the caller has a handle scope open in this environment.
        unsafe { sys::napi_create_uint32(self.env, id, &raw mut argument) };
        self.calls.call(null_mut(), Callback::Enter, &[argument]);
    }

    fn call(&self, callback: Callback, id: u32, a: i32, b: i32) {
        let mut arguments = [null_mut(); 3];
        // SAFETY: the caller has a handle scope open in this environment.
        unsafe {
            sys::napi_create_uint32(self.env, id, &raw mut arguments[0]);
            sys::napi_create_int32(self.env, a, &raw mut arguments[1]);
            sys::napi_create_int32(self.env, b, &raw mut arguments[2]);
        }
        self.calls.call(self.contexts.of(id), callback, &arguments);
    }
}

fn number(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn errno(outcome: error::Result<()>) -> i32 {
    outcome.err().map_or(0, |Error { errno, .. }| -errno)
}
