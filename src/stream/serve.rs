//! Serving a stream: does what is due, one thing after the other, up to the next event.

use std::os::fd::OwnedFd;
use std::task::Poll;
use std::time::Instant;

use socket2::SockRef;

use super::state::Due;
use super::{ServeOutcome, Shared, Stream, StreamEvent};
use crate::error::{Error, Result, Syscall};
use crate::reactor::Reactor;
use crate::socket::fault;

impl Stream {
    /// Does what is due, up to the next event, or until the stream is to receive.
    pub fn serve(&mut self, reactor: &Reactor, shared: &mut Shared, now: Instant) -> ServeOutcome {
        loop {
            let event = match self.due() {
                Due::ReportFailure => self.state.take_failure().map(StreamEvent::Failed),
                Due::ReportLimit => {
                    self.state.take_limit();
                    Some(StreamEvent::Limited)
                }
                Due::CheckConnect => self.ask_for_outcome(),
                Due::HandshakeMessage => self.take_handshake_message(reactor, &mut shared.handshakes, now),
                Due::BeginHandshake => {
                    self.begin_handshake(reactor, &mut shared.handshakes, now);
                    None
                }
                Due::ReportDisconnect => Some(self.disconnect(&mut shared.handshakes)),
                Due::Send => {
                    self.flush(reactor, &mut shared.spare, now);
                    None
                }
                Due::ReportSession => self.take_session(),
                Due::ReportRoom => {
                    self.state.await_room(false);
                    Some(StreamEvent::Room)
                }
                Due::Shutdown => match self.shut_down_now(reactor) {
                    Poll::Ready(outcome) => Some(StreamEvent::Finished(outcome)),
                    Poll::Pending => None,
                },
                Due::Receive => return ServeOutcome::Receive,
                Due::Nothing => return ServeOutcome::Nothing,
            };
            if let Some(event) = event {
                return ServeOutcome::Event(event);
            }
        }
    }

    fn ask_for_outcome(&mut self) -> Option<StreamEvent> {
        match connect_outcome(self.fd.as_deref()?) {
            Poll::Ready(outcome) => {
                self.state.connected();
                self.never_connected = outcome.is_err();
                Some(StreamEvent::Connected(outcome))
            }
            Poll::Pending => {
                self.state.await_outcome();
                None
            }
        }
    }

    /// The transport has failed, which is reported now.
    pub(super) fn fail(&mut self, error: Error) -> StreamEvent {
        self.state.fail();
        StreamEvent::Failed(error)
    }
}

/// The outcome of connecting, once there is one.
fn connect_outcome(fd: &OwnedFd) -> Poll<Result<()>> {
    let failed = |error: std::io::Error| Poll::Ready(Err(Syscall::Connect.failed(&error)));
    let socket = SockRef::from(fd);
    match fault::at("getsockopt").and_then(|()| socket.take_error()) {
        Ok(Some(error)) | Err(error) => return failed(error),
        Ok(None) => {}
    }
    match fault::at("getpeername").and_then(|()| socket.peer_addr()) {
        Ok(_) => Poll::Ready(Ok(())),
        // Readiness from before: the attempt goes on.
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => Poll::Pending,
        // What macOS says of a connection that has ended meanwhile: reading finds how.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Poll::Ready(Ok(())),
        Err(error) => failed(error),
    }
}
