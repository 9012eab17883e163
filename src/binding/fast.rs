//! The functions that are called for every chunk or for every connection: `write`, `writeView`, `writeOutgoing`,
//! `writeString`, `want`, `takeBack`, `trackTraffic`, `shutdown`, `close`, `release`, `enter`, `callAfterEvents`,
//! `callWhenClosing` and the counters.
//!
//! They do what methods of [`NativeEngine`](super::NativeEngine) would, on Node-API itself: the class machinery
//! (unwrapping, type tags, borrow checks) costs several times what the work does, a fifth of the JavaScript side of an
//! echo (`perf record -e cpu-clock:u` on `npm run bench -- --server ours --work echo-50`). They need no `this`: each
//! carries the core that it works on.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;
use std::task::Poll;

use napi::bindgen_prelude::Result;
use napi::{check_status, sys};

use super::constants::PLACE_UNIT;
use super::core::Core;
use super::values::{StringEncoding, append_string, boolean, number, view, views};
use crate::engine::Engine;
use crate::error::Syscall;

/// One of the functions: its name, and what it does with its arguments. `None` for arguments that it can't have.
trait FastFunction {
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
        define_one::<WriteView>(env, target, core)?;
        define_one::<WriteOutgoing>(env, target, core)?;
        define_one::<WriteString>(env, target, core)?;
        define_one::<Want>(env, target, core)?;
        define_one::<TakeBack>(env, target, core)?;
        define_one::<TrackTraffic>(env, target, core)?;
        define_one::<Shutdown>(env, target, core)?;
        define_one::<Close>(env, target, core)?;
        define_one::<Release>(env, target, core)?;
        define_one::<Enter>(env, target, core)?;
        define_one::<CallAfterEvents>(env, target, core)?;
        define_one::<CallWhenClosing>(env, target, core)?;
        define_one::<BytesRead>(env, target, core)?;
        define_one::<BytesWritten>(env, target, core)
    }
}

/// # Safety
///
/// As of [`define`].
unsafe fn define_one<F: FastFunction>(env: sys::napi_env, target: sys::napi_value, core: &Rc<Core>) -> Result<()> {
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
    // SAFETY: the count that the function has owned since `define_one`, which is gone.
    drop(unsafe { Rc::from_raw(core.cast_const().cast::<Core>()) });
}

/// `writeOutgoing(id, length)`: writes the first `length` bytes of the memory for small writes. Returns as `write`.
struct WriteOutgoing;

impl FastFunction for WriteOutgoing {
    const NAME: &CStr = c"writeOutgoing";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, length, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, length) = unsafe { (number(env, id)?, number(env, length)? as usize) };
        Some(core.write(|engine| engine.write(id, &[core.memory.outgoing(length)])))
    }
}

/// `write(id, chunks)`: writes an array of views. Returns how many bytes were taken, and whether a flush is due
/// ([`FLUSH_DUE`](super::constants::FLUSH_DUE)), or a negative errno. `onroom` follows if it was not all.
struct Write;

impl FastFunction for Write {
    const NAME: &CStr = c"write";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, chunks, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises. JavaScript, which alone can change the bytes that are borrowed, does not run.
        let (id, views) = unsafe { (number(env, id)?, views(env, chunks)?) };
        let slices: Vec<&[u8]> = views.iter().map(AsRef::as_ref).collect();
        Some(core.write(|engine| engine.write(id, &slices)))
    }
}

/// `writeView(id, view)`: writes one view. Returns as `write`, and costs less.
struct WriteView;

impl FastFunction for WriteView {
    const NAME: &CStr = c"writeView";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, bytes, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as for `write`.
        let (id, bytes) = unsafe { (number(env, id)?, view(env, bytes)?) };
        Some(core.write(|engine| engine.write(id, &[&bytes])))
    }
}

/// `writeString(id, text, length, encoding)`: writes a text of `length` UTF-16 units. Returns as `write`, but takes all
/// bytes or, of a text that is not empty, none; then `onroom` follows.
struct WriteString;

impl FastFunction for WriteString {
    const NAME: &CStr = c"writeString";

    unsafe fn run(core: &Core, env: sys::napi_env, arguments: [sys::napi_value; 4]) -> Option<i64> {
        let [id, text, length, encoding] = arguments;
        // SAFETY: the values are of this environment.
        let (id, length, encoding) =
            unsafe { (number(env, id)?, number(env, length)? as usize, number(env, encoding)?) };
        let encoding = StringEncoding::from_number(encoding)?;
        Some(core.write(|engine| {
            engine.gather(id, encoding.most(length), |queue| {
                // SAFETY: as above.
                unsafe { append_string(env, text, length, encoding, queue) }.ok_or(Syscall::Write.errno(libc::EINVAL))
            })
        }))
    }
}

/// `want(id, wanted, atOnce)`: has the stream receive for JavaScript from now on, or not; with `atOnce`, however much
/// comes in one read.
struct Want;

impl FastFunction for Want {
    const NAME: &CStr = c"want";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, wanted, at_once, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, wanted, at_once) = unsafe { (number(env, id)?, boolean(env, wanted)?, boolean(env, at_once)?) };
        core.with(|engine| engine.want(id, wanted, at_once));
        Some(0)
    }
}

/// `takeBack(id)`: takes the data that `ondata` would deliver next. Returns -1 if there are none, otherwise where they are
/// in the memory for messages ([`PLACE_UNIT`]).
struct TakeBack;

impl FastFunction for TakeBack {
    const NAME: &CStr = c"takeBack";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let id = unsafe { number(env, id)? };
        let place = core.with(|engine| engine.take_back(id));
        Some(place.map_or(-1, |(offset, length)| offset as i64 * PLACE_UNIT + length as i64))
    }
}

/// `trackTraffic(id)`: begins to note the time of the stream's traffic.
struct TrackTraffic;

impl FastFunction for TrackTraffic {
    const NAME: &CStr = c"trackTraffic";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let id = unsafe { number(env, id)? };
        core.with(|engine| engine.restart_idle_time(id));
        Some(0)
    }
}

/// `shutdown(id, closing)`: ends the sending side after all that was written. 0 if that is done, 1 if `onfinish` will
/// follow, or a negative errno. `closing`: `close` follows at once, and may do it.
struct Shutdown;

impl FastFunction for Shutdown {
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

impl FastFunction for Close {
    const NAME: &CStr = c"close";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, reset, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let (id, reset) = unsafe { (number(env, id)?, boolean(env, reset)?) };
        core.with(|engine| engine.close(id, reset));
        Some(0)
    }
}

/// `release(id)`: closes what is open, and releases the id.
struct Release;

impl FastFunction for Release {
    const NAME: &CStr = c"release";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let id = unsafe { number(env, id)? };
        core.release(id);
        Some(0)
    }
}

/// `enter(id)`: gives `id` an asynchronous context below the current one, unless it has one.
struct Enter;

impl FastFunction for Enter {
    const NAME: &CStr = c"enter";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        core.enter_context(unsafe { number(env, id)? });
        Some(0)
    }
}

/// `callAfterEvents()`: has the callback `afterEvents` called once when the events of this round of the loop have been.
/// 1, or 0 where there is no libuv.
struct CallAfterEvents;

impl FastFunction for CallAfterEvents {
    const NAME: &CStr = c"callAfterEvents";

    unsafe fn run(core: &Core, _env: sys::napi_env, _arguments: [sys::napi_value; 4]) -> Option<i64> {
        Some(core.call_after_events().into())
    }
}

/// `callWhenClosing(id)`: has the callback `closing` called once in the closing phase of this round of the loop, in the
/// context of `id`, which may be none. 2 if it is the first of its round, 1 if not, or 0 where there is no libuv.
struct CallWhenClosing;

impl FastFunction for CallWhenClosing {
    const NAME: &CStr = c"callWhenClosing";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        let id = unsafe { number(env, id)? };
        Some(core.call_when_closing(id).map_or(0, |is_first| 1 + i64::from(is_first)))
    }
}

/// `bytesRead(id)`: how many bytes were received.
struct BytesRead;

impl FastFunction for BytesRead {
    const NAME: &CStr = c"bytesRead";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        count(core, unsafe { number(env, id)? }, Engine::bytes_read)
    }
}

/// `bytesWritten(id)`: how many bytes were taken for sending.
struct BytesWritten;

impl FastFunction for BytesWritten {
    const NAME: &CStr = c"bytesWritten";

    unsafe fn run(core: &Core, env: sys::napi_env, [id, ..]: [sys::napi_value; 4]) -> Option<i64> {
        // SAFETY: as the caller promises.
        count(core, unsafe { number(env, id)? }, Engine::bytes_written)
    }
}

fn count(core: &Core, id: u32, counter: fn(&mut Engine, u32) -> u64) -> Option<i64> {
    Some(i64::try_from(core.with(|engine| counter(engine, id))).unwrap_or(i64::MAX))
}

/// Reads the arguments, runs the function, and returns its number. Wrong arguments, which only a bug in the JavaScript
/// beside this can pass, and a panic become an exception.
///
/// # Safety
///
/// Node-API calls it, for a function that [`define_one`] has made.
unsafe extern "C" fn on_call<F: FastFunction>(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
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
