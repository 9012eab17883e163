//! The threads for handshakes: one tokio runtime for the whole process, started when it is first needed.
//!
//! It belongs to the process, not to an environment, so that several workers have no more of these threads than the main
//! thread alone. A task owns everything that it uses and posts to a [`Mailbox`](crate::reactor::Mailbox); it never calls
//! JavaScript, and does not keep the process alive.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

/// The maximum number of threads. A handshake takes 0.1 to 2 ms, so that a few threads complete thousands per second.
const THREADS_MOST: usize = 4;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Runs `task` on the runtime. `None` if no thread can be started.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
    let runtime = RUNTIME.get_or_init(start).as_ref()?;
    Some(runtime.spawn(task).abort_handle())
}

fn start() -> Option<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        // One core is left to JavaScript.
        .worker_threads((cores - 1).clamp(1, THREADS_MOST))
        .thread_name("rust-net")
        .enable_io()
        .enable_time()
        .build()
        .ok()
}
