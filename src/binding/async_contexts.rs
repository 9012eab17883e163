//! The asynchronous contexts (`async_hooks`, `AsyncLocalStorage`) in which JavaScript is called for each id.
//!
//! Owned by the [`core`](super::core), used on the JavaScript thread. An id has a context from when it is opened until
//! it is released. What a program opens gets one below the context in which it does so; an accepted stream gets one
//! below the root. The connection that a TLSSocket takes over from another socket gets one below
//! that of the TLSSocket.

use std::cell::RefCell;
use std::ptr::null_mut;

use napi::sys;

use crate::engine::Engine;
use crate::reactor::Id;

/// See the module.
pub struct AsyncContexts {
    env: sys::napi_env,
    by_id: RefCell<Vec<sys::napi_async_context>>,
    /// Those of released ids: JavaScript may be running in them.
    left: RefCell<Vec<sys::napi_async_context>>,
}

impl AsyncContexts {
    pub fn new(env: sys::napi_env) -> Self {
        Self { env, by_id: RefCell::default(), left: RefCell::default() }
    }

    /// The context of `id`; null if it has none.
    pub fn of(&self, id: Id) -> sys::napi_async_context {
        self.by_id.borrow().get(id as usize).copied().unwrap_or(null_mut())
    }

    /// Makes a context for `id` below the current one, unless `id` has one already. The caller has a handle scope open.
    pub fn enter(&self, id: Id, engine: &RefCell<Engine>) {
        if !self.of(id).is_null() {
            return;
        }
        let name = resource_type(&mut engine.borrow_mut(), id);
        let context = self.make(name);
        let mut by_id = self.by_id.borrow_mut();
        let index = id as usize;
        if by_id.len() <= index {
            by_id.resize(index + 1, null_mut());
        }
        by_id[index] = context;
    }

    /// Makes a context below the current one, for its owner to [`destroy`](Self::destroy). `name` is the type of its
    /// resource. The caller has a handle scope open.
    pub fn make(&self, name: &str) -> sys::napi_async_context {
        let (mut text, mut context) = (null_mut(), null_mut());
        // SAFETY: this is the thread of the environment, and the name has that length.
        unsafe {
            sys::napi_create_string_latin1(self.env, name.as_ptr().cast(), name.len() as isize, &raw mut text);
            // Calls the hooks of the program, which may do anything.
            sys::napi_async_init(self.env, null_mut(), text, &raw mut context);
        }
        context
    }

    /// Destroys a context that [`make`](Self::make) has made, in which no JavaScript is running any more.
    pub fn destroy(&self, context: sys::napi_async_context) {
        // SAFETY: made by `make`, and destroyed once, by its owner.
        unsafe { sys::napi_async_destroy(self.env, context) };
    }

    /// `id` is released. Its context stays until [`Self::clear`].
    pub fn leave(&self, id: Id) {
        let context = self.of(id);
        if !context.is_null() {
            self.by_id.borrow_mut()[id as usize] = null_mut();
            self.left.borrow_mut().push(context);
        }
    }

    /// Leaves all contexts to the environment, which ends: Deno has no handle scope by then, which destroying them takes.
    pub fn abandon(&self) {
        self.by_id.borrow_mut().clear();
        self.left.borrow_mut().clear();
    }

    /// Destroys the contexts of released ids. No JavaScript is running in them any more.
    pub fn clear(&self) {
        for context in self.left.borrow_mut().drain(..) {
            self.destroy(context);
        }
    }
}

/// The type by which `async_hooks` knows the resource `id`: what Node calls its own of the same kind.
fn resource_type(engine: &mut Engine, id: Id) -> &'static str {
    if let Some(listener) = engine.listener(id) {
        return if listener.kind().is_tcp() { "TCPSERVERWRAP" } else { "PIPESERVERWRAP" };
    }
    match engine.stream(id).map(|stream| (stream.is_connecting(), stream.kind().is_tcp())) {
        Some((true, true)) => "TCPCONNECTWRAP",
        Some((true, false)) => "PIPECONNECTWRAP",
        Some((false, true)) => "TCPWRAP",
        _ => "PIPEWRAP",
    }
}
