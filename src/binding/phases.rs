//! What JavaScript has called in two phases of libuv's loop, those in which Node calls for its own sockets: behind the
//! events of a round, and in its closing phase.
//!
//! Runs on the JavaScript thread. JavaScript has the functions, in an order of its own (`lib/phases.js`): here is how
//! often, and in which asynchronous contexts, it is to be called. Without libuv, there are no such phases, and JavaScript
//! is told so.
//!
//! [`core`](super::core) takes what is asked for, and [`turn`](super::turn) calls. As in libuv, what was closed last in a
//! round is called first, and what a call asks for anew waits for the next round; but what is asked for behind the events,
//! by what is called there, comes at once, [`ROUNDS`] times.

use std::cell::{Cell, RefCell};

use napi::sys;

use super::async_contexts::AsyncContexts;
use crate::reactor::Id;

/// How often what was asked for meanwhile is called, too, before the loop goes on.
pub const ROUNDS: usize = 8;

/// See the module.
#[derive(Default)]
pub struct Phases {
    /// The contexts of what waits for the end of the events.
    pub(super) after_events: RefCell<Vec<sys::napi_async_context>>,
    /// They are being called.
    pub(super) is_after_events: Cell<bool>,
    /// The contexts of what waits for the closing phase.
    pub(super) closing: RefCell<Vec<Closing>>,
}

/// In which context something is called.
pub enum Closing {
    /// In that of the id.
    Of(Id),
    /// In one of its own.
    Own(sys::napi_async_context),
}

impl Phases {
    /// Whether something waits.
    pub fn is_awaited(&self) -> bool {
        !self.after_events.borrow().is_empty() || !self.closing.borrow().is_empty()
    }

    /// Drops what waits: nothing is called any more.
    pub fn clear(&self, contexts: &AsyncContexts) {
        for context in self.after_events.take() {
            contexts.destroy(context);
        }
        for closing in self.closing.take() {
            if let Closing::Own(context) = closing {
                contexts.destroy(context);
            }
        }
    }
}
