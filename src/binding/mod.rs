//! The binding: the engine as JavaScript sees it. It converts and calls, and does nothing else.
//!
//! One [`NativeEngine`] belongs to one environment (or to one module registry of it, as under jest). JavaScript names
//! its streams and listeners by id, and provides one function for each kind of event. Everything here runs on the
//! JavaScript thread of its environment.
//!
//! # Layout
//!
//! | file | what lives there |
//! |---|---|
//! | `constants` | what JavaScript has to know of the engine |
//! | `opening` | members that open: connecting, listening, adopting, binding |
//! | `sources` | members for streams and listeners alike: addresses, descriptor, reference |
//! | `socket_options` | members for options of the kernel |
//! | `descriptors` | members for descriptors that pass with the bytes of a stream, and the class that holds one |
//! | `streams`, `listeners` | members for the one or the other |
//! | `proxy` | members for the PROXY protocol |
//! | `statistics` | members for what has been counted |
//! | `limits` | members for what a server allows its connections, and for the clock of the engine |
//! | `tls`, `credentials` | members for TLS, and the class `Credentials` |
//! | `fast`, `values` | the functions that are called for every chunk or connection, and how these read values |
//! | `core` | what the class shares with the wake |
//! | `turn` | a turn: events are found and delivered, and what was written is sent |
//! | `events`, `arguments` | the table of the events, and what they can carry |
//! | `calls` | how JavaScript is called |
//! | `phases` | what JavaScript has called in phases of libuv's loop |
//! | `async_contexts` | the asynchronous context of each id |
//! | `memory` | the Buffers that both sides share |
//! | `lifetime` | the beginning of an engine, and its end or that of its environment |

mod arguments;
mod async_contexts;
mod calls;
pub mod constants;
mod core;
pub mod credentials;
pub mod descriptors;
pub mod events;
mod fast;
#[cfg(feature = "fault-injection")]
pub mod faults;
mod lifetime;
pub mod limits;
pub mod listeners;
mod memory;
pub mod opening;
mod phases;
pub mod proxy;
pub mod socket_options;
pub mod sources;
pub mod statistics;
pub mod streams;
pub mod tls;
mod turn;
mod values;

use std::rc::Rc;

use napi::bindgen_prelude::{Env, JsValue, Object, Result, Unknown};
use napi_derive::napi;

use self::core::Core;
use crate::engine::Engine;
use crate::reactor::wake::Way;

/// All streams and listeners of one environment.
#[napi]
pub struct NativeEngine {
    core: Rc<Core>,
}

#[napi]
impl NativeEngine {
    /// Starts an engine. `callbacks` has a function for each of [`events::event_names`]; two for libuv's loop,
    /// `afterEvents` and `closing`, called as often as `callAfterEvents` and `callWhenClosing` were; and two for the wake
    /// by a thread: `comeRound` calls `watchAgain` when the loop has come round; where the ticks and microtasks of an event do
    /// not run when a call from another thread returns, `defer` calls `goOn` after them. Messages are received into the
    /// Buffer `incoming`, of [`constants::RECEIVE_SIZE`] bytes; JavaScript puts small writes into `outgoing`, of
    /// [`constants::WRITE_SIZE`]. Nothing else may have these. With `thread`, libuv's loop is not used.
    #[napi(constructor)]
    pub fn new(
        env: Env,
        callbacks: Object<'_>,
        incoming: Unknown<'_>,
        outgoing: Unknown<'_>,
        thread: bool,
    ) -> Result<Self> {
        let way = if thread { Way::Thread } else { Way::Uv };
        Ok(Self { core: Core::start(env.raw(), &callbacks, &incoming, &outgoing, way)? })
    }

    /// Receives large messages into the Buffer `memory`, of [`constants::BULK_SIZE`] bytes, from now on. Nothing else
    /// may have it.
    #[napi(catch_unwind)]
    pub fn use_for_bulk(&self, memory: Unknown<'_>) -> Result<()> {
        let memory = self.core.memory.renew_bulk(&memory)?;
        self.core.with(|engine| engine.shared.bulk = memory);
        Ok(())
    }

    /// Defines the functions that are called for every chunk or connection on `target`; see the module `fast`.
    #[napi(catch_unwind)]
    pub fn define_fast(&self, env: Env, target: Object<'_>) -> Result<()> {
        // SAFETY: a native method has a handle scope, and runs on the thread of its environment.
        unsafe { fast::define(env.raw(), target.raw(), &self.core) }
    }

    /// Which way the loop is woken: `uv` or `thread`.
    #[napi(getter, catch_unwind)]
    pub fn wake(&self) -> &'static str {
        match self.core.way() {
            Some(Way::Uv) => "uv",
            Some(Way::Thread) => "thread",
            None => "closed",
        }
    }

    /// How many streams and listeners there are.
    #[napi(getter, catch_unwind)]
    pub fn size(&self) -> u32 {
        self.core.with(|engine| u32::try_from(engine.sources()).unwrap_or(u32::MAX))
    }

    /// What `callback` returns when it is called in the asynchronous context of `id`.
    #[napi(catch_unwind)]
    pub fn call_in_context<'a>(&self, env: &'a Env, id: u32, callback: Unknown<'a>) -> Option<Unknown<'a>> {
        let result = self.core.call_in_context(id, callback.raw())?;
        // SAFETY: a value of this environment, in the scope of this call.
        Some(unsafe { Unknown::from_raw_unchecked(env.raw(), result) })
    }

    /// Makes what a callback is about to throw an uncaught exception.
    #[napi(catch_unwind)]
    pub fn surface(&self, exception: Unknown<'_>) {
        self.core.calls.surface(exception.raw());
    }

    /// Runs the next event of the turn, as the callback `defer` has asked for.
    #[napi(catch_unwind)]
    pub fn go_on(&self) {
        self.core.go_on();
    }

    /// Waits for the next turn, as the callback `comeRound` has asked for.
    #[napi(catch_unwind)]
    pub fn watch_again(&self) {
        self.core.watch_again();
    }

    /// Sends what was gathered outside an event.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        self.core.with(Engine::flush);
    }

    /// Sends what was gathered, and every later write at once: the process is about to exit.
    #[napi(catch_unwind)]
    pub fn write_directly(&self) {
        self.core.with(Engine::write_directly);
    }
}

impl Drop for NativeEngine {
    fn drop(&mut self) {
        self.core.shut_down();
    }
}
