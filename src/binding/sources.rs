//! Members of the engine for whatever an id stands for: a stream, a listener or a bound socket.

use std::net::SocketAddr;

use napi_derive::napi;

use super::NativeEngine;
use crate::socket::{Kind, address};

/// One end of a connection.
#[napi(object)]
pub struct Address {
    /// The IP address.
    pub address: String,
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// The port.
    pub port: u16,
}

#[napi]
impl NativeEngine {
    /// Whether the stream or listener may keep the loop alive.
    #[napi(catch_unwind)]
    pub fn reference(&self, id: u32, referenced: bool) {
        self.core.with(|engine| engine.reference(id, referenced));
    }

    /// `tcp4`, `tcp6`, `unix` or `pipe`.
    #[napi(catch_unwind)]
    pub fn kind(&self, id: u32) -> Option<&'static str> {
        self.core.with(|engine| {
            let stream = engine.stream(id).map(|stream| stream.kind());
            stream.or_else(|| engine.listener(id).map(|listener| listener.kind())).map(Kind::name)
        })
    }

    /// The number of the descriptor while it is open.
    #[napi(catch_unwind)]
    pub fn fd(&self, id: u32) -> Option<i32> {
        self.core.with(|engine| {
            if let Some(stream) = engine.stream(id) {
                return stream.raw_fd();
            }
            let listener = engine.listener(id).and_then(|listener| listener.raw_fd());
            listener.or_else(|| engine.bound(id).and_then(|bound| bound.raw_fd()))
        })
    }

    /// Our address, over TCP.
    #[napi(catch_unwind)]
    pub fn local(&self, id: u32) -> Option<Address> {
        self.core
            .with(|engine| {
                if let Some(stream) = engine.stream(id) {
                    return stream.addresses().local;
                }
                let listener = engine.listener(id).and_then(|listener| listener.local());
                listener.or_else(|| engine.bound(id).and_then(|bound| bound.local()))
            })
            .map(address_of)
    }

    /// The peer's address, over TCP.
    #[napi(catch_unwind)]
    pub fn peer(&self, id: u32) -> Option<Address> {
        self.core.with(|engine| engine.stream(id).and_then(|stream| stream.addresses().peer)).map(address_of)
    }
}

pub(super) fn address_of(address: SocketAddr) -> Address {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    Address { address: address::text(&address), family: family.to_owned(), port: address.port() }
}
