//! Members of the engine that open something: each returns its id, or what has failed.

use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::IntoRawFd;
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, ClassInstance, Either};
use napi_derive::napi;

use super::NativeEngine;
use super::socket_options::{OptionSetting, settings_of};
use super::sources::{Address, address_of};
use super::statistics::NativeTally;
use crate::error::{Error, Result, Syscall};
use crate::socket::open::{Beginning, Bind};
use crate::socket::{address, adopt};

/// A failed system call.
#[napi(object)]
pub struct Failure {
    /// The errno, negative as in libuv.
    pub errno: i32,
    /// What failed.
    pub syscall: String,
    /// Our address, where connecting has failed at once.
    pub local: Option<Address>,
}

/// What can be done with a descriptor.
#[napi(object)]
pub struct Access {
    /// Receiving.
    pub readable: bool,
    /// Sending.
    pub writable: bool,
}

/// Where a TCP socket is bound.
#[napi(object)]
pub struct BindOptions {
    /// An IP address.
    pub address: String,
    /// The port, 0 for one of the system's choice.
    pub port: u16,
    /// For `::`: leave IPv4 to others.
    pub ipv6_only: bool,
    /// Share the port with other sockets that say so.
    pub reuse_port: bool,
    /// Options of the kernel.
    pub settings: Option<Vec<OptionSetting>>,
}

/// What a TCP socket that connects begins with, where there is more than the peer.
#[napi(object)]
#[derive(Default)]
pub struct ConnectOptions {
    /// The IP address to connect from.
    pub local_address: Option<String>,
    /// The port to connect from.
    pub local_port: Option<u16>,
    /// Options of the kernel.
    pub settings: Option<Vec<OptionSetting>>,
    /// What will be written first, which the option `fastOpen` sends with the SYN. `bytesWritten` then says how much.
    pub first: Option<Buffer>,
}

#[napi]
impl NativeEngine {
    /// Starts to connect over TCP.
    #[napi(catch_unwind)]
    pub fn connect_tcp(&self, ip: String, port: u16, options: Option<ConnectOptions>) -> Either<u32, Failure> {
        let Some(peer) = address::parse(&ip, port) else {
            // The zone of an IPv6 address that is none: libuv fails as late as here, with an unbound socket.
            let local = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
            return Either::B(Failure {
                local: Some(address_of(local)),
                ..failure(Syscall::Connect.errno(libc::EINVAL))
            });
        };
        let options = options.unwrap_or_default();
        let local = match options.local_address {
            None => None,
            Some(ip) => match address::parse(&ip, options.local_port.unwrap_or(0)) {
                None => return invalid("bind"),
                local => local,
            },
        };
        let Some(settings) = settings_of(options.settings) else { return invalid("setsockopt") };
        let beginning = Beginning { settings: &settings, first: options.first.as_deref().unwrap_or_default() };
        match self.core.with(|engine| engine.connect_tcp(peer, local, beginning)) {
            Ok(id) => Either::A(id),
            Err((error, local)) => Either::B(Failure { local: local.map(address_of), ..failure(error) }),
        }
    }

    /// Connects to a UNIX socket.
    #[napi(catch_unwind)]
    pub fn connect_unix(&self, path: Buffer, settings: Option<Vec<OptionSetting>>) -> Either<u32, Failure> {
        let Some(settings) = settings_of(settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.connect_unix(&path, &settings)))
    }

    /// Whether a descriptor that could be adopted can be read from and written to, or why it can't be adopted.
    #[napi(catch_unwind)]
    pub fn access_of(&self, fd: i32) -> Either<Access, Failure> {
        match adopt::access_of(fd) {
            Ok((readable, writable)) => Either::A(Access { readable, writable }),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Takes over a connected socket or a pipe.
    #[napi(catch_unwind)]
    pub fn adopt_stream(&self, fd: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.adopt_stream(fd)))
    }

    /// Makes a stream of a copy of a connected socket or a pipe.
    #[napi(catch_unwind)]
    pub fn copy_stream(&self, fd: i32, tally: Option<ClassInstance<'_, NativeTally>>) -> Either<u32, Failure> {
        let server = tally.map(|tally| tally.tally.clone());
        id_or_failure(self.core.with(|engine| engine.copy_stream(fd, server)))
    }

    /// Takes stream `id` out of this engine, for that of another thread to attach within `wait` milliseconds, and releases
    /// the id. The ticket to `attach` with; null if that is not possible now.
    #[napi(catch_unwind)]
    pub fn detach(&self, id: u32, wait: u32) -> Option<Buffer> {
        let ticket = self.core.detach(id, Duration::from_millis(wait.into()))?;
        Some(ticket.as_slice().into())
    }

    /// Takes over what an engine of this process has detached. If that fails, it can be tried again.
    #[napi(catch_unwind)]
    pub fn attach(&self, ticket: &[u8]) -> Either<u32, Failure> {
        let Ok(ticket) = ticket.try_into() else { return invalid("open") };
        id_or_failure(self.core.with(|engine| engine.attach(ticket)))
    }

    /// Listens on a copy of a bound socket.
    #[napi(catch_unwind)]
    pub fn copy_listener(&self, fd: i32, backlog: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.copy_listener(fd, backlog)))
    }

    /// A bound socket over a copy of one that an engine of this process owns. Both listen from now on.
    #[napi(catch_unwind)]
    pub fn copy_bound(&self, fd: i32, backlog: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.copy_bound(fd, backlog)))
    }

    /// Takes over a socket that another process may hold. Connections wait on it from now on.
    #[napi(catch_unwind)]
    pub fn adopt_bound(&self, fd: i32, backlog: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.adopt_bound(fd, backlog)))
    }

    /// The number of a copy of the descriptor of `id`, for another owner, after all that was written.
    #[napi(catch_unwind)]
    pub fn lend(&self, id: u32) -> Either<i32, Failure> {
        match self.core.with(|engine| engine.lend(id)) {
            Ok(fd) => Either::A(fd.into_raw_fd()),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Whether the kernel counts what stream `id` receives and sends.
    #[napi(catch_unwind)]
    pub fn has_kernel_counters(&self, id: u32) -> bool {
        self.core.with(|engine| engine.stream(id).is_some_and(|stream| stream.has_kernel_counters()))
    }

    /// Stops watching the descriptor of stream `id`: what happens is for the owner of a copy.
    #[napi(catch_unwind)]
    pub fn unwatch(&self, id: u32) {
        self.core.with(|engine| engine.unwatch(id));
    }

    /// Listens over TCP.
    #[napi(catch_unwind)]
    pub fn listen_tcp(&self, options: BindOptions, backlog: i32) -> Either<u32, Failure> {
        let Some(bind) = bind_of(&options) else { return invalid("listen") };
        let Some(settings) = settings_of(options.settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.listen_tcp(&bind, backlog, settings)))
    }

    /// Listens on a UNIX path. With `take_over`, a leftover socket file is replaced.
    #[napi(catch_unwind)]
    pub fn listen_unix(
        &self,
        path: Buffer,
        backlog: i32,
        take_over: bool,
        settings: Option<Vec<OptionSetting>>,
    ) -> Either<u32, Failure> {
        let Some(settings) = settings_of(settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.listen_unix(&path, backlog, take_over, settings)))
    }

    /// Takes over a listening socket; with `backlog`, one that does not listen begins to.
    #[napi(catch_unwind)]
    pub fn adopt_listener(&self, fd: i32, backlog: Option<i32>) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.adopt_listener(fd, backlog)))
    }

    /// Binds a TCP socket that is to listen or to connect.
    #[napi(catch_unwind)]
    pub fn bind_tcp(&self, options: BindOptions) -> Either<u32, Failure> {
        let Some(bind) = bind_of(&options) else { return invalid("bind") };
        let Some(settings) = settings_of(options.settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.bind_tcp(&bind, settings)))
    }

    /// Binds a UNIX socket that is to listen or to connect.
    #[napi(catch_unwind)]
    pub fn bind_unix(&self, path: Buffer, settings: Option<Vec<OptionSetting>>) -> Either<u32, Failure> {
        let Some(settings) = settings_of(settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.bind_unix(&path, settings)))
    }

    /// Listens on the bound socket `id`, which keeps its id.
    #[napi(catch_unwind)]
    pub fn listen_bound(&self, id: u32, backlog: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.listen_bound(id, backlog).map(|()| id)))
    }

    /// Starts to connect the bound socket `id` over TCP.
    #[napi(catch_unwind)]
    pub fn connect_bound_tcp(
        &self,
        id: u32,
        ip: String,
        port: u16,
        options: Option<ConnectOptions>,
    ) -> Either<u32, Failure> {
        let Some(peer) = address::parse(&ip, port) else { return invalid("connect") };
        let options = options.unwrap_or_default();
        let Some(settings) = settings_of(options.settings) else { return invalid("setsockopt") };
        let beginning = Beginning { settings: &settings, first: options.first.as_deref().unwrap_or_default() };
        id_or_failure(self.core.with(|engine| engine.connect_bound_tcp(id, peer, beginning).map(|()| id)))
    }

    /// Connects the bound socket `id` to a UNIX socket.
    #[napi(catch_unwind)]
    pub fn connect_bound_unix(
        &self,
        id: u32,
        path: Buffer,
        settings: Option<Vec<OptionSetting>>,
    ) -> Either<u32, Failure> {
        let Some(settings) = settings_of(settings) else { return invalid("setsockopt") };
        id_or_failure(self.core.with(|engine| engine.connect_bound_unix(id, &path, &settings).map(|()| id)))
    }
}

/// Closes what an engine of this process has detached, unless it has been attached.
#[napi(catch_unwind)]
pub fn discard(ticket: &[u8]) {
    if let Ok(ticket) = ticket.try_into() {
        crate::engine::discard(ticket);
    }
}

/// The IP version of `input` (4 or 6), or 0 if it is no address.
#[napi(js_name = "isIP", catch_unwind)]
pub fn is_ip(input: String) -> u32 {
    address::version(&input)
}

pub(super) fn id_or_failure(outcome: Result<u32>) -> Either<u32, Failure> {
    match outcome {
        Ok(id) => Either::A(id),
        Err(error) => Either::B(failure(error)),
    }
}

fn failure(error: Error) -> Failure {
    Failure { errno: -error.errno, syscall: error.syscall.name().to_owned(), local: None }
}

pub(super) fn invalid(syscall: &str) -> Either<u32, Failure> {
    Either::B(Failure { errno: -libc::EINVAL, syscall: syscall.to_owned(), local: None })
}

fn bind_of(options: &BindOptions) -> Option<Bind> {
    let BindOptions { ipv6_only, reuse_port, .. } = *options;
    address::parse(&options.address, options.port).map(|address| Bind { address, ipv6_only, reuse_port })
}
