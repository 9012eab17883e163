//! What an [`Engine`](super::Engine) shares with the wake: the engine proper, and the way into JavaScript.
//!
//! # Borrowing
//!
//! JavaScript calls back into the engine from inside every event. So the engine is borrowed for one step at a time and
//! never while JavaScript runs.
//!
//! # Lifetime
//!
//! The callbacks are held strongly only while there is a stream or listener. Without one, nothing here keeps the
//! module that made the engine alive (jest makes one for every test file), and its collection shuts the engine down.
//! An environment that ends does so through the cleanup hook, which waits until libuv has let go of the handle.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use std::rc::Rc;

use napi::bindgen_prelude::{JsObjectValue, JsValue, Object, Result, Unknown};
use napi::{check_status, sys};

use super::context::Contexts;
use crate::engine::{Engine, Event};
use crate::error::{self, Error, Syscall};
use crate::reactor::ReceiveBuffer;
use crate::reactor::wake::{Turn, Wake, Way};
use crate::stream::StreamEvent;
use crate::tls::error::TlsError;

/// The functions that JavaScript gives, in the order of [`NAMES`].
#[derive(Clone, Copy)]
enum Callback {
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

const NAMES: [&str; 15] = [
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

/// See the module.
pub struct Core {
    env: sys::napi_env,
    engine: RefCell<Engine>,
    contexts: Contexts,
    /// The object with the callbacks: strong while there is a source.
    callbacks: sys::napi_ref,
    /// The callbacks themselves: weak.
    functions: [sys::napi_ref; NAMES.len()],
    wake: RefCell<Option<Wake>>,
    /// The wake keeps the loop alive.
    referenced: Cell<bool>,
    /// The callbacks are held strongly.
    held: Cell<bool>,
    /// `onflush` has been called and the flush has not come yet.
    flush_asked: Cell<bool>,
    /// A turn that is run in steps has begun.
    stepping: Cell<bool>,
    /// What a callback is throwing has been made an uncaught exception.
    surfaced: Cell<bool>,
    /// The memory that messages are received into, and the one that JavaScript puts small writes into. The references
    /// keep both as long as the core, which is longer than the engine runs.
    incoming: sys::napi_ref,
    outgoing: Memory,
    /// The memory for large reads; null before there is any.
    bulk: Cell<sys::napi_ref>,
    cleanup: Cell<sys::napi_async_cleanup_hook_handle>,
    /// What the event that is being told is about: the name that a client has asked for, and what has failed in TLS.
    pub asked_name: RefCell<Option<String>>,
    pub tls_failure: RefCell<Option<Box<TlsError>>>,
}

impl Core {
    /// `incoming` and `outgoing` are Buffers that only the JavaScript around the engine can reach.
    pub fn start(
        env: sys::napi_env,
        callbacks: &Object<'_>,
        incoming: &Unknown<'_>,
        outgoing: &Unknown<'_>,
        way: Way,
    ) -> Result<Rc<Self>> {
        let (incoming, outgoing) = (Memory::of(env, incoming)?, Memory::of(env, outgoing)?);
        // SAFETY: the reference keeps the memory, which JavaScript reads in its callbacks only.
        let buffer = unsafe { ReceiveBuffer::new(incoming.bytes, incoming.size) };
        let engine = Engine::new(buffer).map_err(reason)?;
        let mut functions = [null_mut(); NAMES.len()];
        for (function, name) in functions.iter_mut().zip(NAMES) {
            let value: Unknown<'_> = callbacks.get_named_property(name)?;
            *function = reference(env, value.raw())?;
        }
        let core = Rc::new(Self {
            env,
            engine: RefCell::new(engine),
            contexts: Contexts::new(env),
            callbacks: reference(env, callbacks.raw())?,
            functions,
            wake: RefCell::new(None),
            referenced: Cell::new(false),
            held: Cell::new(false),
            flush_asked: Cell::new(false),
            stepping: Cell::new(false),
            surfaced: Cell::new(false),
            incoming: incoming.reference,
            outgoing,
            bulk: Cell::new(null_mut()),
            cleanup: Cell::new(null_mut()),
            asked_name: RefCell::default(),
            tls_failure: RefCell::default(),
        });
        {
            let engine = core.engine.borrow();
            // SAFETY: this is the thread of `env`; the core keeps the reactor until the wake has been closed.
            let wake = unsafe { Wake::start(way, env, engine.reactor().fd(), Rc::clone(&core) as Rc<dyn Turn>)? };
            core.wake.replace(Some(wake));
        }
        let mut cleanup = null_mut();
        // SAFETY: the count given to the hook is taken back in `shut_down`, which removes the hook.
        unsafe {
            let argument = Rc::into_raw(Rc::clone(&core)).cast_mut().cast::<c_void>();
            check_status!(sys::napi_add_async_cleanup_hook(env, Some(on_cleanup), argument, &raw mut cleanup))?;
        }
        core.cleanup.set(cleanup);
        Ok(core)
    }

    /// Which way the loop is woken, until it is shut down.
    pub fn way(&self) -> Option<Way> {
        self.wake.borrow().as_ref().map(Wake::way)
    }

    /// Runs `operation` on the engine, then brings what keeps the loop and the module alive up to date.
    pub fn with<R>(&self, operation: impl FnOnce(&mut Engine) -> R) -> R {
        let result = operation(&mut self.engine.borrow_mut());
        self.settle();
        result
    }

    /// Makes the asynchronous context of now that of `id`, unless it has one. A handle scope is open.
    pub fn enter_context(&self, id: u32) {
        self.contexts.enter(id, &self.engine);
    }

    /// The same between two events, for what comes from outside: the context is nobody's.
    fn enter_nobodys_context(&self, id: u32) {
        if self.way() != Some(Way::Thread) {
            self.enter_context(id);
            return;
        }
        // JavaScript is in the context of whoever has started the thread: of a call in none, it is in none.
        let mut argument = null_mut();
        // SAFETY: the caller has a handle scope open in this environment.
        unsafe { sys::napi_create_uint32(self.env, id, &raw mut argument) };
        self.call(null_mut(), Callback::Enter, &[argument]);
    }

    /// Runs `function` in the context of `id`.
    pub fn call_in_context(&self, id: u32, function: sys::napi_value) -> Option<sys::napi_value> {
        self.make_callback(self.contexts.of(id), function, &[])
    }

    /// See [`Engine::take_back`]. A handle scope is open.
    pub fn take_back(&self, id: u32) -> Option<(usize, usize)> {
        self.with(|engine| engine.take_back(id))
    }

    /// Gives `id` back.
    pub fn release(&self, id: u32) {
        self.contexts.leave(id);
        let is_turning = {
            let mut engine = self.engine.borrow_mut();
            engine.release(id);
            engine.is_turning()
        };
        if !is_turning {
            self.contexts.clear();
        }
        self.settle();
    }

    /// Receives what is large into the Buffer `memory` from now on. The former one is JavaScript's.
    pub fn use_for_bulk(&self, memory: &Unknown<'_>) -> Result<()> {
        let Memory { bytes, size, reference } = Memory::of(self.env, memory)?;
        // SAFETY: the reference keeps the memory until the next one is used; JavaScript reads it in its callbacks only.
        self.engine.borrow_mut().shared.bulk = unsafe { ReceiveBuffer::new(bytes, size) };
        let former = self.bulk.replace(reference);
        if !former.is_null() {
            // SAFETY: made above, deleted once; the engine does not use its memory any more.
            unsafe { sys::napi_delete_reference(self.env, former) };
        }
        Ok(())
    }

    /// The first `length` bytes that JavaScript has put into its memory for small writes.
    pub fn outgoing(&self, length: usize) -> &[u8] {
        let Memory { bytes, size, .. } = self.outgoing;
        // SAFETY: the reference keeps the memory, and JavaScript does not run while this is borrowed: no caller calls it.
        unsafe { std::slice::from_raw_parts(bytes, length.min(size)) }
    }

    /// A write: gives what it took, or the negative errno, and sees to it that what was gathered goes out.
    pub fn write(&self, operation: impl FnOnce(&mut Engine) -> error::Result<usize>) -> i64 {
        let (outcome, needs_flush, is_settled) = {
            let mut engine = self.engine.borrow_mut();
            let outcome = operation(&mut engine);
            (outcome, engine.needs_flush(), engine.is_turning() || engine.is_referenced() == self.referenced.get())
        };
        if needs_flush && !self.flush_asked.replace(true) {
            self.ask_for_flush();
        }
        // A flush settles, and so does the end of a turn; a write that waits for the kernel has neither.
        if !needs_flush && !is_settled {
            self.settle();
        }
        match outcome {
            Ok(taken) => i64::try_from(taken).unwrap_or(i64::MAX),
            Err(error) => -i64::from(error.errno),
        }
    }

    /// Closes everything and lets go of JavaScript. Does nothing the second time.
    pub fn shut_down(self: &Rc<Self>) {
        let Some(wake) = self.wake.take() else { return };
        for id in self.engine.borrow_mut().close_all() {
            self.contexts.leave(id);
        }
        let core = Rc::clone(self);
        // The engine, and with it the descriptor that is watched, stays until the wake is closed.
        wake.close(Box::new(move || core.finish()));
    }

    /// The wake is closed: gives back what is left.
    fn finish(&self) {
        let cleanup = self.cleanup.replace(null_mut());
        // SAFETY: references and hook were made in `start` and are given back once.
        unsafe {
            for function in self.functions {
                sys::napi_delete_reference(self.env, function);
            }
            sys::napi_delete_reference(self.env, self.callbacks);
            for memory in [self.incoming, self.outgoing.reference, self.bulk.take()] {
                sys::napi_delete_reference(self.env, memory);
            }
            self.contexts.clear();
            if !cleanup.is_null() {
                sys::napi_remove_async_cleanup_hook(cleanup);
                drop(Rc::from_raw(std::ptr::from_ref(self)));
            }
        }
    }

    fn is_open(&self) -> bool {
        self.wake.borrow().is_some()
    }

    /// Brings what keeps the loop and the module alive up to date.
    fn settle(&self) {
        let (referenced, held, dirty) = {
            let engine = self.engine.borrow();
            (engine.is_referenced(), engine.sources() > 0, engine.needs_flush())
        };
        if !dirty {
            self.flush_asked.set(false);
        }
        let wake = self.wake.borrow();
        let Some(wake) = wake.as_ref() else { return };
        if self.referenced.replace(referenced) != referenced {
            wake.set_referenced(referenced);
        }
        if self.held.replace(held) != held {
            let change = if held { sys::napi_reference_ref } else { sys::napi_reference_unref };
            // SAFETY: the reference lives until `finish`, which comes after the wake is gone.
            unsafe { change(self.env, self.callbacks, null_mut()) };
        }
    }

    /// Tells JavaScript of `event`.
    fn tell(&self, event: Event) {
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
                self.enter_nobodys_context(stream);
                (Callback::Connection, listener, i32::try_from(stream).unwrap_or(i32::MAX), 0)
            }
            Event::Stalled(id, error) => (Callback::Stall, id, errno(Err(error)), 0),
            Event::Recovered(id) => (Callback::Stall, id, 0, 0),
        };
        self.call_with(callback, id, a, b);
    }

    fn call_with(&self, callback: Callback, id: u32, a: i32, b: i32) {
        let mut arguments = [null_mut(); 3];
        // SAFETY: the caller has a handle scope open in this environment.
        unsafe {
            sys::napi_create_uint32(self.env, id, &raw mut arguments[0]);
            sys::napi_create_int32(self.env, a, &raw mut arguments[1]);
            sys::napi_create_int32(self.env, b, &raw mut arguments[2]);
        }
        self.call(self.contexts.of(id), callback, &arguments);
    }

    /// Calls one of the callbacks in an asynchronous context.
    fn call(
        &self,
        context: sys::napi_async_context,
        callback: Callback,
        arguments: &[sys::napi_value],
    ) -> Option<sys::napi_value> {
        let mut function = null_mut();
        // SAFETY: the references live until the wake is closed.
        unsafe { sys::napi_get_reference_value(self.env, self.functions[callback as usize], &raw mut function) };
        if function.is_null() { None } else { self.make_callback(context, function, arguments) }
    }

    /// Calls into JavaScript as Node does for an event: ticks and microtasks run afterwards, and what is thrown is an
    /// uncaught exception. `None` if it was thrown or no more JavaScript can be run.
    fn make_callback(
        &self,
        context: sys::napi_async_context,
        function: sys::napi_value,
        arguments: &[sys::napi_value],
    ) -> Option<sys::napi_value> {
        // The callbacks use no `this`; the function itself is an object at hand.
        let receiver = function;
        let mut result = null_mut();
        // SAFETY: the caller has a handle scope open, and the context is alive.
        unsafe {
            let status = sys::napi_make_callback(
                self.env,
                context,
                receiver,
                function,
                arguments.len(),
                arguments.as_ptr(),
                &raw mut result,
            );
            if status == sys::Status::napi_ok {
                return Some(result);
            }
            self.surface_exception();
        }
        None
    }

    /// Makes what a callback is about to throw an uncaught exception: there, the context of the event is still that of
    /// JavaScript.
    pub fn surface(&self, exception: sys::napi_value) {
        // SAFETY: called from a native method, which has a handle scope.
        unsafe { sys::napi_fatal_exception(self.env, exception) };
        self.surfaced.set(true);
    }

    /// Makes a pending exception an uncaught one, unless it is one already.
    ///
    /// # Safety
    ///
    /// A handle scope is open.
    unsafe fn surface_exception(&self) {
        let surfaced = self.surfaced.take();
        // SAFETY: as the caller promises.
        unsafe {
            let mut pending = false;
            sys::napi_is_exception_pending(self.env, &raw mut pending);
            let mut exception = null_mut();
            if pending
                && sys::napi_get_and_clear_last_exception(self.env, &raw mut exception) == sys::Status::napi_ok
                && !(exception.is_null() || surfaced)
            {
                sys::napi_fatal_exception(self.env, exception);
            }
        }
    }

    /// Outside a turn nobody flushes: has JavaScript do it at the end of its tick.
    fn ask_for_flush(&self) {
        // SAFETY: called from a native method, which has a handle scope.
        unsafe {
            let (mut receiver, mut function, mut result) = (null_mut(), null_mut(), null_mut());
            sys::napi_get_reference_value(self.env, self.callbacks, &raw mut receiver);
            sys::napi_get_reference_value(self.env, self.functions[Callback::Flush as usize], &raw mut function);
            let status = if receiver.is_null() || function.is_null() {
                sys::Status::napi_generic_failure
            } else {
                sys::napi_call_function(self.env, receiver, function, 0, null(), &raw mut result)
            };
            if status != sys::Status::napi_ok {
                self.with(Engine::flush);
            }
        }
    }

    /// The next event of a turn, told and flushed. `false` when there is none left.
    fn advance(&self) -> bool {
        if !self.is_open() {
            return false;
        }
        let go_on = match self.guard(Engine::step) {
            Some(Some(event)) => {
                self.tell(event);
                true
            }
            Some(None) => false,
            None => true,
        };
        if !go_on || self.engine.borrow().is_flush_due() {
            self.guard(Engine::flush);
        }
        self.settle();
        go_on
    }

    fn begin(&self) {
        self.scoped(|| self.guard(Engine::begin_turn));
    }

    fn end(&self) {
        self.scoped(|| self.guard(Engine::end_turn));
        self.contexts.clear();
        self.settle();
    }

    /// Runs a part of a turn. A panic stays here: it becomes an error of the source that was served last (`None`).
    fn guard<R>(&self, part: fn(&mut Engine) -> R) -> Option<R> {
        let outcome = catch_unwind(AssertUnwindSafe(|| part(&mut self.engine.borrow_mut())));
        if outcome.is_err() {
            let served = self.engine.borrow().served();
            self.call_with(Callback::Panic, served, 0, 0);
        }
        outcome.ok()
    }

    /// Runs `body` in a handle scope of its own.
    fn scoped<R>(&self, body: impl FnOnce() -> R) -> R {
        let mut scope = null_mut();
        // SAFETY: on the thread of the environment, which is alive: its cleanup hook closes the wake first.
        unsafe { sys::napi_open_handle_scope(self.env, &raw mut scope) };
        let result = body();
        // SAFETY: the scope that was opened above.
        unsafe { sys::napi_close_handle_scope(self.env, scope) };
        result
    }
}

impl Turn for Core {
    fn turn(&self) {
        self.begin();
        while self.scoped(|| self.advance()) {}
        self.end();
    }

    fn step(&self) -> bool {
        if !self.stepping.replace(true) {
            self.begin();
        }
        let more = self.scoped(|| self.advance());
        if !more {
            self.stepping.set(false);
            self.end();
        }
        more
    }
}

/// The environment ends: everything is closed, and the hook removed when libuv has let go.
unsafe extern "C" fn on_cleanup(_hook: sys::napi_async_cleanup_hook_handle, core: *mut c_void) {
    let core = core.cast_const().cast::<Core>();
    // SAFETY: the count that was given to the hook is still there, and stays until `finish`.
    let core = unsafe {
        Rc::increment_strong_count(core);
        Rc::from_raw(core)
    };
    core.shut_down();
}

/// Memory of a Buffer of JavaScript, which is kept by a reference.
#[derive(Clone, Copy)]
struct Memory {
    bytes: *mut u8,
    size: usize,
    reference: sys::napi_ref,
}

impl Memory {
    fn of(env: sys::napi_env, buffer: &Unknown<'_>) -> Result<Self> {
        let (mut bytes, mut size, mut reference) = (null_mut(), 0, null_mut());
        // SAFETY: `buffer` is a value of this environment.
        unsafe {
            check_status!(sys::napi_get_buffer_info(env, buffer.raw(), &raw mut bytes, &raw mut size))?;
            check_status!(sys::napi_create_reference(env, buffer.raw(), 1, &raw mut reference))?;
        }
        Ok(Self { bytes: bytes.cast(), size, reference })
    }
}

/// An error whose message is the errno: JavaScript makes one of Node's shape of it.
fn reason(error: std::io::Error) -> napi::Error {
    napi::Error::from_reason(error.raw_os_error().unwrap_or(libc::EINVAL).to_string())
}

/// A weak reference.
fn reference(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_ref> {
    let mut reference = null_mut();
    // SAFETY: `value` is a value of this environment.
    check_status!(unsafe { sys::napi_create_reference(env, value, 0, &raw mut reference) })?;
    Ok(reference)
}

fn number(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn errno(outcome: error::Result<()>) -> i32 {
    outcome.err().map_or(0, |Error { errno, .. }| -errno)
}
