//! The arguments of events, as values of JavaScript: on Node-API itself, since events are many.

use std::ptr::null_mut;

use napi::sys;

/// What an event can carry.
pub trait Argument {
    /// As a value of JavaScript.
    ///
    /// # Safety
    ///
    /// This is the thread of `env`, and a handle scope is open.
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value;
}

impl Argument for u32 {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises.
        unsafe { sys::napi_create_uint32(env, self, &raw mut value) };
        value
    }
}

impl Argument for i32 {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises.
        unsafe { sys::napi_create_int32(env, self, &raw mut value) };
        value
    }
}

impl Argument for u16 {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        // SAFETY: as the caller promises.
        unsafe { u32::from(self).value(env) }
    }
}

/// An offset or a length in memory of JavaScript, which is small.
impl Argument for usize {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        // SAFETY: as the caller promises.
        unsafe { u32::try_from(self).unwrap_or(u32::MAX).value(env) }
    }
}

impl Argument for bool {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises.
        unsafe { sys::napi_get_boolean(env, self, &raw mut value) };
        value
    }
}

impl Argument for &str {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises, and the text has that length.
        unsafe { sys::napi_create_string_utf8(env, self.as_ptr().cast(), self.len() as isize, &raw mut value) };
        value
    }
}

/// Bytes as a text, each of which is a character.
pub struct Latin1<'a>(pub &'a [u8]);

impl Argument for Latin1<'_> {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises, and there are so many bytes.
        unsafe {
            sys::napi_create_string_latin1(env, self.0.as_ptr().cast(), self.0.len() as isize, &raw mut value);
        }
        value
    }
}

/// A Buffer of its own.
impl Argument for &[u8] {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        let mut value = null_mut();
        // SAFETY: as the caller promises, and the bytes are copied.
        unsafe { sys::napi_create_buffer_copy(env, self.len(), self.as_ptr().cast(), null_mut(), &raw mut value) };
        value
    }
}

impl Argument for String {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        // SAFETY: as the caller promises.
        unsafe { self.as_str().value(env) }
    }
}

/// `undefined` for what is not there.
impl<A: Argument> Argument for Option<A> {
    unsafe fn value(self, env: sys::napi_env) -> sys::napi_value {
        // SAFETY: as the caller promises.
        unsafe {
            match self {
                Some(argument) => argument.value(env),
                None => {
                    let mut value = null_mut();
                    sys::napi_get_undefined(env, &raw mut value);
                    value
                }
            }
        }
    }
}
