//! Calls into JavaScript: the callbacks that the engine was started with, and how they are called.
//!
//! Owned by the [`core`](super::core), used on the JavaScript thread. The references to the callbacks are weak, but for
//! the one to the object that has them, which is strong while the engine has a stream or listener.

use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};

use napi::bindgen_prelude::{JsObjectValue, JsValue, Object, Result, Unknown};
use napi::{check_status, sys};

use super::events::{Callback, NAMES};

/// See the module.
pub struct Calls {
    env: sys::napi_env,
    object: sys::napi_ref,
    functions: [sys::napi_ref; NAMES.len()],
    /// Null where ticks and microtasks run after each call of the wake.
    defer: sys::napi_ref,
    /// Null where libuv wakes the loop.
    come_round: sys::napi_ref,
    /// Null where a thread wakes the loop.
    after_events: sys::napi_ref,
    closing: sys::napi_ref,
    is_held: Cell<bool>,
    /// What a callback is throwing has been made an uncaught exception already.
    is_surfaced: Cell<bool>,
    /// No more JavaScript can be run: see [`look`](Self::look).
    is_over: Cell<bool>,
}

impl Calls {
    /// `object` has a function for each of [`NAMES`], and maybe [`defer`](Self::defer),
    /// [`comeRound`](Self::come_round), [`afterEvents`](Self::after_events) and [`closing`](Self::closing).
    pub fn new(env: sys::napi_env, object: &Object<'_>) -> Result<Self> {
        let mut functions = [null_mut(); NAMES.len()];
        for (function, name) in functions.iter_mut().zip(NAMES) {
            let value: Unknown<'_> = object.get_named_property(name)?;
            *function = weak_reference(env, value.raw())?;
        }
        let optional = |name| {
            let value: Option<Unknown<'_>> = object.get(name)?;
            value.map_or(Ok(null_mut()), |value| weak_reference(env, value.raw()))
        };
        Ok(Self {
            env,
            object: weak_reference(env, object.raw())?,
            functions,
            defer: optional("defer")?,
            come_round: optional("comeRound")?,
            after_events: optional("afterEvents")?,
            closing: optional("closing")?,
            is_held: Cell::new(false),
            is_surfaced: Cell::new(false),
            is_over: Cell::new(false),
        })
    }

    /// Whether the callbacks are to be kept alive.
    pub fn hold(&self, hold: bool) {
        if self.is_held.replace(hold) != hold {
            let change = if hold { sys::napi_reference_ref } else { sys::napi_reference_unref };
            // SAFETY: the reference lives until `delete`, which comes after the last event.
            unsafe { change(self.env, self.object, null_mut()) };
        }
    }

    /// Deletes the references.
    ///
    /// # Safety
    ///
    /// This is the last use of the callbacks.
    pub unsafe fn delete(&self) {
        let others = [self.object, self.defer, self.come_round, self.after_events, self.closing];
        let references = self.functions.into_iter().chain(others);
        for reference in references.filter(|reference| !reference.is_null()) {
            // SAFETY: made in `new`, and deleted once, as the caller promises.
            unsafe { sys::napi_delete_reference(self.env, reference) };
        }
    }

    /// Calls a callback for an event, in an asynchronous context. A handle scope is open.
    pub fn call(
        &self,
        context: sys::napi_async_context,
        callback: Callback,
        arguments: &[sys::napi_value],
    ) -> Option<sys::napi_value> {
        let function = self.value(self.functions[callback as usize])?;
        self.run(context, function, arguments)
    }

    /// Has JavaScript run the next event of the turn after the ticks and microtasks of this one, if there is a function
    /// for that. Returns whether there is. A handle scope is open.
    pub fn defer(&self) -> bool {
        self.call_other(null_mut(), self.defer)
    }

    /// Has JavaScript call when the loop has come round, if there is a function for that. Returns whether there is. A
    /// handle scope is open.
    pub fn come_round(&self) -> bool {
        self.call_other(null_mut(), self.come_round)
    }

    /// Has JavaScript call what is next of what waits for the end of the events. A handle scope is open.
    pub fn after_events(&self, context: sys::napi_async_context) {
        self.call_other(context, self.after_events);
    }

    /// Has JavaScript call what is next of what waits for the closing phase. A handle scope is open.
    pub fn closing(&self, context: sys::napi_async_context) {
        self.call_other(context, self.closing);
    }

    /// Calls a function for no event, if there is one. Returns whether it was called and has not thrown.
    fn call_other(&self, context: sys::napi_async_context, function: sys::napi_ref) -> bool {
        let function = if function.is_null() { None } else { self.value(function) };
        function.is_some_and(|function| self.run(context, function, &[]).is_some())
    }

    /// Calls `function` as Node does for an event: ticks and microtasks run afterwards, and what is thrown is an
    /// uncaught exception. `None` if it throws, or no more JavaScript can be run. A handle scope is open.
    pub fn run(
        &self,
        context: sys::napi_async_context,
        function: sys::napi_value,
        arguments: &[sys::napi_value],
    ) -> Option<sys::napi_value> {
        // Node-API wants an object for `this`, which no callback uses.
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
            self.surface_pending();
        }
        self.look();
        None
    }

    /// Whether JavaScript can still be run, when that was last looked at.
    pub fn can_run(&self) -> bool {
        !self.is_over.get()
    }

    /// Looks whether JavaScript can still be run: not once a worker exits or is terminated, which goes on to the end of
    /// what the loop is doing. A handle scope is open.
    pub fn look(&self) {
        let (mut global, mut object) = (null_mut(), null_mut());
        // SAFETY: the caller has a handle scope open. The second call runs no code, and fails where none can be run.
        let status = unsafe {
            sys::napi_get_global(self.env, &raw mut global);
            sys::napi_coerce_to_object(self.env, global, &raw mut object)
        };
        self.is_over.set(status != sys::Status::napi_ok);
    }

    /// Calls `reader`, what the callback of received data has returned, if that is a function: native code of Node's
    /// core reads there. Node calls that without a scope of callbacks around it, so that ticks and microtasks run after
    /// each call that it makes, and not only after the last. What `reader` returns is called as an event. A handle scope
    /// is open.
    pub fn read_natively(&self, reader: sys::napi_value) {
        if !self.is_function(reader) {
            return;
        }
        let mut settle = null_mut();
        // SAFETY: the caller has a handle scope open. The receiver is not used.
        let status = unsafe { sys::napi_call_function(self.env, reader, reader, 0, null(), &raw mut settle) };
        if status != sys::Status::napi_ok {
            // SAFETY: as above.
            unsafe { self.surface_pending() };
        } else if self.is_function(settle) {
            self.run(null_mut(), settle, &[]);
        }
    }

    fn is_function(&self, value: sys::napi_value) -> bool {
        let mut kind = 0;
        // SAFETY: `value` is a value of this environment.
        unsafe { sys::napi_typeof(self.env, value, &raw mut kind) };
        kind == sys::ValueType::napi_function
    }

    /// Runs `body` in the root context, whatever the current one is. A handle scope is open.
    pub fn in_root_context(&self, mut body: impl FnMut()) {
        // A call without a context has the root's, so `body` becomes a function to call.
        let mut body: &mut dyn FnMut() = &mut body;
        let mut function = null_mut();
        let data = (&raw mut body).cast::<c_void>();
        // SAFETY: the caller has a handle scope open. The function is called here only, where `body` is alive.
        unsafe { sys::napi_create_function(self.env, null(), 0, Some(run_body), data, &raw mut function) };
        self.run(null_mut(), function, &[]);
    }

    /// Makes what a callback is about to throw an uncaught exception. Inside the callback, the asynchronous context is
    /// still that of the event.
    pub fn surface(&self, exception: sys::napi_value) {
        // SAFETY: called from a native method, which has a handle scope.
        unsafe { sys::napi_fatal_exception(self.env, exception) };
        self.is_surfaced.set(true);
    }

    /// Makes a pending exception an uncaught one, unless it is one already.
    ///
    /// # Safety
    ///
    /// A handle scope is open.
    unsafe fn surface_pending(&self) {
        let is_surfaced = self.is_surfaced.take();
        // SAFETY: as the caller promises.
        unsafe {
            let mut is_pending = false;
            sys::napi_is_exception_pending(self.env, &raw mut is_pending);
            let mut exception = null_mut();
            if is_pending
                && sys::napi_get_and_clear_last_exception(self.env, &raw mut exception) == sys::Status::napi_ok
                && !(exception.is_null() || is_surfaced)
            {
                sys::napi_fatal_exception(self.env, exception);
            }
        }
    }

    fn value(&self, reference: sys::napi_ref) -> Option<sys::napi_value> {
        let mut value = null_mut();
        // SAFETY: the references live until `delete`; a handle scope is open.
        unsafe { sys::napi_get_reference_value(self.env, reference, &raw mut value) };
        (!value.is_null()).then_some(value)
    }
}

/// Runs the body of [`Calls::in_root_context`].
unsafe extern "C" fn run_body(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut data = null_mut();
    // SAFETY: Node-API calls with its environment, and with the data that the function was made with.
    unsafe {
        sys::napi_get_cb_info(env, info, null_mut(), null_mut(), null_mut(), &raw mut data);
        // A panic must not reach Node; the stream has no context of its own then.
        let _ = catch_unwind(AssertUnwindSafe(|| (*data.cast::<&mut dyn FnMut()>())()));
    }
    null_mut()
}

fn weak_reference(env: sys::napi_env, value: sys::napi_value) -> Result<sys::napi_ref> {
    let mut reference = null_mut();
    // SAFETY: `value` is a value of this environment.
    check_status!(unsafe { sys::napi_create_reference(env, value, 0, &raw mut reference) })?;
    Ok(reference)
}
