//! The threads for handshakes, for the whole process, started when they are first needed. Each has a tokio runtime of its
//! own: it runs its tasks in the order in which they become ready. (tokio's own pool of threads takes the one first that
//! has become ready last, so that of two handshakes the later one would overtake the other.)
//!
//! They belong to the process, not to an environment, so that several workers have no more of these threads than the main
//! thread alone. A task owns everything that it uses and posts to a [`Mailbox`](crate::reactor::Mailbox); it never calls
//! JavaScript, and does not keep the process alive.

use std::future::{self, Future};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::task::AbortHandle;

/// The maximum number of threads. A handshake takes 0.1 to 2 ms, so that a few threads complete thousands per second.
const MAX_THREADS: usize = 4;

static THREADS: OnceLock<Threads> = OnceLock::new();

struct Threads {
    handles: Vec<Handle>,
    /// They take turns.
    next: AtomicUsize,
}

/// Runs `task` on one of the threads. `None` if none can be started.
pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
    let threads = THREADS.get_or_init(Threads::start);
    let turn = threads.next.fetch_add(1, Ordering::Relaxed);
    let handle = threads.handles.get(turn.checked_rem(threads.handles.len())?)?;
    Some(handle.spawn(task).abort_handle())
}

impl Threads {
    fn start() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        // One core is left to JavaScript.
        let count = (cores - 1).clamp(1, MAX_THREADS);
        Self { handles: (0..count).map_while(|_| start_thread()).collect(), next: AtomicUsize::new(0) }
    }
}

fn start_thread() -> Option<Handle> {
    let runtime = Builder::new_current_thread().enable_io().enable_time().build().ok()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("rust-net".into());
    thread.spawn(move || runtime.block_on(future::pending::<()>())).ok()?;
    Some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;
    use std::time::Duration;

    const DEADLINE: Duration = Duration::from_secs(10);

    #[test]
    fn tasks_that_become_ready_together_run_in_order() {
        let handle = start_thread().unwrap();
        let (seen, order) = mpsc::channel();
        let mut peers: Vec<UnixStream> = Vec::new();
        for number in 0..8 {
            let (ours, theirs) = UnixStream::pair().unwrap();
            ours.set_nonblocking(true).unwrap();
            peers.push(theirs);
            let seen = seen.clone();
            handle.spawn(async move {
                let stream = tokio::net::UnixStream::from_std(ours).unwrap();
                seen.send(None).unwrap();
                stream.readable().await.unwrap();
                seen.send(Some(number)).unwrap();
            });
        }
        for _ in 0..peers.len() {
            assert_eq!(order.recv_timeout(DEADLINE), Ok(None));
        }
        // The thread is busy while they become ready, and then learns of all at once.
        let (go, gate) = mpsc::channel();
        handle.spawn(async move { gate.recv().unwrap() });
        for peer in &mut peers {
            peer.write_all(b"x").unwrap();
        }
        go.send(()).unwrap();
        let ready: Vec<_> = peers.iter().map(|_| order.recv_timeout(DEADLINE).unwrap().unwrap()).collect();
        assert_eq!(ready, (0..8).collect::<Vec<_>>());
    }
}
