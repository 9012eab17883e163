//! What an engine does with real sockets, turn by turn.

mod arrive;
mod bulk;
mod descriptors;
mod detached;
mod guard;
mod guess;
mod open;
mod pending;
mod pipe;
mod statistics;
mod transfer;

use std::net::{TcpListener, TcpStream};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

use super::{Engine, Event};
use crate::reactor::receive_buffer::SIZE;
use crate::reactor::{Id, ReceiveBuffer};
use crate::stream::StreamEvent;

pub const END: StreamEvent = StreamEvent::End { is_truncated: false };

/// An engine with memory to receive into.
pub struct Rig {
    pub engine: Engine,
    pub memory: Vec<u8>,
}

impl Rig {
    /// An engine with nothing in it.
    pub fn new() -> Self {
        let mut memory = vec![0; SIZE as usize];
        // SAFETY: the memory stays as long as the engine, which alone writes to it.
        let incoming = unsafe { ReceiveBuffer::new(memory.as_mut_ptr(), memory.len()) };
        Self { engine: Engine::new(incoming).unwrap(), memory }
    }

    /// One end of a pair as a stream of the engine, and the other as one of the standard library.
    pub fn pair(&mut self) -> (Id, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let id = self.engine.adopt_stream(ours.into_raw_fd()).unwrap();
        (id, theirs)
    }

    /// As [`Self::pair`], over TCP.
    pub fn tcp_pair(&mut self) -> (Id, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (ours, _) = listener.accept().unwrap();
        let id = self.engine.adopt_stream(ours.into_raw_fd()).unwrap();
        (id, theirs)
    }

    /// Whether there is something to run a turn for.
    pub fn is_woken(&self) -> bool {
        self.waits_for_wake(0)
    }

    fn waits_for_wake(&self, seconds: i64) -> bool {
        let fd = self.engine.reactor().fd();
        let mut fds = [rustix::event::PollFd::from_borrowed_fd(fd, rustix::event::PollFlags::IN)];
        let wait = rustix::event::Timespec { tv_sec: seconds, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&wait)) == Ok(1)
    }

    /// Waits for the wake and runs a turn.
    pub fn turn(&mut self) -> Vec<Event> {
        assert!(self.waits_for_wake(10), "no wake");
        let mut events = Vec::new();
        self.engine.begin_turn();
        while let Some(event) = self.engine.step() {
            events.push(event);
            self.engine.flush();
        }
        self.engine.flush();
        self.engine.end_turn();
        events
    }

    /// Runs turns until a connection waits for its PROXY header, and there is a timer for it.
    pub fn wait_for_arrival(&mut self) {
        while !self.turn().iter().any(|event| matches!(event, Event::Timer(..))) {}
    }

    /// The stream whose data is delivered next, in a turn that has begun.
    pub fn next(&mut self) -> Id {
        match self.engine.step() {
            Some(Event::Stream(id, StreamEvent::Data { .. })) => id,
            _ => panic!("no data"),
        }
    }

    /// The bytes of a data event.
    pub fn read(&mut self, event: &Event) -> Vec<u8> {
        let Event::Stream(_, StreamEvent::Data { offset, length }) = *event else { panic!("{event:?}") };
        self.memory[offset..offset + length].to_vec()
    }
}
