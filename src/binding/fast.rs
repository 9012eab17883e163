//! The three functions that are called for every chunk: `write`, `writeString` and `want`.
//!
//! They do what methods of [`Engine`](super::Engine) would, on Node-API itself: the class machinery (unwrapping,
//! type tags, borrow checks) costs several times what the work does, a fifth of the JavaScript side of an echo
//! (`perf record -e cpu-clock:u` on `npm run bench -- --server ours --work echo-50`). They need no `this`: each carries
//! the core that it works on.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null_mut, slice_from_raw_parts};
use std::rc::Rc;

use napi::bindgen_prelude::Result;
use napi::{check_status, sys};

use super::core::Core;
use crate::error::Syscall;

/// `Encoding.Latin1` and `Encoding.Utf8` of JavaScript.
#[derive(Clone, Copy)]
pub enum StringEncoding {
    /// Each UTF-16 unit's low byte.
    Latin1,
    /// UTF-8.
    Utf8,
}

impl StringEncoding {
    /// The most bytes that `length` UTF-16 units can take.
    fn most(self, length: usize) -> usize {
        match self {
            Self::Latin1 => length,
            Self::Utf8 => length * 3,
        }
    }
}

type Body = unsafe fn(&Core, sys::napi_env, [sys::napi_value; 4]) -> Option<i64>;

/// Defines the functions on `target`.
///
/// # Safety
///
/// `env` is the environment of this thread, `target` an object of it, and the caller has a handle scope.
pub unsafe fn define(env: sys::napi_env, target: sys::napi_value, core: &Rc<Core>) -> Result<()> {
    // SAFETY: as the caller promises.
    unsafe {
        define_one(env, target, core, c"write", on_write)?;
        define_one(env, target, core, c"writeString", on_write_string)?;
        define_one(env, target, core, c"want", on_want)
    }
}

/// # Safety
///
/// As of [`define`].
unsafe fn define_one(
    env: sys::napi_env,
    target: sys::napi_value,
    core: &Rc<Core>,
    name: &CStr,
    callback: unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value,
) -> Result<()> {
    let core = Rc::into_raw(Rc::clone(core)).cast_mut().cast::<c_void>();
    let mut function = null_mut();
    // SAFETY: as the caller promises. The function keeps its count of the core until it is collected.
    unsafe {
        let (text, length) = (name.as_ptr(), name.count_bytes() as isize);
        check_status!(sys::napi_create_function(env, text, length, Some(callback), core, &raw mut function))?;
        check_status!(sys::napi_add_finalizer(env, function, core, Some(release), null_mut(), null_mut()))?;
        check_status!(sys::napi_set_named_property(env, target, text, function))
    }
}

unsafe extern "C" fn release(_env: sys::napi_env, core: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the count that `define_one` gave to the function, which is gone.
    drop(unsafe { Rc::from_raw(core.cast_const().cast::<Core>()) });
}

/// `write(id, chunk)`: how many bytes were taken, or a negative errno. `onroom` follows if it was not all.
unsafe extern "C" fn on_write(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: Node-API calls with a valid `info`.
    unsafe { run(env, info, write) }
}

/// `writeString(id, text, length, encoding)`: how many bytes of a text of `length` UTF-16 units were taken: all or (for
/// a text that is not empty) none, or a negative errno. `onroom` follows if it was none.
unsafe extern "C" fn on_write_string(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as above.
    unsafe { run(env, info, write_string) }
}

/// `want(id, wanted)`: whether data is wanted now.
unsafe extern "C" fn on_want(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: as above.
    unsafe { run(env, info, want) }
}

unsafe fn write(core: &Core, env: sys::napi_env, [id, chunk, ..]: [sys::napi_value; 4]) -> Option<i64> {
    let (mut bytes, mut length) = (null_mut(), 0);
    // SAFETY: Node-API gives the memory of the view, which nobody changes while this thread is here.
    unsafe {
        let id = number(env, id)?;
        if sys::napi_get_buffer_info(env, chunk, &raw mut bytes, &raw mut length) != sys::Status::napi_ok {
            return None;
        }
        let chunk: &[u8] = if length == 0 { &[] } else { &*slice_from_raw_parts(bytes.cast(), length) };
        Some(core.write(|engine| engine.write(id, &[chunk])))
    }
}

unsafe fn write_string(core: &Core, env: sys::napi_env, arguments: [sys::napi_value; 4]) -> Option<i64> {
    let [id, text, length, encoding] = arguments;
    // SAFETY: the values are of this environment.
    let (id, length, encoding) = unsafe { (number(env, id)?, number(env, length)? as usize, number(env, encoding)?) };
    let encoding = if encoding == 0 { StringEncoding::Latin1 } else { StringEncoding::Utf8 };
    Some(core.write(|engine| {
        engine.gather(id, encoding.most(length), |queue| {
            // SAFETY: as above.
            unsafe { read_string(env, text, length, encoding, queue) }.ok_or(Syscall::Write.errno(libc::EINVAL))
        })
    }))
}

unsafe fn want(core: &Core, env: sys::napi_env, [id, wanted, ..]: [sys::napi_value; 4]) -> Option<i64> {
    let mut value = false;
    // SAFETY: the values are of this environment.
    unsafe {
        let id = number(env, id)?;
        if sys::napi_get_value_bool(env, wanted, &raw mut value) != sys::Status::napi_ok {
            return None;
        }
        core.with(|engine| engine.want(id, value));
    }
    Some(0)
}

/// Appends a string to `queue`, without a copy in between.
///
/// # Safety
///
/// `text` is a value of `env`.
unsafe fn read_string(
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

/// Reads the arguments, runs `body`, and gives its number. Wrong arguments, which only a bug in the JavaScript beside
/// this can pass, and a panic become an exception.
///
/// # Safety
///
/// `info` is that of the current call of a function that [`define_one`] has made.
unsafe fn run(env: sys::napi_env, info: sys::napi_callback_info, body: Body) -> sys::napi_value {
    let mut arguments = [null_mut(); 4];
    let (mut count, mut core, mut result) = (arguments.len(), null_mut(), null_mut());
    // SAFETY: as the caller promises; the function that is being called keeps the core.
    unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, arguments.as_mut_ptr(), null_mut(), &raw mut core);
        let core = &*core.cast_const().cast::<Core>();
        match catch_unwind(AssertUnwindSafe(|| body(core, env, arguments))) {
            Ok(Some(number)) => {
                sys::napi_create_int64(env, number, &raw mut result);
            }
            outcome => {
                let text = if outcome.is_ok() { c"invalid arguments" } else { c"rust-net has failed internally" };
                sys::napi_throw_error(env, c"ERR_RUST_NET_INTERNAL".as_ptr(), text.as_ptr());
            }
        }
    }
    result
}

/// # Safety
///
/// `value` is a value of `env`, or null.
unsafe fn number(env: sys::napi_env, value: sys::napi_value) -> Option<u32> {
    let mut number = 0;
    // SAFETY: as the caller promises; null is refused.
    let status = unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}
