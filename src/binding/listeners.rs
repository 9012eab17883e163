//! Members of the engine for listeners.

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use super::NativeEngine;
use super::streams::keep_alive;

#[napi]
impl NativeEngine {
    /// The path of a UNIX listener, or of a socket that will be one.
    #[napi(catch_unwind)]
    pub fn path(&self, id: u32) -> Option<Buffer> {
        let path = self.core.with(|engine| {
            let listening = engine.listener(id).and_then(|listener| listener.path());
            listening.or_else(|| engine.bound(id).and_then(|bound| bound.path()))
        });
        path.map(Buffer::from)
    }

    /// Lets all users read from or write to a UNIX listener's socket file: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn open_to_all(&self, id: u32, readable: bool, writable: bool) -> i32 {
        let outcome = self
            .core
            .with(|engine| engine.listener(id).map_or(Ok(()), |listener| listener.open_to_all(readable, writable)));
        outcome.err().map_or(0, |error| -error.errno)
    }

    /// Stops accepting, or resumes.
    #[napi(catch_unwind)]
    pub fn pause_listener(&self, id: u32, paused: bool) {
        self.core.with(|engine| engine.pause_listener(id, paused));
    }

    /// Sets options that accepted connections inherit: as `setNoDelay`, and as `setKeepAlive`. `false` where nothing is
    /// inherited.
    #[napi(catch_unwind)]
    pub fn set_inherited(&self, id: u32, no_delay: bool, enable: bool, delay: u32, interval: u32, count: u32) -> bool {
        let settings = keep_alive(enable, delay, interval, count);
        self.core.with(|engine| engine.set_inherited(id, no_delay, settings))
    }

    /// Lets nothing new in and accepts all that waits; `ondrained` follows.
    #[napi(catch_unwind)]
    pub fn drain_listener(&self, id: u32) {
        self.core.with(|engine| engine.drain_listener(id));
    }

    /// From now on another process may hold the socket, whose number is returned.
    #[napi(catch_unwind)]
    pub fn share(&self, id: u32) -> Option<i32> {
        self.core.with(|engine| engine.share(id))
    }

    /// No other owner holds the socket any more.
    #[napi(catch_unwind)]
    pub fn own_listener(&self, id: u32) {
        self.core.with(|engine| engine.own_listener(id));
    }

    /// Tries to accept again after a stall.
    #[napi(catch_unwind)]
    pub fn retry_listener(&self, id: u32) {
        self.core.with(|engine| engine.retry_listener(id));
    }
}
