//! The threads for what is slow: one tokio runtime for the whole process, started when it is first needed.
//!
//! It belongs to the process, not to an environment, so that workers together load the machine no more than the main
//! thread alone would. What runs there owns all that it uses, and reports through a
//! [`Mailbox`](crate::reactor::Mailbox); it never touches JavaScript, and does not keep the process alive.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

/// The most threads. A handshake's signature takes 0.1 to 2 ms of one, so that a few sign thousands a second, and the
/// JavaScript threads need the other cores.
const THREADS_MOST: usize = 4;

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Runs `task` on the runtime. `None` where no thread can be started.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
    let runtime = RUNTIME.get_or_init(start).as_ref()?;
    Some(runtime.spawn(task).abort_handle())
}

fn start() -> Option<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads(cores.min(THREADS_MOST))
        .thread_name("rust-net")
        .enable_io()
        .enable_time()
        .build()
        .ok()
}
