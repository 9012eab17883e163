//! How an engine begins, and how it ends: because its class was collected, or because the environment ends.
//!
//! Runs on the JavaScript thread. At the end, sockets are closed and the wake is stopped at once; the references to
//! JavaScript are deleted when the wake is closed. An environment that ends waits for that through a cleanup hook, which
//! owns a count of the core until then. Where libuv is to close its handle, that is an asynchronous hook: to leave the
//! handle open would abort the process. The thread of the other wake ends at once, and Deno frees an asynchronous hook
//! that is removed by its own call twice.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::{Object, Result, Unknown};
use napi::{check_status, sys};

use super::async_contexts::AsyncContexts;
use super::calls::Calls;
use super::core::{Cleanup, Core};
use super::memory::Memory;
use super::phases::Phases;
use crate::engine::Engine;
use crate::reactor::wake::{LoopCallbacks, Wake, Way};

impl Core {
    /// Starts an engine. `incoming` and `outgoing` are Buffers that only the JavaScript around the engine can reach.
    pub fn start(
        env: sys::napi_env,
        callbacks: &Object<'_>,
        incoming: &Unknown<'_>,
        outgoing: &Unknown<'_>,
        way: Way,
    ) -> Result<Rc<Self>> {
        #[cfg(target_vendor = "apple")]
        stay_loaded();
        let memory = Memory::new(env, incoming, outgoing)?;
        let engine = Engine::new(memory.incoming()).map_err(errno_as_message)?;
        let core = Rc::new(Self {
            env,
            engine: RefCell::new(engine),
            contexts: AsyncContexts::new(env),
            calls: Calls::new(env, callbacks)?,
            phases: Phases::default(),
            memory,
            wake: RefCell::new(None),
            is_referenced: Cell::new(false),
            cleanup: Cell::new(None),
        });
        {
            let engine = core.engine.borrow();
            // SAFETY: this is the thread of `env`; the core keeps the reactor until the wake has been closed.
            let wake =
                unsafe { Wake::start(way, env, engine.reactor().fd(), Rc::clone(&core) as Rc<dyn LoopCallbacks>)? };
            core.wake.replace(Some(wake));
        }
        core.add_cleanup_hook()?;
        Ok(core)
    }

    /// Shuts the engine down when the environment ends.
    fn add_cleanup_hook(self: &Rc<Self>) -> Result<()> {
        let argument = Rc::into_raw(Rc::clone(self)).cast_mut().cast::<c_void>();
        // SAFETY: the count that the hook owns is taken back in `finish`, which removes the hook, or by its call.
        let cleanup = unsafe {
            if self.way() == Some(Way::Thread) {
                check_status!(sys::napi_add_env_cleanup_hook(self.env, Some(on_end), argument))?;
                Cleanup::Hook
            } else {
                let mut hook = null_mut();
                check_status!(sys::napi_add_async_cleanup_hook(self.env, Some(on_cleanup), argument, &raw mut hook))?;
                Cleanup::Async(hook)
            }
        };
        self.cleanup.set(Some(cleanup));
        Ok(())
    }

    /// Whether the engine runs: it has not been shut down.
    pub(super) fn is_open(&self) -> bool {
        self.wake.borrow().is_some()
    }

    /// Closes all sockets and stops the wake. Does nothing the second time.
    pub fn shut_down(self: &Rc<Self>) {
        let Some(wake) = self.wake.take() else { return };
        for id in self.engine.borrow_mut().close_all() {
            self.contexts.leave(id);
        }
        self.phases.clear();
        let core = Rc::clone(self);
        // The engine, and with it the descriptor that is watched, stays until the wake is closed.
        wake.close(Box::new(move || core.finish()));
    }

    /// The wake is closed: no JavaScript will be called any more.
    fn finish(&self) {
        let cleanup = self.cleanup.take();
        self.contexts.clear();
        // SAFETY: there are no more events, and `shut_down` closes the wake once.
        unsafe {
            self.calls.delete();
            self.memory.delete();
        }
        let Some(cleanup) = cleanup else { return };
        let this = std::ptr::from_ref(self);
        // SAFETY: `add_cleanup_hook` has added the hook. It is removed once, and its count of the core with it.
        unsafe {
            match cleanup {
                Cleanup::Hook => {
                    sys::napi_remove_env_cleanup_hook(self.env, Some(on_end), this.cast_mut().cast());
                }
                Cleanup::Async(hook) => {
                    sys::napi_remove_async_cleanup_hook(hook);
                }
            }
            drop(Rc::from_raw(this));
        }
    }
}

unsafe extern "C" fn on_end(core: *mut c_void) {
    // SAFETY: the hook owns a count of the core, and is gone with this call.
    let core = unsafe { Rc::from_raw(core.cast_const().cast::<Core>()) };
    core.cleanup.set(None);
    core.contexts.abandon();
    core.shut_down();
}

unsafe extern "C" fn on_cleanup(_hook: sys::napi_async_cleanup_hook_handle, core: *mut c_void) {
    let core = core.cast_const().cast::<Core>();
    // SAFETY: the hook owns a count of the core, until `finish`.
    let core = unsafe {
        Rc::increment_strong_count(core);
        Rc::from_raw(core)
    };
    core.shut_down();
}

/// Keeps the addon loaded: the threads of the runtime outlive the environments that have loaded it. On Linux, a flag of
/// the linker does so (`build.rs`).
#[cfg(target_vendor = "apple")]
fn stay_loaded() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let mut found = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: an address of this library, and memory for the answer, which names its file. It is open already, so
        // that to open it again runs nothing. The handle is never closed.
        unsafe {
            if libc::dladdr(stay_loaded as *const c_void, found.as_mut_ptr()) != 0 {
                libc::dlopen(found.assume_init().dli_fname, libc::RTLD_LAZY);
            }
        }
    });
}

/// An error whose message is the errno: JavaScript makes a system error of it.
fn errno_as_message(error: std::io::Error) -> napi::Error {
    napi::Error::from_reason(error.raw_os_error().unwrap_or(libc::EINVAL).to_string())
}
