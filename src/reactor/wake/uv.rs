//! Woken by libuv: a `uv_poll_t` on the reactor's descriptor.
//!
//! Node-API returns the loop, and libuv's functions are looked up in the running program, which exports them if it is
//! Node. The handle lives in memory of libuv's size, from `start` until libuv has closed it: a handle that is still open
//! when a worker ends would abort the process.
//!
//! # Threads
//!
//! Everything happens on the thread of the loop.

use std::alloc::{Layout, alloc, dealloc};
use std::ffi::{c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{NonNull, null_mut};
use std::rc::Rc;

use libloading::os::unix::Library;
use napi::sys;

use super::{Closed, Turn};

type Handle = *mut c_void;

/// `UV_POLL` of `uv_handle_type`. The numbers are part of libuv's ABI.
const UV_POLL: c_int = 8;
const UV_READABLE: c_int = 1;

/// The functions of libuv that are needed here.
#[derive(Clone, Copy)]
struct Functions {
    handle_size: unsafe extern "C" fn(c_int) -> usize,
    poll_init: unsafe extern "C" fn(*mut c_void, Handle, c_int) -> c_int,
    poll_start: unsafe extern "C" fn(Handle, c_int, unsafe extern "C" fn(Handle, c_int, c_int)) -> c_int,
    close: unsafe extern "C" fn(Handle, unsafe extern "C" fn(Handle)),
    reference: unsafe extern "C" fn(Handle),
    unreference: unsafe extern "C" fn(Handle),
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
                close: *program.get(b"uv_close").ok()?,
                reference: *program.get(b"uv_ref").ok()?,
                unreference: *program.get(b"uv_unref").ok()?,
            })
        }
    }

    fn layout(&self) -> Option<Layout> {
        // SAFETY: the function takes any handle type.
        let size = unsafe { (self.handle_size)(UV_POLL) };
        Layout::from_size_align(size, 16).ok().filter(|layout| layout.size() > 0)
    }
}

/// What the handle's data points to.
struct Context {
    layout: Layout,
    turn: Rc<dyn Turn>,
    closed: Option<Closed>,
}

/// See the module.
pub struct Uv {
    functions: Functions,
    handle: NonNull<c_void>,
}

impl Uv {
    /// `None` where there is no libuv to use.
    ///
    /// # Safety
    ///
    /// As of [`super::Wake::start`].
    pub unsafe fn start(env: sys::napi_env, fd: BorrowedFd<'_>, turn: Rc<dyn Turn>) -> Option<Self> {
        let functions = Functions::look_up()?;
        let mut event_loop = null_mut();
        // SAFETY: `env` is valid, as the caller promises.
        let status = unsafe { sys::napi_get_uv_event_loop(env, &raw mut event_loop) };
        if status != sys::Status::napi_ok || event_loop.is_null() {
            return None;
        }
        let layout = functions.layout()?;
        // SAFETY: the layout has a size.
        let handle = NonNull::new(unsafe { alloc(layout) })?.cast::<c_void>();
        // SAFETY: the handle has the size that libuv requires, and the loop is that of this thread.
        if unsafe { (functions.poll_init)(event_loop.cast(), handle.as_ptr(), fd.as_raw_fd()) } != 0 {
            // SAFETY: a handle that was not initialized is ours alone.
            unsafe { dealloc(handle.as_ptr().cast(), layout) };
            return None;
        }
        let context = Box::new(Context { layout, turn, closed: None });
        // SAFETY: the handle is initialized and begins with its data; the context stays there until libuv has closed it.
        unsafe {
            handle.as_ptr().cast::<*mut Context>().write(Box::into_raw(context));
            (functions.unreference)(handle.as_ptr());
        }
        let uv = Self { functions, handle };
        // SAFETY: as above.
        if unsafe { (functions.poll_start)(handle.as_ptr(), UV_READABLE, on_readable) } != 0 {
            uv.close(Box::new(|| {}));
            return None;
        }
        Some(uv)
    }

    pub fn set_referenced(&self, referenced: bool) {
        let change = if referenced { self.functions.reference } else { self.functions.unreference };
        // SAFETY: the handle is open until `close`, which takes `self`.
        unsafe { change(self.handle.as_ptr()) }
    }

    pub fn close(self, closed: Closed) {
        // SAFETY: the handle is open, its data is the context that `start` has set, and that is not borrowed now:
        // `on_readable` holds no reference to it while it runs a turn.
        unsafe {
            (*context(self.handle.as_ptr())).closed = Some(closed);
            (self.functions.close)(self.handle.as_ptr(), on_closed);
        }
    }
}

/// The handle's data, which is its first field (`UV_HANDLE_FIELDS`): libuv leaves it to its user.
///
/// # Safety
///
/// `handle` comes from [`Uv::start`] and libuv has not closed it.
unsafe fn context(handle: Handle) -> *mut Context {
    // SAFETY: `start` has written the pointer there.
    unsafe { handle.cast::<*mut Context>().read() }
}

/// libuv calls this from the loop, without a handle scope; the turn opens its own.
unsafe extern "C" fn on_readable(handle: Handle, _status: c_int, _events: c_int) {
    // SAFETY: an open handle's data is its context. The turn may close the handle, so a count of its own keeps it.
    let turn = unsafe { Rc::clone(&(*context(handle)).turn) };
    turn.turn();
}

/// libuv calls this once it has no more use for the handle.
unsafe extern "C" fn on_closed(handle: Handle) {
    // SAFETY: this is the last call with the handle: its context and memory are ours again.
    let Context { layout, closed, turn } = *unsafe { Box::from_raw(context(handle)) };
    // SAFETY: allocated in `start` with this layout.
    unsafe { dealloc(handle.cast(), layout) };
    drop(turn);
    if let Some(closed) = closed {
        closed();
    }
}
