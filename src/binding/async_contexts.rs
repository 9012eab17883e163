//! The asynchronous contexts (`async_hooks`, `AsyncLocalStorage`) in which JavaScript is called for each id.
//!
//! Owned by the [`core`](super::core), used on the JavaScript thread. An id has a context from when it is opened until
//! it is released. What a program opens gets one below the context in which it does so; an accepted stream gets one
//! below the root. The connection that a TLSSocket takes over from another socket gets one below that of the TLSSocket.
//! What is still to be called for an id that may be released by then has a share of its context.

use std::cell::RefCell;
use std::ptr::null_mut;
use std::rc::Rc;

use napi::sys;

use crate::engine::Engine;
use crate::reactor::Id;

/// A context of Node-API, which ends with its last owner. No JavaScript may be running in it then.
pub struct AsyncContext {
    env: sys::napi_env,
    raw: sys::napi_async_context,
}

impl AsyncContext {
    /// To call with, while it has an owner.
    pub fn raw(&self) -> sys::napi_async_context {
        self.raw
    }
}

impl Drop for AsyncContext {
    fn drop(&mut self) {
        // SAFETY: made by `AsyncContexts::make`, and destroyed once.
        unsafe { sys::napi_async_destroy(self.env, self.raw) };
    }
}

/// See the module.
pub struct AsyncContexts {
    env: sys::napi_env,
    by_id: RefCell<Vec<Option<Rc<AsyncContext>>>>,
    /// Those of released ids: JavaScript may be running in them.
    left: RefCell<Vec<Rc<AsyncContext>>>,
}

impl AsyncContexts {
    pub fn new(env: sys::napi_env) -> Self {
        Self { env, by_id: RefCell::default(), left: RefCell::default() }
    }

    /// The context of `id`, to call with now; null if it has none.
    pub fn of(&self, id: Id) -> sys::napi_async_context {
        match self.by_id.borrow().get(id as usize) {
            Some(Some(context)) => context.raw(),
            _ => null_mut(),
        }
    }

    /// A share of the context of `id`; `None` if it has none.
    pub fn share(&self, id: Id) -> Option<Rc<AsyncContext>> {
        self.by_id.borrow().get(id as usize).cloned().flatten()
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
            by_id.resize(index + 1, None);
        }
        by_id[index] = Some(context);
    }

    /// Makes a context below the current one. `name` is the type of its resource. The caller has a handle scope open.
    pub fn make(&self, name: &str) -> Rc<AsyncContext> {
        let (mut text, mut raw) = (null_mut(), null_mut());
        // SAFETY: this is the thread of the environment, and the name has that length.
        unsafe {
            sys::napi_create_string_latin1(self.env, name.as_ptr().cast(), name.len() as isize, &raw mut text);
            // Calls the hooks of the program, which may do anything.
            sys::napi_async_init(self.env, null_mut(), text, &raw mut raw);
        }
        Rc::new(AsyncContext { env: self.env, raw })
    }

    /// `id` is released. Its context stays until [`Self::clear`], and as long as it is shared.
    pub fn leave(&self, id: Id) {
        let context = self.by_id.borrow_mut().get_mut(id as usize).and_then(Option::take);
        self.left.borrow_mut().extend(context);
    }

    /// Leaves all contexts to the environment, which ends: Deno has no handle scope by then, which destroying them takes.
    pub fn abandon(&self) {
        let of_ids = self.by_id.take().into_iter().flatten();
        of_ids.chain(self.left.take()).for_each(std::mem::forget);
    }

    /// Drops the contexts of released ids. No JavaScript is running in them any more, unless they are shared.
    pub fn clear(&self) {
        // Destroying one may run hooks, which may release another.
        drop(self.left.take());
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
