//! Faults that tests plan: where a system call of the engine fails, and which have been called.

use napi_derive::napi;

use crate::socket::fault;

/// Makes a system call of the engine fail: `call` succeeds `skip` times, then fails `times` times with `errno`.
#[napi]
pub fn plan_fault(call: String, errno: i32, skip: u32, times: u32) {
    fault::fail(call, errno, skip, times);
}

/// The calls that have passed the places where faults are injected since the last plan: `[name, count]` each.
#[napi]
pub fn calls_since_plan() -> Vec<(String, u32)> {
    fault::passed().into_iter().map(|(call, count)| (call.to_owned(), count)).collect()
}
