//! The end of an engine: because its class was collected, or because the environment ends.
//!
//! Runs on the JavaScript thread. Sockets are closed and the wake is stopped at once; the references to JavaScript are
//! deleted when the wake is closed. An environment that ends waits for that through an asynchronous cleanup hook, which
//! owns a count of the core until then: to leave libuv's handle open would abort the process.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::rc::Rc;

use napi::bindgen_prelude::Result;
use napi::{check_status, sys};

use super::core::Core;

/// Shuts the engine of `core` down when the environment ends.
pub fn add_cleanup_hook(core: &Rc<Core>) -> Result<()> {
    let mut hook = null_mut();
    let argument = Rc::into_raw(Rc::clone(core)).cast_mut().cast::<c_void>();
    // SAFETY: the count that the hook owns is taken back in `finish`, which removes the hook.
    unsafe { check_status!(sys::napi_add_async_cleanup_hook(core.env, Some(on_cleanup), argument, &raw mut hook))? };
    core.cleanup.set(hook);
    Ok(())
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

impl Core {
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
        let core = Rc::clone(self);
        // The engine, and with it the descriptor that is watched, stays until the wake is closed.
        wake.close(Box::new(move || core.finish()));
    }

    /// The wake is closed: no JavaScript will be called any more.
    fn finish(&self) {
        let hook = self.cleanup.replace(null_mut());
        self.contexts.clear();
        // SAFETY: there are no more events, and `shut_down` closes the wake once.
        unsafe {
            self.calls.delete();
            self.memory.delete();
        }
        if !hook.is_null() {
            // SAFETY: the hook was added in `add_cleanup_hook`, is removed once, and its count of the core goes with it.
            unsafe {
                sys::napi_remove_async_cleanup_hook(hook);
                drop(Rc::from_raw(std::ptr::from_ref(self)));
            }
        }
    }
}
