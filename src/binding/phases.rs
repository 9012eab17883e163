//! What JavaScript has called in two phases of libuv's loop, those in which Node calls for its own sockets: when the
//! events of a round have been, and in the closing phase.
//!
//! Runs on the JavaScript thread. JavaScript has the functions, in an order of its own (`lib/phases.js`): here is how
//! often, and in which asynchronous contexts, it is to be called. Without libuv, there are no such phases, and a request
//! returns that. [`core`](super::core) takes the requests, and [`turn`](super::turn) makes the calls.
//!
//! As in libuv, what was closed last in a round is called first, and what a call asks for waits for the next round.
//! What is asked for when the events have been, by what is called then, comes at once, [`ROUNDS`] times.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::async_contexts::AsyncContext;

/// How often what was asked for meanwhile is called, too, before the loop goes on.
pub const ROUNDS: usize = 8;

/// See the module.
#[derive(Default)]
pub struct Phases {
    /// The contexts of what waits for the end of the events.
    pub(super) after_events: RefCell<Vec<Rc<AsyncContext>>>,
    /// They are being called.
    pub(super) is_after_events: Cell<bool>,
    /// The contexts of what waits for the closing phase.
    pub(super) closing: RefCell<Vec<Rc<AsyncContext>>>,
}

impl Phases {
    /// Whether something waits.
    pub fn is_awaited(&self) -> bool {
        !self.after_events.borrow().is_empty() || !self.closing.borrow().is_empty()
    }

    /// Drops what waits: nothing is called any more.
    pub fn clear(&self) {
        drop(self.after_events.take());
        drop(self.closing.take());
    }
}
