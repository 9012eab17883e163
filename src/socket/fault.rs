//! Where tests make a system call of the engine fail: with the cargo feature `fault-injection`, [`at`] returns the error
//! that has been planned for a call. In published builds it does nothing, and the compiler removes it.

#[cfg(feature = "fault-injection")]
pub use plan::{at, fail, passed};

/// To be called before the system call `_call`.
#[cfg(not(feature = "fault-injection"))]
#[inline(always)]
pub fn at(_call: &'static str) -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "fault-injection")]
mod plan {
    use std::collections::BTreeMap;
    use std::io::{Error, Result};
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
    use std::time::Duration;

    struct Plan {
        call: String,
        errno: i32,
        /// This many calls succeed first.
        skip: u32,
        /// Then this many fail.
        times: u32,
        /// How often each call has been made since the plan was made.
        counts: BTreeMap<&'static str, u32>,
    }

    static PLAN: Mutex<Plan> =
        Mutex::new(Plan { call: String::new(), errno: 0, skip: 0, times: 0, counts: BTreeMap::new() });

    fn plan() -> MutexGuard<'static, Plan> {
        PLAN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state of the generator of delays, and the longest one.
    static DELAY: OnceLock<Option<Mutex<(u64, u64)>>> = OnceLock::new();

    fn delay_of_environment() -> Option<Mutex<(u64, u64)>> {
        let setting = std::env::var("RUST_NET_FAULT_DELAY").ok()?;
        let (seed, most) = setting.split_once(':')?;
        // The generator stays at 0 if it begins there.
        Some(Mutex::new((seed.parse::<u64>().ok()?.max(1), most.parse().ok()?)))
    }

    fn wait() {
        let Some(state) = DELAY.get_or_init(delay_of_environment) else { return };
        let span = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            // xorshift64
            state.0 ^= state.0 << 13;
            state.0 ^= state.0 >> 7;
            state.0 ^= state.0 << 17;
            state.0 % (state.1 + 1)
        };
        std::thread::sleep(Duration::from_micros(span));
    }

    /// Fails, if that is planned.
    pub fn at(call: &'static str) -> Result<()> {
        wait();
        let mut plan = plan();
        *plan.counts.entry(call).or_insert(0) += 1;
        if plan.times == 0 || plan.call != call {
            return Ok(());
        }
        if plan.skip > 0 {
            plan.skip -= 1;
            return Ok(());
        }
        plan.times -= 1;
        Err(Error::from_raw_os_error(plan.errno))
    }

    /// Plans that `call` succeeds `skip` times, then fails `times` times with `errno`.
    pub fn fail(call: String, errno: i32, skip: u32, times: u32) {
        *plan() = Plan { call, errno, skip, times, counts: BTreeMap::new() };
    }

    /// The calls that have been made since [`fail`], and how often.
    pub fn passed() -> Vec<(&'static str, u32)> {
        plan().counts.iter().map(|(call, count)| (*call, *count)).collect()
    }
}
