//! The functions that are called for every chunk or for every connection: `write`, `writeOutgoing`, `writeString`,
//! `want`, `shutdown`, `close`, `release`, `enter` and the counters.
//!
//! They do what methods of [`NativeEngine`](super::NativeEngine) would, on Node-API itself: the class machinery (unwrapping,
//! type tags, borrow checks) costs several times what the work does, a fifth of the JavaScript side of an echo
//! (`perf record -e cpu-clock:u` on `npm run bench -- --server ours --work echo-50`). They need no `this`: each carries
//! the core that it works on.

use std::borrow::Cow;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;

use napi::bindgen_prelude::Result;
use napi::{check_status, sys};

use super::core::Core;
use crate::engine::Engine;
use crate::error::Syscall;

/// How a string becomes bytes.
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

/// One of the functions: its name, and what it does with its arguments. `None` for arguments that it can't be given.
trait Function {
    const NAME: &CStr;

    /// # Safety
    ///
    /// The arguments are values of `env`, or null, and a handle scope is open.
    unsafe fn run(core: &Core, env: sys::napi_env, arguments: [sys::napi_value; 4]) -> Option<i64>;
}

/// Defines the functions on `target`.
///
/// # Safety
///
/// `env` is the environment of this thread, `target` an object of it, and the caller has a handle scope.
pub unsafe fn define(env: sys::napi_env, target: sys::napi_value, core: &Rc<Core>) -> Result<()> {
    // SAFETY: as the caller promises.
    unsafe {
        define_one::<Write>(env, target, core)?;
        define_one::<WriteOutgoing>(env, target, core)?;
        define_one::<WriteString>(env, target, core)?;
        define_one::<Want>(env, target, core)?;
        define_one::<Shutdown>(env, target, core)?;
        define_one::<Close>(env, target, core)?;
        define_one::<Release>(env, target, core)?;
        define_one::<Enter>(env, target, core)?;
        define_one::<BytesRead>(env, target, core)?;
        define_one::<BytesWritten>(env, target, core)
    }
}

/// # Safety
///
/// As of [`define`].
unsafe fn define_one<F: Function>(env: sys::napi_env, target: sys::napi_value, core: &Rc<Core>) -> Result<()> {
    let core = Rc::into_raw(Rc::clone(core)).cast_mut().cast::<c_void>();
    let mut function = null_mut();
    // SAFETY: as the caller promises. The function keeps its count of the core until it is collected.
    unsafe {
        let (text, length) = (F::NAME.as_ptr(), F::NAME.count_bytes() as isize);
        check_status!(sys::napi_create_function(env, text, length, Some(on_call::<F>), core, &raw mut function))?;
        check_status!(sys::napi_add_finalizer(env, function, core, Some(release), null_mut(), null_mut()))?;
        check_status!(sys::napi_set_named_property(env, target, text, function))
    }
}

unsafe extern "C" fn release(_env: sys::napi_env, core: *mut c_void, _hint: *mut c_void) {
    // SAFETY: the count that `define_one` gave to the function, which is gone.
    drop(unsafe { Rc::from_raw(core.cast_const().cast::<Core>()) });
}

/// `writeOutgoing(id, length)`: writes the first `length` bytes of the memory for small writes. Returns how many were
/// taken, or a negative errno. `onroom` follows if it was not all.
struct WriteOutgoing;

impl Function for WriteOutgoing {
    const NAME: &CStr = c"writeOutgoing";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, length, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, length) = unsafe { (number(env, id)?, number(env, length)? as usize) };
        Some(core.write(|engine| engine.write(id, &[core.memory.outgoing(length)])))
    }
}

/// `write(id, chunks)`: writes an array of views. Returns how many bytes were taken, or a negative errno. `onroom`
/// follows if it was not all.
struct Write;

impl Function for Write {
    const NAME: &CStr = c"write";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, chunks, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises. JavaScript, which alone can change the bytes that are borrowed, does not run.
        let (id, views) = unsafe { (number(env, id)?, views(env, chunks)?) };
        let slices: Vec<&[u8]> = views.iter().map(AsRef::as_ref).collect();
        Some(core.write(|engine| engine.write(id, &slices)))
    }
}

/// `writeString(id, text, length, encoding)`: how many bytes of a text of `length` UTF-16 units were taken: all or (for
/// a text that is not empty) none, or a negative errno. `onroom` follows if it was none.
struct WriteString;

impl Function for WriteString {
    const NAME: &CStr = c"writeString";

    unsafe fn run(core: &Core, env: sys::napi_env, arguments: [sys::napi_value; 4]) -> Option<i64> {
        let [id, text, length, encoding] = arguments;
        // SAFETY: the values are of this environment.
        let (id, length, encoding) =
            unsafe { (number(env, id)?, number(env, length)? as usize, number(env, encoding)?) };
        let encoding = if encoding == 0 { StringEncoding::Latin1 } else { StringEncoding::Utf8 };
        Some(core.write(|engine| {
            engine.gather(id, encoding.most(length), |queue| {
                // SAFETY: as above.
                unsafe { read_string(env, text, length, encoding, queue) }.ok_or(Syscall::Write.errno(libc::EINVAL))
            })
        }))
    }
}

/// `want(id, wanted)`: whether data is wanted now.
struct Want;

impl Function for Want {
    const NAME: &CStr = c"want";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, wanted, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, wanted) = unsafe { (number(env, id)?, boolean(env, wanted)?) };
        core.with(|engine| engine.want(id, wanted));
        Some(0)
    }
}

/// `shutdown(id, closing)`: ends the sending side behind all that was written. 0 if that is done, 1 if `onfinish` will
/// follow, or a negative errno. `closing`: `close` follows at once, and may do it.
struct Shutdown;

impl Function for Shutdown {
    const NAME: &CStr = c"shutdown";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, closing, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, closing) = unsafe { (number(env, id)?, boolean(env, closing)?) };
        Some(match core.with(|engine| engine.shut_down(id, closing)) {
            Poll::Ready(Ok(())) => 0,
            Poll::Ready(Err(error)) => -i64::from(error.errno),
            Poll::Pending => 1,
        })
    }
}

/// `close(id, reset)`: closes a stream or listener, with `reset` by a reset. What it knows stays readable until it is
/// released.
struct Close;

impl Function for Close {
    const NAME: &CStr = c"close";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, reset, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, reset) = unsafe { (number(env, id)?, boolean(env, reset)?) };
        core.with(|engine| engine.close(id, reset));
        Some(0)
    }
}

/// `release(id)`: gives the id back.
struct Release;

impl Function for Release {
    const NAME: &CStr = c"release";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let id = unsafe { number(env, id)? };
        core.release(id);
        Some(0)
    }
}

/// `enter(id)`: makes the asynchronous context of now that of `id`, unless it has one.
struct Enter;

impl Function for Enter {
    const NAME: &CStr = c"enter";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        core.enter_context(unsafe { number(env, id)? });
        Some(0)
    }
}

/// `bytesRead(id)`: how many bytes were received.
struct BytesRead;

impl Function for BytesRead {
    const NAME: &CStr = c"bytesRead";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        count(core, unsafe { number(env, id)? }, Engine::bytes_read)
    }
}

/// `bytesWritten(id)`: how many bytes were taken for sending.
struct BytesWritten;

impl Function for BytesWritten {
    const NAME: &CStr = c"bytesWritten";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        count(core, unsafe { number(env, id)? }, Engine::bytes_written)
    }
}

fn count(core: &Core, id: u32, counter: fn(&mut Engine, u32) -> u64) -> Option<i64> {
    Some(i64::try_from(core.with(|engine| counter(engine, id))).unwrap_or(i64::MAX))
}

/// The bytes of each view in an array.
///
/// # Safety
///
/// `array` is a value of `env`, and JavaScript does not run during `'a`.
unsafe fn views<'a>(env: sys::napi_env, array: sys::napi_value) -> Option<Vec<Cow<'a, [u8]>>> {
    let mut length = 0;
    // SAFETY: as the caller promises.
    if unsafe { sys::napi_get_array_length(env, array, &raw mut length) } != sys::Status::napi_ok {
        return None;
    }
    let element = |index| {
        let mut view = null_mut();
        // SAFETY: as the caller promises.
        unsafe {
            let status = sys::napi_get_element(env, array, index, &raw mut view);
            if status == sys::Status::napi_ok { bytes_of(env, view) } else { None }
        }
    };
    (0..length).map(element).collect()
}

/// The bytes of a view: borrowed, or copied where another thread may change them at any time.
///
/// # Safety
///
/// As of [`views`].
unsafe fn bytes_of<'a>(env: sys::napi_env, view: sys::napi_value) -> Option<Cow<'a, [u8]>> {
    let (mut kind, mut length, mut bytes) = (0, 0, null_mut());
    let (mut memory, mut offset, mut is_exclusive) = (null_mut(), 0, false);
    // SAFETY: as the caller promises.
    unsafe {
        let status = sys::napi_get_typedarray_info(
            env,
            view,
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

/// Reads the arguments, runs the function, and gives its number. Wrong arguments, which only a bug in the JavaScript
/// beside this can pass, and a panic become an exception.
///
/// # Safety
///
/// Node-API calls it, for a function that [`define_one`] has made.
unsafe extern "C" fn on_call<F: Function>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut arguments = [null_mut(); 4];
    let (mut count, mut core, mut result) = (arguments.len(), null_mut(), null_mut());
    // SAFETY: as the caller promises; the function that is being called keeps the core.
    unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, arguments.as_mut_ptr(), null_mut(), &raw mut core);
        let core = &*core.cast_const().cast::<Core>();
        match catch_unwind(AssertUnwindSafe(|| F::run(core, env, arguments))) {
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

/// # Safety
///
/// As of [`number`].
unsafe fn boolean(env: sys::napi_env, value: sys::napi_value) -> Option<bool> {
    let mut boolean = false;
    // SAFETY: as the caller promises; null is refused.
    let status = unsafe { sys::napi_get_value_bool(env, value, &raw mut boolean) };
    (status == sys::Status::napi_ok).then_some(boolean)
}
