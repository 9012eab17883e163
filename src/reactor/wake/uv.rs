//! Woken by libuv: a `uv_poll_t` on the reactor's descriptor. Handles of other types bring the phases of the loop.
//!
//! Node-API returns the loop, and libuv's functions are looked up in the running program, which exports them if it is
//! Node. A handle lives in memory of libuv's size, from when it is made until libuv has closed it: one that is still
//! open when a worker ends would abort the process.
//!
//! # Threads
//!
//! Everything happens on the thread of the loop.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::OnceCell;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

use libloading::os::unix::Library;
use napi::sys;

use super::{Closed, LoopCallbacks};

type RawHandle = *mut c_void;
type HandleClosed = Box<dyn FnOnce(&dyn LoopCallbacks)>;
type OnClosed = unsafe extern "C" fn(RawHandle);

/// Of `uv_handle_type`. The numbers are part of libuv's ABI.
const UV_CHECK: c_int = 2;
const UV_IDLE: c_int = 6;
const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

/// The functions of libuv that are needed here.
struct Functions {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    poll_init: unsafe extern "C" fn(*mut c_void, RawHandle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(RawHandle, c_int, unsafe extern "C" fn(RawHandle, c_int, c_int)) -> c_int,
    idle: InPhase,
    check: InPhase,
    close: unsafe extern "C" fn(RawHandle, OnClosed),
    reference: unsafe extern "C" fn(RawHandle),
    unreference: unsafe extern "C" fn(RawHandle),
}

/// The functions for handles that are called in one phase of each round of the loop.
#[derive(Clone, Copy)]
struct InPhase {
    init: unsafe extern "C" fn(*mut c_void, RawHandle) -> c_int,
    start: unsafe extern "C" fn(RawHandle, unsafe extern "C" fn(RawHandle)) -> c_int,
    stop: unsafe extern "C" fn(RawHandle) -> c_int,
}

impl Functions {
    fn look_up() -> Option<Self> {
        let program = Library::this();
        // SAFETY: the names are libuv's, and the types beside them are those that its header declares.
        unsafe {
            Some(Self {
                handle_size: *program.get(b"uv_handle_size").ok()?,
                poll_init: *program.get(b"uv_poll_init").ok()?,
                poll_start: *program.get(b"uv_poll_start").ok()?,
                idle: InPhase {
                    init: *program.get(b"uv_idle_init").ok()?,
                    start: *program.get(b"uv_idle_start").ok()?,
                    stop: *program.get(b"uv_idle_stop").ok()?,
                },
                check: InPhase {
                    init: *program.get(b"uv_check_init").ok()?,
                    start: *program.get(b"uv_check_start").ok()?,
                    stop: *program.get(b"uv_check_stop").ok()?,
                },
                close: *program.get(b"uv_close").ok()?,
                reference: *program.get(b"uv_ref").ok()?,
                unreference: *program.get(b"uv_unref").ok()?,
            })
        }
    }

    fn layout(&self, kind: c_int) -> Option<Layout> {
        // SAFETY: the function takes any handle type.
        let size = unsafe { (self.handle_size)(kind) };
        Layout::from_size_align(size, 16).ok().filter(|layout| layout.size() > 0)
    }
}

/// What a handle's data points to.
struct Context {
    layout: Layout,
    callbacks: Rc<dyn LoopCallbacks>,
    /// Called when libuv has closed the handle and its memory is free.
    closed: Option<HandleClosed>,
}

/// An open handle. [`Handle::close`] ends it: to drop it would leave it open.
struct Handle {
    functions: Rc<Functions>,
    raw: NonNull<c_void>,
}

impl Handle {
    /// Makes a handle of type `kind` with `init`, which is libuv's function for that and returns its outcome.
    fn new(
        functions: &Rc<Functions>,
        kind: c_int,
        callbacks: Rc<dyn LoopCallbacks>,
        init: impl FnOnce(RawHandle) -> c_int,
    ) -> Option<Self> {
        let layout = functions.layout(kind)?;
        // SAFETY: the layout has a size.
        let raw = NonNull::new(unsafe { alloc(layout) })?.cast::<c_void>();
        if init(raw.as_ptr()) != 0 {
            // SAFETY: a handle that was not initialized is ours alone.
            unsafe { dealloc(raw.as_ptr().cast(), layout) };
            return None;
        }
        let context = Box::new(Context { layout, callbacks, closed: None });
        // SAFETY: the handle is initialized and begins with its data; the context stays there until libuv has closed it.
        unsafe { raw.as_ptr().cast::<*mut Context>().write(Box::into_raw(context)) };
        Some(Self { functions: Rc::clone(functions), raw })
    }

    /// A handle for a phase of each round of the loop.
    ///
    /// # Safety
    ///
    /// `event_loop` is that of this thread, and `phase` has the functions of type `kind`.
    unsafe fn in_phase(
        functions: &Rc<Functions>,
        kind: c_int,
        phase: InPhase,
        event_loop: *mut c_void,
        callbacks: Rc<dyn LoopCallbacks>,
    ) -> Option<Self> {
        // SAFETY: the handle has the size that libuv requires, and the loop is as the caller promises.
        Self::new(functions, kind, callbacks, |raw| unsafe { (phase.init)(event_loop, raw) })
    }

    fn callbacks(&self) -> Rc<dyn LoopCallbacks> {
        // SAFETY: the handle is open, so that its data is its context.
        unsafe { Rc::clone(&(*context(self.raw.as_ptr())).callbacks) }
    }

    /// Has libuv close the handle in the closing phase of this round of the loop, and call `closed` then.
    fn close(self, closed: impl FnOnce(&dyn LoopCallbacks) + 'static) {
        // SAFETY: the handle is open, its data is the context that `new` has set, and that is not borrowed now: what
        // libuv calls holds no reference to it while it calls on.
        unsafe {
            (*context(self.raw.as_ptr())).closed = Some(Box::new(closed));
            (self.functions.close)(self.raw.as_ptr(), on_closed);
        }
    }
}

/// The handle's data, which is its first field (`UV_HANDLE_FIELDS`): libuv leaves it to its user.
///
/// # Safety
///
/// `handle` comes from [`Handle::new`] and libuv has not closed it.
unsafe fn context(handle: RawHandle) -> *mut Context {
    // SAFETY: `new` has written the pointer there.
    unsafe { handle.cast::<*mut Context>().read() }
}

/// See the module.
pub struct Uv {
    functions: Rc<Functions>,
    event_loop: *mut c_void,
    poll: Handle,
    /// For [`LoopCallbacks::after_events`], made when that is first asked for.
    around_events: OnceCell<AroundEvents>,
}

/// Handles for the phases before and after the events of a round. The first one also keeps the poll from blocking.
struct AroundEvents {
    before: Handle,
    after: Handle,
}

impl Uv {
    /// `None` where there is no libuv to use.
    ///
    /// # Safety
    ///
    /// As of [`super::Wake::start`].
    pub unsafe fn start(env: sys::napi_env, fd: BorrowedFd<'_>, callbacks: Rc<dyn LoopCallbacks>) -> Option<Self> {
        let functions = Rc::new(Functions::look_up()?);
        let mut event_loop = null_mut();
        // SAFETY: `env` is valid, as the caller promises.
        let status = unsafe { sys::napi_get_uv_event_loop(env, &raw mut event_loop) };
        if status != sys::Status::napi_ok || event_loop.is_null() {
            return None;
        }
        let event_loop = event_loop.cast::<c_void>();
        // SAFETY: the handle has the size that libuv requires, and the loop is that of this thread.
        let init = |raw| unsafe { (functions.poll_init)(event_loop, raw, fd.as_raw_fd()) };
        let poll = Handle::new(&functions, UV_POLL, callbacks, init)?;
        // SAFETY: the handle is open.
        unsafe { (functions.unreference)(poll.raw.as_ptr()) };
        // SAFETY: as above.
        if unsafe { (functions.poll_start)(poll.raw.as_ptr(), UV_READABLE, on_readable) } != 0 {
            poll.close(|_| {});
            return None;
        }
        Some(Self { functions, event_loop, poll, around_events: OnceCell::new() })
    }

    pub fn set_referenced(&self, referenced: bool) {
        let change = if referenced { self.functions.reference } else { self.functions.unreference };
        // SAFETY: the handle is open until `close`, which takes `self`.
        unsafe { change(self.poll.raw.as_ptr()) }
    }

    /// See [`super::Wake::call_after_events`].
    pub fn call_after_events(&self) -> bool {
        if self.around_events.get().is_none() {
            // Set only here.
            let _ = self.make_around_events().map(|handles| self.around_events.set(handles));
        }
        let Some(handles) = self.around_events.get() else { return false };
        // SAFETY: the handles are open. To start one twice changes nothing, and it can't fail.
        unsafe {
            (self.functions.idle.start)(handles.before.raw.as_ptr(), before_events);
            // libuv calls first what was started last: this comes before Node's immediates.
            (self.functions.check.start)(handles.after.raw.as_ptr(), after_events);
        }
        true
    }

    /// Undoes [`Self::call_after_events`].
    pub fn called_after_events(&self) {
        let Some(handles) = self.around_events.get() else { return };
        // SAFETY: the handles are open.
        unsafe {
            (self.functions.idle.stop)(handles.before.raw.as_ptr());
            (self.functions.check.stop)(handles.after.raw.as_ptr());
        }
    }

    fn make_around_events(&self) -> Option<AroundEvents> {
        let before = self.handle(UV_IDLE, self.functions.idle)?;
        let Some(after) = self.handle(UV_CHECK, self.functions.check) else {
            before.close(|_| {});
            return None;
        };
        Some(AroundEvents { before, after })
    }

    /// See [`super::Wake::call_when_closing`].
    pub fn call_when_closing(&self) -> bool {
        // In its closing phase, the loop calls for a handle that is to be closed.
        self.handle(UV_IDLE, self.functions.idle).map(|handle| handle.close(|callbacks| callbacks.closing())).is_some()
    }

    fn handle(&self, kind: c_int, phase: InPhase) -> Option<Handle> {
        // SAFETY: the loop is that of this thread, and the callers pass what belongs together.
        unsafe { Handle::in_phase(&self.functions, kind, phase, self.event_loop, self.poll.callbacks()) }
    }

    pub fn close(self, closed: Closed) {
        let last = Rc::new(Last(Some(closed)));
        let others = self.around_events.into_inner().map(|AroundEvents { before, after }| [before, after]);
        for handle in others.into_iter().flatten().chain([self.poll]) {
            let last = Rc::clone(&last);
            handle.close(move |_| drop(last));
        }
    }
}

/// Calls what it holds when the last of its owners drops it.
struct Last(Option<Closed>);

impl Drop for Last {
    fn drop(&mut self) {
        if let Some(closed) = self.0.take() {
            closed();
        }
    }
}

/// libuv calls this from the loop, without a handle scope; the turn opens its own.
unsafe extern "C" fn on_readable(handle: RawHandle, _status: c_int, _events: c_int) {
    // SAFETY: an open handle's data is its context. The turn may close the handle, so a count of its own keeps it.
    let callbacks = unsafe { Rc::clone(&(*context(handle)).callbacks) };
    callbacks.turn();
}

/// libuv calls this before it polls.
unsafe extern "C" fn before_events(handle: RawHandle) {
    // SAFETY: as above.
    let callbacks = unsafe { Rc::clone(&(*context(handle)).callbacks) };
    callbacks.before_events();
}

/// libuv calls this when it has polled.
unsafe extern "C" fn after_events(handle: RawHandle) {
    // SAFETY: as above.
    let callbacks = unsafe { Rc::clone(&(*context(handle)).callbacks) };
    callbacks.after_events();
}

/// libuv calls this once it has no more use for the handle.
unsafe extern "C" fn on_closed(handle: RawHandle) {
    // SAFETY: this is the last call with the handle: its context and memory are ours again.
    let Context { layout, callbacks, closed } = *unsafe { Box::from_raw(context(handle)) };
    // SAFETY: allocated in `Handle::new` with this layout.
    unsafe { dealloc(handle.cast(), layout) };
    if let Some(closed) = closed {
        closed(&*callbacks);
    }
}
