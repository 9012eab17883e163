//! The engine as JavaScript sees it: conversions, and nothing else.
//!
//! One [`Engine`] belongs to one environment (or to one module registry of it, as under jest). JavaScript names its
//! streams and listeners by id, and gives one function for each kind of event.

mod context;
mod core;
pub mod credentials;
mod fast;
pub mod tls;

use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Either, Env, JsValue, Object, Result, Unknown};
use napi_derive::napi;

use self::core::Core;
use crate::error::{Error, Syscall};
use crate::reactor::receive_buffer;
use crate::reactor::wake::Way;
use crate::socket::address;
use crate::socket::open::Bind;
use crate::socket::options::KeepAlive;
use crate::stream::GATHER_MOST;

/// The size of the memory that messages are received into.
#[napi]
pub const RECEIVE_SIZE: u32 = receive_buffer::SIZE;

/// The size of the memory for large reads.
#[napi]
pub const BULK_SIZE: u32 = receive_buffer::READ_MOST as u32;

/// After a message of so many bytes, memory for large reads pays.
#[napi]
pub const BULK_LEAST: u32 = crate::stream::BULK_LEAST as u32;

/// The size of the memory for small writes: larger ones are written from where they are.
#[napi]
pub const WRITE_SIZE: u32 = GATHER_MOST as u32;

/// A failed system call.
#[napi(object)]
pub struct Failure {
    /// The errno, negative as in libuv.
    pub errno: i32,
    /// What failed.
    pub syscall: String,
    /// The address of our end, where connecting has failed at once.
    pub local: Option<Address>,
}

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
}

/// All streams and listeners of one environment.
#[napi]
pub struct Engine {
    core: Rc<Core>,
}

#[napi]
impl Engine {
    /// Starts an engine that calls the functions of `callbacks` (`onconnect`, `ondata`, `onend`, `onroom`, `onfinish`,
    /// `onfail`, `onconnection`, `onenter`, `onstall`, `onbulk`, `onflush`, `onpanic`, ...). It receives into the Buffer
    /// `incoming`, of [`RECEIVE_SIZE`] bytes; small writes are put into `outgoing`, of [`WRITE_SIZE`]. Nothing else may
    /// have these. With `thread`, libuv's loop is not asked for.
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

    /// Receives what is large into the Buffer `memory`, of [`BULK_SIZE`] bytes, from now on. Nothing else may have it.
    #[napi(catch_unwind)]
    pub fn use_for_bulk(&self, memory: Unknown<'_>) -> Result<()> {
        self.core.use_for_bulk(&memory)
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

    /// What `callback` gives in the asynchronous context of `id`.
    #[napi(catch_unwind)]
    pub fn call_in_context<'a>(&self, env: &'a Env, id: u32, callback: Unknown<'a>) -> Option<Unknown<'a>> {
        let result = self.core.call_in_context(id, callback.raw())?;
        // SAFETY: a value of this environment, in the scope of this call.
        Some(unsafe { Unknown::from_raw_unchecked(env.raw(), result) })
    }

    /// Makes what a callback is about to throw an uncaught exception.
    #[napi(catch_unwind)]
    pub fn surface(&self, exception: Unknown<'_>) {
        self.core.surface(exception.raw());
    }

    // Opening.

    /// Starts to connect over TCP: gives the id, or what failed.
    #[napi(catch_unwind)]
    pub fn connect_tcp(
        &self,
        ip: String,
        port: u16,
        local_ip: Option<String>,
        local_port: Option<u16>,
    ) -> Either<u32, Failure> {
        let Some(peer) = address::parse(&ip, port) else {
            // The zone of an IPv6 address that is none: libuv fails as late as here, with an unbound socket.
            let local = std::net::SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0));
            return Either::B(Failure {
                local: Some(address_of(local)),
                ..failure(Syscall::Connect.errno(libc::EINVAL))
            });
        };
        let local = match local_ip {
            None => None,
            Some(ip) => match address::parse(&ip, local_port.unwrap_or(0)) {
                None => return invalid("bind"),
                local => local,
            },
        };
        match self.core.with(|engine| engine.connect_tcp(peer, local)) {
            Ok(id) => Either::A(id),
            Err((error, local)) => Either::B(Failure { local: local.map(address_of), ..failure(error) }),
        }
    }

    /// Connects to a UNIX socket: gives the id, or what failed.
    #[napi(catch_unwind)]
    pub fn connect_unix(&self, path: Buffer) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.connect_unix(&path)))
    }

    /// Whether a descriptor that could be adopted can be read from and written to, or why it can't be adopted.
    #[napi(catch_unwind)]
    pub fn access_of(&self, fd: i32) -> Either<Access, Failure> {
        match crate::socket::adopt::access_of(fd) {
            Ok((readable, writable)) => Either::A(Access { readable, writable }),
            Err(error) => Either::B(failure(error)),
        }
    }

    /// Takes over a connected socket or a pipe.
    #[napi(catch_unwind)]
    pub fn adopt_stream(&self, fd: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.adopt_stream(fd)))
    }

    /// Listens over TCP.
    #[napi(catch_unwind)]
    pub fn listen_tcp(&self, options: BindOptions, backlog: i32) -> Either<u32, Failure> {
        let Some(bind) = bind_of(&options) else { return invalid("listen") };
        id_or_failure(self.core.with(|engine| engine.listen_tcp(&bind, backlog)))
    }

    /// Listens on a UNIX path. With `take_over`, a socket file on which nobody answers is replaced.
    #[napi(catch_unwind)]
    pub fn listen_unix(&self, path: Buffer, backlog: i32, take_over: bool) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.listen_unix(&path, backlog, take_over)))
    }

    /// Takes over a listening socket.
    #[napi(catch_unwind)]
    pub fn adopt_listener(&self, fd: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.adopt_listener(fd)))
    }

    /// Binds a TCP socket that is to listen or to connect.
    #[napi(catch_unwind)]
    pub fn bind_tcp(&self, options: BindOptions) -> Either<u32, Failure> {
        let Some(bind) = bind_of(&options) else { return invalid("bind") };
        id_or_failure(self.core.with(|engine| engine.bind_tcp(&bind)))
    }

    /// Binds a UNIX socket that is to listen or to connect.
    #[napi(catch_unwind)]
    pub fn bind_unix(&self, path: Buffer) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.bind_unix(&path)))
    }

    /// Has the bound socket `id` listen: gives the id, or what failed.
    #[napi(catch_unwind)]
    pub fn listen_bound(&self, id: u32, backlog: i32) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.listen_bound(id, backlog).map(|()| id)))
    }

    /// Has the bound socket `id` start to connect over TCP: gives the id, or what failed.
    #[napi(catch_unwind)]
    pub fn connect_bound_tcp(&self, id: u32, ip: String, port: u16) -> Either<u32, Failure> {
        let Some(peer) = address::parse(&ip, port) else { return invalid("connect") };
        id_or_failure(self.core.with(|engine| engine.connect_bound_tcp(id, peer).map(|()| id)))
    }

    /// Has the bound socket `id` connect to a UNIX socket: gives the id, or what failed.
    #[napi(catch_unwind)]
    pub fn connect_bound_unix(&self, id: u32, path: Buffer) -> Either<u32, Failure> {
        id_or_failure(self.core.with(|engine| engine.connect_bound_unix(id, &path).map(|()| id)))
    }

    // Streams.

    /// Has what stream `id` receives go to stream `target`, and not here. `false` if that can't be now.
    #[napi(catch_unwind)]
    pub fn pipe(&self, id: u32, target: u32) -> bool {
        self.core.with(|engine| engine.pipe(id, target))
    }

    /// Has what stream `id` receives come here again, from now on.
    #[napi(catch_unwind)]
    pub fn unpipe(&self, id: u32) {
        self.core.with(|engine| engine.unpipe(id));
    }

    /// Takes back what `ondata` would tell next of stream `id`: gives its offset and length in `incoming`.
    #[napi(catch_unwind)]
    pub fn take_back(&self, id: u32) -> Option<Vec<u32>> {
        let (offset, length) = self.core.take_back(id)?;
        Some([offset, length].map(|number| u32::try_from(number).unwrap_or(u32::MAX)).to_vec())
    }

    /// Sends what was gathered outside an event.
    #[napi(catch_unwind)]
    pub fn flush(&self) {
        self.core.with(crate::engine::Engine::flush);
    }

    /// Sends what was gathered, and every later write at once: the process is about to exit.
    #[napi(catch_unwind)]
    pub fn write_directly(&self) {
        self.core.with(crate::engine::Engine::write_directly);
    }

    /// Holds what is gathered to a high-water mark, if that is lower than usual.
    #[napi(catch_unwind)]
    pub fn limit_queue(&self, id: u32, mark: u32) {
        self.core.with(|engine| engine.stream(id).map(|stream| stream.limit_queue(mark)));
    }

    /// Whether the stream or listener keeps the loop alive.
    #[napi(catch_unwind)]
    pub fn reference(&self, id: u32, referenced: bool) {
        self.core.with(|engine| engine.reference(id, referenced));
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

    /// Notes the time of the stream's traffic from now on, or no longer.
    #[napi(catch_unwind)]
    pub fn track_traffic(&self, id: u32, track: bool) {
        self.core.with(|engine| {
            let since = track.then(|| engine.now());
            if let Some(stream) = engine.stream(id) {
                stream.track_traffic(since);
            }
        });
    }

    /// Milliseconds since the last traffic, or since it has been tracked.
    #[napi(catch_unwind)]
    pub fn idle(&self, id: u32) -> f64 {
        self.core.with(|engine| {
            let now = engine.now();
            let last = engine.stream(id).and_then(|stream| stream.last_traffic());
            last.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64() * 1e3)
        })
    }

    /// Bytes taken that the kernel has no room for.
    #[napi(catch_unwind)]
    pub fn waiting_bytes(&self, id: u32) -> f64 {
        self.core.with(|engine| engine.stream(id).map_or(0.0, |stream| stream.waiting_bytes() as f64))
    }

    /// `tcp4`, `tcp6`, `unix` or `pipe`.
    #[napi(catch_unwind)]
    pub fn kind(&self, id: u32) -> Option<&'static str> {
        self.core.with(|engine| {
            let stream = engine.stream(id).map(|stream| stream.kind());
            stream.or_else(|| engine.listener(id).map(|listener| listener.kind())).map(crate::socket::Kind::name)
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

    /// The address of our end.
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

    /// The address of the peer.
    #[napi(catch_unwind)]
    pub fn peer(&self, id: u32) -> Option<Address> {
        self.core.with(|engine| engine.stream(id).and_then(|stream| stream.addresses().peer)).map(address_of)
    }

    // Listeners.

    /// The path of a UNIX listener.
    #[napi(catch_unwind)]
    pub fn path(&self, id: u32) -> Option<Buffer> {
        self.core.with(|engine| engine.listener(id).and_then(|listener| listener.path())).map(Buffer::from)
    }

    /// Lets everybody read from or write to a UNIX listener: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn open_to_all(&self, id: u32, readable: bool, writable: bool) -> i32 {
        let outcome = self
            .core
            .with(|engine| engine.listener(id).map_or(Ok(()), |listener| listener.open_to_all(readable, writable)));
        outcome.err().map_or(0, |error| -error.errno)
    }

    /// Accepts nothing for now, or goes on.
    #[napi(catch_unwind)]
    pub fn pause_listener(&self, id: u32, paused: bool) {
        self.core.with(|engine| engine.pause_listener(id, paused));
    }

    /// Sets options that what a listener accepts inherits: as `setNoDelay`, and as `setKeepAlive`. `false` where nothing
    /// is inherited.
    #[napi(catch_unwind)]
    pub fn set_inherited(&self, id: u32, no_delay: bool, enable: bool, delay: u32, interval: u32, count: u32) -> bool {
        let settings = keep_alive(enable, delay, interval, count);
        self.core.with(|engine| engine.set_inherited(id, no_delay, settings))
    }

    /// Tries to accept again after a stall.
    #[napi(catch_unwind)]
    pub fn retry_listener(&self, id: u32) {
        self.core.with(|engine| engine.retry_listener(id));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.core.shut_down();
    }
}

/// The IP version of `input` (4 or 6), or 0 if it is no address.
#[napi(js_name = "isIP", catch_unwind)]
pub fn is_ip(input: String) -> u32 {
    address::version(&input)
}

/// Has a system call of the engine fail: `call` succeeds `skip` times, then fails `times` times with `errno`.
#[cfg(feature = "fault-injection")]
#[napi]
pub fn plan_fault(call: String, errno: i32, skip: u32, times: u32) {
    crate::socket::fault::fail(call, errno, skip, times);
}

/// The calls that have passed the places where faults are injected since the last plan: `[name, count]` each.
#[cfg(feature = "fault-injection")]
#[napi]
pub fn calls_since_plan() -> Vec<(String, u32)> {
    crate::socket::fault::passed().into_iter().map(|(call, count)| (call.to_owned(), count)).collect()
}

fn id_or_failure(outcome: crate::error::Result<u32>) -> Either<u32, Failure> {
    match outcome {
        Ok(id) => Either::A(id),
        Err(error) => Either::B(failure(error)),
    }
}

fn bind_of(options: &BindOptions) -> Option<Bind> {
    let BindOptions { ipv6_only, reuse_port, .. } = *options;
    address::parse(&options.address, options.port).map(|address| Bind { address, ipv6_only, reuse_port })
}

/// As libuv has it.
fn negative_errno(error: &std::io::Error) -> i32 {
    -error.raw_os_error().unwrap_or(libc::EINVAL)
}

fn keep_alive(enable: bool, delay: u32, interval: u32, count: u32) -> Option<KeepAlive> {
    let seconds = |value: u32| (value > 0).then(|| Duration::from_secs(value.into()));
    let count = (count > 0).then_some(count);
    enable.then(|| KeepAlive { delay: seconds(delay), interval: seconds(interval), count })
}

fn failure(error: Error) -> Failure {
    Failure { errno: -error.errno, syscall: error.syscall.name().to_owned(), local: None }
}

fn invalid(syscall: &str) -> Either<u32, Failure> {
    Either::B(Failure { errno: -libc::EINVAL, syscall: syscall.to_owned(), local: None })
}

fn address_of(address: std::net::SocketAddr) -> Address {
    let family = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    Address { address: address::text(&address), family: family.to_owned(), port: address.port() }
}
