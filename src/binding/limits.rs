//! Members of the engine for what a server allows its connections, for connections that come from another process, and for
//! the clock behind the limits.

use std::time::Duration;

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::NativeEngine;
use super::opening::{Failure, id_or_failure};
use crate::limits;

/// What the connections of a listener may do. 0 is no limit, but for `max_waiting_handshakes`. Times are in milliseconds.
#[napi(object)]
pub struct Limits {
    /// Connections from one address.
    pub max_connections_per_address: u32,
    /// Handshakes under way at once.
    pub max_handshakes: u32,
    /// Handshakes that wait.
    pub max_waiting_handshakes: u32,
    /// Handshakes a second.
    pub handshake_rate: u32,
    /// Without traffic.
    pub idle_timeout: u32,
    /// From the beginning to the end.
    pub max_lifetime: u32,
    /// Bytes a second.
    pub min_rate: u32,
    /// Over how long these are counted.
    pub min_rate_span: u32,
}

#[napi]
impl NativeEngine {
    /// Sets what the connections of listener `id` may do: those to come, and of the open ones, those of `streams`.
    #[napi(catch_unwind)]
    pub fn set_limits(&self, id: u32, limits: Limits, streams: Vec<u32>) {
        let limits = limits_of(&limits);
        self.core.with(|engine| engine.set_limits(id, limits, &streams));
    }

    /// The timer of `ontimer` has fired. Returns after how many milliseconds it is to fire again, or -1.
    #[napi(catch_unwind)]
    pub fn run_clock(&self) -> f64 {
        self.core.with(|engine| engine.run_clock()).map_or(-1.0, |time| (time.as_secs_f64() * 1e3).ceil())
    }

    /// Makes what stands in for a listener whose connections come by `receiveConnection`.
    #[napi(catch_unwind)]
    pub fn listen_remotely(&self) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.listen_remotely()))
    }

    /// Listener `id` gets a copy of the connection `fd`: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn receive_connection(&self, id: u32, fd: i32) -> i32 {
        self.core.with(|engine| engine.receive_connection(id, fd)).err().map_or(0, |error| -error.errno)
    }
}

fn limits_of(limits: &Limits) -> limits::Limits {
    let span = |msecs: u32| (msecs > 0).then(|| Duration::from_millis(msecs.into()));
    limits::Limits {
        per_address: limits.max_connections_per_address,
        handshakes: limits.max_handshakes,
        handshake_rate: limits.handshake_rate,
        waiting_handshakes: limits.max_waiting_handshakes,
        idle: span(limits.idle_timeout),
        lifetime: span(limits.max_lifetime),
        min_rate: limits.min_rate,
        rate_span: Duration::from_millis(limits.min_rate_span.into()),
    }
}
