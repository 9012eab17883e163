//! Connections on their way from one engine to another: detached from the first, not attached to the second yet.
//!
//! The table is static, because the two engines belong to different environments of the process, on different threads. A
//! connection in it is watched by nothing: what its peer sends waits in the kernel. It is attached once, or closed when
//! its time is over: by [`discard`], or by the next connection that is detached.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Engine;
use super::arrive::Proxied;
use super::slot::Source;
use crate::error::{Result, Syscall};
use crate::reactor::Id;
use crate::socket::file::SocketFile;
use crate::stream::Stream;
use crate::tls::provider::random;

/// The name of a detached connection, which can be attached by it. It can't be guessed.
pub type Ticket = [u8; 16];

/// See the module.
struct Detached {
    stream: Stream,
    /// The socket file that the stream was bound to.
    file: Option<SocketFile>,
    /// The PROXY header that it has come with.
    proxied: Option<Proxied>,
    /// When it is closed.
    deadline: Instant,
}

impl Detached {
    fn close(self) {
        // Before the socket: see `SocketFile`.
        self.file.as_ref().inspect(|file| file.remove());
    }
}

static DETACHED: LazyLock<Mutex<HashMap<Ticket, Detached>>> = LazyLock::new(Mutex::default);

fn table() -> MutexGuard<'static, HashMap<Ticket, Detached>> {
    // Nothing in here panics halfway through a change.
    DETACHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes the detached connection `ticket`, unless it has been attached.
pub fn discard(ticket: &Ticket) {
    // The table is not locked for the system calls of closing.
    let discarded = table().remove(ticket);
    if let Some(detached) = discarded {
        detached.close();
    }
}

/// Takes those whose time is over.
fn take_expired(now: Instant) -> Vec<Detached> {
    table().extract_if(|_, detached| detached.deadline <= now).map(|(_, detached)| detached).collect()
}

impl Engine {
    /// Takes stream `id`, with all that waits to be sent and its TLS session, out of this engine, for another one to
    /// attach within `wait`. What was received and not delivered must have been taken back. The id is free. `None`
    /// if the stream is not connected, in the middle of a handshake, or has failed: then nothing has changed.
    pub fn detach(&mut self, id: Id, wait: Duration) -> Option<Ticket> {
        let now = Instant::now();
        let slot = self.slots.get_mut(id)?;
        let is_pending = slot.is_pending();
        slot.stream().filter(|stream| !is_pending && stream.is_movable())?;
        let mut ticket = Ticket::default();
        if !random(&mut ticket) {
            return None;
        }
        self.unlink(id);
        self.statistics.note_detached(self.slots.get_mut(id)?);
        let mut stream = self.slots.take_stream(id, &mut self.reactor, self.turn.is_running)?;
        stream.flush(&self.reactor, &mut self.shared.spare, now);
        stream.leave(&self.reactor);
        self.unguard(id);
        let (file, proxied) = (self.files.remove(&id), self.proxied.remove(&id));
        let expired = take_expired(now);
        table().insert(ticket, Detached { stream, file, proxied, deadline: now + wait });
        expired.into_iter().for_each(Detached::close);
        Some(ticket)
    }

    /// Takes over the detached connection `ticket`. If that fails, it can be tried again.
    pub fn attach(&mut self, ticket: &Ticket) -> Result<Id> {
        let id = self.slots.vacant_id().map_err(|error| Syscall::Open.failed(&error))?;
        let mut detached = table().remove(ticket).ok_or(Syscall::Open.errno(libc::EBADF))?;
        if let Err(error) = detached.stream.enter(id, &self.reactor) {
            table().insert(*ticket, detached);
            return Err(Syscall::Open.failed(&error));
        }
        let Detached { stream, file, proxied, .. } = detached;
        if let Some(proxied) = proxied {
            self.proxied.insert(id, proxied);
        }
        if let Some(file) = file {
            self.files.insert(id, file);
        }
        let slot = self.slots.insert(Source::Stream(stream));
        self.statistics.note_attached(slot.traffic());
        slot.reschedule(id, &mut self.reactor);
        Ok(id)
    }
}
