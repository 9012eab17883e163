//! Members of the engine for streams. Those that are called for every chunk are in [`fast`](super::fast), those for TLS
//! in [`tls`](super::tls).

use std::time::Duration;

use napi_derive::napi;

use super::NativeEngine;
use super::constants::{ANSWERED, BUSY, FRESH};
use crate::socket::options::KeepAlive;
use crate::stream::Activity;

#[napi]
impl NativeEngine {
    /// Pipes stream `id` to stream `target`: what it receives does not come here any more. Returns whether that is
    /// possible now.
    #[napi(catch_unwind)]
    pub fn pipe(&self, id: u32, target: u32) -> bool {
        self.core.with(|engine| engine.pipe(id, target))
    }

    /// Drops what stream `id` receives: it does not come here any more. Returns whether that is possible now.
    #[napi(catch_unwind)]
    pub fn discard(&self, id: u32) -> bool {
        self.core.with(|engine| engine.discard(id))
    }

    /// What stream `id` receives comes here again: it is neither piped nor dropped.
    #[napi(catch_unwind)]
    pub fn unpipe(&self, id: u32) {
        self.core.with(|engine| engine.unpipe(id));
    }

    /// Limits what is gathered to a high-water mark, if that is lower than usual.
    #[napi(catch_unwind)]
    pub fn limit_queue(&self, id: u32, mark: u32) {
        self.core.with(|engine| engine.stream(id).map(|stream| stream.limit_queue(mark)));
    }

    /// Bytes that were taken and that the kernel has no room for.
    #[napi(catch_unwind)]
    pub fn waiting_bytes(&self, id: u32) -> f64 {
        self.core.with(|engine| engine.stream(id).map_or(0.0, |stream| stream.waiting_bytes() as f64))
    }

    /// What happens to a stream happens below the current asynchronous context from now on.
    #[napi(catch_unwind)]
    pub fn renew_context(&self, id: u32) {
        self.core.renew_context(id);
    }

    /// Whether a stream has something to do: [`BUSY`], [`FRESH`] or [`ANSWERED`].
    #[napi(catch_unwind)]
    pub fn activity(&self, id: u32) -> u32 {
        match self.core.with(|engine| engine.activity(id)) {
            Activity::Busy => BUSY,
            Activity::Fresh => FRESH,
            Activity::Answered => ANSWERED,
        }
    }

    /// Whether something has arrived that was not delivered yet: data in the clear, or an end.
    #[napi(catch_unwind)]
    pub fn has_unread(&self, id: u32) -> bool {
        self.core.with(|engine| engine.has_unread(id))
    }

    /// Milliseconds since the last traffic, or since it is noted.
    #[napi(catch_unwind)]
    pub fn idle(&self, id: u32) -> f64 {
        self.core.with(|engine| engine.idle(id)).as_secs_f64() * 1e3
    }

    /// Turns Nagle's algorithm off or on.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, id: u32, no_delay: bool) {
        self.core.with(|engine| engine.stream(id).map(|stream| stream.set_no_delay(no_delay)));
    }

    /// Turns keep-alive on or off: 0, or a negative errno. Seconds and counts of 0 leave things as they are.
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, id: u32, enable: bool, delay: u32, interval: u32, count: u32) -> i32 {
        let settings = keep_alive(enable, delay, interval, count);
        let outcome =
            self.core.with(|engine| engine.stream(id).map_or(Ok(()), |stream| stream.set_keep_alive(settings)));
        outcome.err().map_or(0, |error| negative_errno(&error))
    }

    /// Sets the type of service of what is sent: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn set_type_of_service(&self, id: u32, value: u32) -> i32 {
        let outcome =
            self.core.with(|engine| engine.stream(id).map_or(Ok(()), |stream| stream.set_type_of_service(value)));
        outcome.err().map_or(0, |error| negative_errno(&error))
    }

    /// The type of service of what is sent, or a negative errno; null where there is no open TCP socket.
    #[napi(catch_unwind)]
    pub fn type_of_service(&self, id: u32) -> Option<i32> {
        let found = self.core.with(|engine| engine.stream(id).and_then(|stream| stream.type_of_service()))?;
        Some(found.map_or_else(|error| negative_errno(&error), |value| i32::try_from(value).unwrap_or(i32::MAX)))
    }
}

/// From the arguments of JavaScript: seconds and counts of 0 leave the setting unchanged.
pub(super) fn keep_alive(enable: bool, delay: u32, interval: u32, count: u32) -> Option<KeepAlive> {
    let seconds = |value: u32| (value > 0).then(|| Duration::from_secs(value.into()));
    let count = (count > 0).then_some(count);
    enable.then(|| KeepAlive { delay: seconds(delay), interval: seconds(interval), count })
}

/// The error number, negative as in libuv.
pub(super) fn negative_errno(error: &std::io::Error) -> i32 {
    -error.raw_os_error().unwrap_or(libc::EINVAL)
}
