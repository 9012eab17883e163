//! Values of JavaScript, read on Node-API itself: what the functions of [`fast`](super::fast) get.
//!
//! Runs on the JavaScript thread, inside a call from JavaScript. What is borrowed is memory of JavaScript, which does
//! not run until the call returns.

use std::borrow::Cow;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering};

use napi::sys;

use super::constants::{LATIN1, UTF8};

/// How a string becomes bytes.
#[derive(Clone, Copy)]
pub enum StringEncoding {
    /// Each UTF-16 unit's low byte.
    Latin1,
    /// UTF-8.
    Utf8,
}

impl StringEncoding {
    /// The encoding that JavaScript has this number for.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            LATIN1 => Some(Self::Latin1),
            UTF8 => Some(Self::Utf8),
            _ => None,
        }
    }

    /// The most bytes that `length` UTF-16 units can take.
    pub fn most(self, length: usize) -> usize {
        match self {
            Self::Latin1 => length,
            Self::Utf8 => length * 3,
        }
    }
}

/// # Safety
///
/// `value` is a value of `env`, or null.
pub unsafe fn number(env: sys::napi_env, value: sys::napi_value) -> Option<u32> {
    let mut number = 0;
    // SAFETY: as the caller promises; null is refused.
    let status = unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

/// # Safety
///
/// As of [`number`].
pub unsafe fn boolean(env: sys::napi_env, value: sys::napi_value) -> Option<bool> {
    let mut boolean = false;
    // SAFETY: as the caller promises; null is refused.
    let status = unsafe { sys::napi_get_value_bool(env, value, &raw mut boolean) };
    (status == sys::Status::napi_ok).then_some(boolean)
}

/// The bytes of each view in an array.
///
/// # Safety
///
/// `array` is a value of `env`, and JavaScript does not run during `'a`.
pub unsafe fn views<'a>(env: sys::napi_env, array: sys::napi_value) -> Option<Vec<Cow<'a, [u8]>>> {
    let mut length = 0;
    // SAFETY: as the caller promises.
    if unsafe { sys::napi_get_array_length(env, array, &raw mut length) } != sys::Status::napi_ok {
        return None;
    }
    let element = |index| {
        let mut element = null_mut();
        // SAFETY: as the caller promises.
        unsafe {
            let status = sys::napi_get_element(env, array, index, &raw mut element);
            if status == sys::Status::napi_ok { view(env, element) } else { None }
        }
    };
    (0..length).map(element).collect()
}

/// The bytes of a view: borrowed, or copied where another thread may change them at any time.
///
/// # Safety
///
/// As of [`views`].
pub unsafe fn view<'a>(env: sys::napi_env, value: sys::napi_value) -> Option<Cow<'a, [u8]>> {
    let (mut kind, mut length, mut bytes) = (0, 0, null_mut());
    let (mut memory, mut offset, mut is_exclusive) = (null_mut(), 0, false);
    // SAFETY: as the caller promises.
    unsafe {
        let status = sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut bytes,
            &raw mut memory,
            &raw mut offset,
        );
        // A `SharedArrayBuffer` is no `ArrayBuffer`.
        if status != sys::Status::napi_ok
            || sys::napi_is_arraybuffer(env, memory, &raw mut is_exclusive) != sys::Status::napi_ok
        {
            return None;
        }
        if length == 0 {
            return Some(Cow::Borrowed(&[]));
        }
        let bytes = bytes.cast::<u8>();
        if is_exclusive {
            return Some(Cow::Borrowed(std::slice::from_raw_parts(bytes, length)));
        }
        let copied = (0..length).map(|i| AtomicU8::from_ptr(bytes.add(i)).load(Ordering::Relaxed));
        Some(Cow::Owned(copied.collect()))
    }
}

/// Appends a string to `queue`, without a copy in between.
///
/// # Safety
///
/// `text` is a value of `env`.
pub unsafe fn append_string(
    env: sys::napi_env,
    text: sys::napi_value,
    length: usize,
    encoding: StringEncoding,
    queue: &mut Vec<u8>,
) -> Option<()> {
    let most = encoding.most(length);
    let read: unsafe fn(_, _, _, _, _) -> _ = match encoding {
        StringEncoding::Latin1 => sys::napi_get_value_string_latin1,
        StringEncoding::Utf8 => sys::napi_get_value_string_utf8,
    };
    // One more for the NUL that Node-API adds.
    queue.reserve(most + 1);
    let mut taken = 0;
    // SAFETY: the queue has `most + 1` bytes to spare, and Node-API says how many of them it has filled.
    unsafe {
        let space = queue.as_mut_ptr().add(queue.len());
        if read(env, text, space.cast(), most + 1, &raw mut taken) != sys::Status::napi_ok {
            return None;
        }
        queue.set_len(queue.len() + taken);
    }
    Some(())
}
