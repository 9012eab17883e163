//! Woken by a thread: it waits on the reactor's descriptor and calls through a threadsafe function.
//!
//! One call of the threadsafe function runs one event, because the ticks and microtasks of an event run when such a
//! call returns. As long as there is more, the JavaScript thread calls again itself; then it has the thread wait again.
//! In Deno, they run when no call is left: there, JavaScript runs the rest of a turn, one event after the other
//! ([`LoopCallbacks::defer`]).
//!
//! A threadsafe function runs all calls that have come, also those that come while it does. So the thread waits again
//! only once the loop has come round ([`LoopCallbacks::come_round`]): as with libuv, immediates run between two turns.
//!
//! # Threads
//!
//! The thread only waits, on the reactor's descriptor and on a pipe, its control channel. It touches nothing of the
//! engine. Everything else happens on the JavaScript thread.

use std::ffi::c_void;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::ptr::null_mut;
use std::rc::Rc;
use std::thread::JoinHandle;

use napi::sys;
use rustix::event::{PollFd, PollFlags};

use super::LoopCallbacks;
use crate::socket::Descriptor;

/// Sent over the control channel: wait for the descriptor again. The end of the channel means: stop.
const GO_ON: u8 = 1;

/// What the threadsafe function's context points to. Lives until the function is finalized.
struct Context {
    callbacks: Rc<dyn LoopCallbacks>,
    function: sys::napi_threadsafe_function,
    /// The sending end of the control channel. `None` once closed: calls that are still queued do nothing.
    control: Option<Descriptor>,
}

/// See the module.
pub struct Thread {
    env: sys::napi_env,
    function: sys::napi_threadsafe_function,
    context: *mut Context,
    thread: JoinHandle<()>,
}

/// The function may be called from any thread; that is what it is for.
struct Function(sys::napi_threadsafe_function);

// SAFETY: Node-API allows `napi_call_threadsafe_function` on every thread.
unsafe impl Send for Function {}

impl Thread {
    /// # Safety
    ///
    /// As of [`super::Wake::start`].
    pub unsafe fn start(
        env: sys::napi_env,
        fd: BorrowedFd<'_>,
        callbacks: Rc<dyn LoopCallbacks>,
    ) -> napi::Result<Self> {
        let (receiver, sender) = std::io::pipe()?;
        let (receiver, sender) = (Descriptor::from(OwnedFd::from(receiver)), Descriptor::from(OwnedFd::from(sender)));
        let context = Box::into_raw(Box::new(Context { callbacks, function: null_mut(), control: Some(sender) }));
        // SAFETY: `env` is valid, as the caller promises. Once there is the function, `finalize` alone frees the context.
        let function = unsafe {
            let function = make_function(env, context).inspect_err(|_| drop(Box::from_raw(context)))?;
            (*context).function = function;
            napi::check_status!(sys::napi_unref_threadsafe_function(env, function))?;
            function
        };
        let (fd, called) = (fd.as_raw_fd(), Function(function));
        let spawned =
            std::thread::Builder::new().name("rust-net wake".into()).spawn(move || watch(fd, &receiver, &called));
        match spawned {
            Ok(thread) => Ok(Self { env, function, context, thread }),
            Err(error) => {
                // SAFETY: released once, which has the context freed.
                unsafe {
                    sys::napi_release_threadsafe_function(function, sys::ThreadsafeFunctionReleaseMode::abort);
                }
                Err(error.into())
            }
        }
    }

    pub fn set_referenced(&self, referenced: bool) {
        // SAFETY: the function is released in `close` only, which takes `self`. It can't fail otherwise.
        unsafe {
            if referenced {
                sys::napi_ref_threadsafe_function(self.env, self.function);
            } else {
                sys::napi_unref_threadsafe_function(self.env, self.function);
            }
        }
    }

    /// See [`super::Wake::deferred`].
    pub fn deferred(&self) -> impl FnOnce() + use<> {
        let context = self.context;
        // SAFETY: the function is not closed now. It may be while this runs, but it is finalized in a later turn of the
        // loop.
        move || unsafe { run(context) }
    }

    /// See [`super::Wake::watch_again`].
    pub fn watch_again(&self) {
        // SAFETY: the context lives until the function is finalized, which is after `close`, which takes `self`.
        if let Some(control) = unsafe { &(*self.context).control } {
            go_on(control);
        }
    }

    pub fn close(self) {
        // SAFETY: the context lives until the function is finalized, which is after its release below; only this
        // thread uses it.
        unsafe { (*self.context).control = None };
        // The thread has nothing that can panic, and its end is all that matters.
        let _ = self.thread.join();
        // SAFETY: released once. The thread that also called it is gone.
        unsafe {
            sys::napi_release_threadsafe_function(self.function, sys::ThreadsafeFunctionReleaseMode::abort);
        }
    }
}

/// The threadsafe function that runs one event for each call, and has `context` from then on.
///
/// # Safety
///
/// `env` is the environment of this thread, and a handle scope is open.
unsafe fn make_function(env: sys::napi_env, context: *mut Context) -> napi::Result<sys::napi_threadsafe_function> {
    // SAFETY: as the caller promises.
    unsafe {
        let mut name = null_mut();
        let text = c"rust-net";
        let length = text.count_bytes() as _;
        napi::check_status!(sys::napi_create_string_utf8(env, text.as_ptr(), length, &raw mut name))?;
        // Without `hasRef`, tools that list open handles (jest) take the function for something left open.
        let (mut resource, mut has_ref, mut function) = (null_mut(), null_mut(), null_mut());
        napi::check_status!(sys::napi_create_object(env, &raw mut resource))?;
        let text = c"hasRef";
        let length = text.count_bytes() as _;
        let callback = Some(has_no_ref as unsafe extern "C" fn(_, _) -> _);
        let created = sys::napi_create_function(env, text.as_ptr(), length, callback, null_mut(), &raw mut has_ref);
        napi::check_status!(created)?;
        napi::check_status!(sys::napi_set_named_property(env, resource, text.as_ptr(), has_ref))?;
        napi::check_status!(sys::napi_create_threadsafe_function(
            env,
            null_mut(),
            resource,
            name,
            0,
            1,
            context.cast(),
            Some(finalize),
            context.cast(),
            Some(on_call),
            &raw mut function,
        ))?;
        Ok(function)
    }
}

/// The thread: waits until the reactor is readable, calls, waits until the turn is over.
fn watch(fd: RawFd, control: &Descriptor, function: &Function) {
    // SAFETY: `Wake::start`'s caller keeps the descriptor open until this thread has been joined.
    let reactor = unsafe { BorrowedFd::borrow_raw(fd) };
    loop {
        let mut watched = [PollFd::new(&reactor, PollFlags::IN), PollFd::new(control, PollFlags::IN)];
        if rustix::event::poll(&mut watched, None).is_err() {
            continue;
        }
        if !watched[1].revents().is_empty() {
            return;
        }
        // SAFETY: `Thread::close` joins this thread before it releases the function.
        let status = unsafe {
            sys::napi_call_threadsafe_function(function.0, null_mut(), sys::ThreadsafeFunctionCallMode::nonblocking)
        };
        if status != sys::Status::napi_ok {
            return;
        }
        let mut message = [0u8];
        loop {
            match rustix::io::read(control, &mut message) {
                Ok(1) => break,
                Err(rustix::io::Errno::INTR) => {}
                _ => return,
            }
        }
    }
}

/// Runs one event on the JavaScript thread, inside the callback scope of the threadsafe function.
unsafe extern "C" fn on_call(env: sys::napi_env, _function: sys::napi_value, context: *mut c_void, _data: *mut c_void) {
    // Without an environment, a queued call is only being discarded, after the context.
    if env.is_null() {
        return;
    }
    // SAFETY: a call with an environment comes before `finalize`.
    unsafe { run(context.cast()) };
}

/// Runs one event, and sees to it that the next one is run or waited for.
///
/// # Safety
///
/// `context` is not finalized yet. Called on the JavaScript thread, with a handle scope.
unsafe fn run(context: *mut Context) {
    // SAFETY: as the caller promises.
    let (callbacks, function, is_open) =
        unsafe { (Rc::clone(&(*context).callbacks), (*context).function, (*context).control.is_some()) };
    if !is_open {
        return;
    }
    let goes_on = callbacks.step();
    // SAFETY: as above. The event may have closed the wake, but not finalized the function.
    let Some(control) = (unsafe { &(*context).control }) else { return };
    if goes_on && callbacks.defer() {
        return;
    }
    if goes_on {
        // SAFETY: the function is open as long as `control` is.
        unsafe {
            sys::napi_call_threadsafe_function(function, null_mut(), sys::ThreadsafeFunctionCallMode::nonblocking);
        }
    } else if !callbacks.come_round() {
        go_on(control);
    }
}

/// Has the thread wait again.
fn go_on(control: &Descriptor) {
    // One byte per turn: the pipe can't be full. Where the thread is gone, nothing waits for it.
    let _ = rustix::io::write(control, &[GO_ON]);
}

/// `hasRef` of the resource: sockets may keep the process alive, this does not.
unsafe extern "C" fn has_no_ref(env: sys::napi_env, _info: sys::napi_callback_info) -> sys::napi_value {
    let mut result = null_mut();
    // SAFETY: Node-API calls with its environment.
    unsafe { sys::napi_get_boolean(env, false, &raw mut result) };
    result
}

unsafe extern "C" fn finalize(_env: sys::napi_env, context: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made in `start`; Node-API calls this once, last.
    drop(unsafe { Box::from_raw(context.cast::<Context>()) });
}
