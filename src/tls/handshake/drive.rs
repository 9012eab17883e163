//! Drives rustls through a handshake over a [`Transport`]: the one loop that receives, processes and sends.
//!
//! Runs on the runtime, in the task of its handshake. Invariants:
//!
//! - What has been received is processed before more is: records behind a ClientHello do not wait for the next bytes.
//! - A peer that breaks the protocol is sent rustls' alert, at once, and can read it.
//! - The last flight is left in the connection. The session sends it, with what the application writes on `'secure'`:
//!   session tickets and the first data go out in one segment.

use std::future::poll_fn;
use std::io::{self, Write};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::{AlertDescription, Connection, Error};

use super::transport::Transport;
use crate::tls::error::{ConnectionError, TlsError, looks_like_tls};

/// Takes `connection` through its handshake.
pub async fn complete(connection: &mut Connection, transport: &mut Transport) -> Result<(), ConnectionError> {
    let outcome = poll_fn(|cx| poll_complete(connection, transport, cx)).await;
    if outcome.is_err() {
        transport.dismiss();
    }
    outcome
}

fn poll_complete(
    connection: &mut Connection,
    transport: &mut Transport,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ConnectionError>> {
    loop {
        if let Err(error) = connection.process_new_packets() {
            // As far as the socket takes it: a peer that does not read is not waited for.
            while connection.wants_write() && connection.write_tls(&mut transport.with(cx)).is_ok_and(|count| count > 0)
            {
            }
            return Poll::Ready(Err(failure(&error, transport)));
        }
        if !connection.is_handshaking() {
            return Poll::Ready(Ok(()));
        }
        while connection.wants_write() {
            match connection.write_tls(&mut transport.with(cx)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Poll::Ready(Err(lost(&error))),
            }
        }
        if !connection.wants_read() {
            // It has records to send first, unless the peer has taken leave in the middle of the handshake.
            return if connection.wants_write() {
                Poll::Pending
            } else {
                Poll::Ready(Err(TlsError::disconnected().into()))
            };
        }
        ready!(poll_received(connection.read_tls(&mut transport.with(cx))))?;
    }
}

/// Receives the ClientHello, which says what a server is to be configured with.
pub async fn client_hello(transport: &mut Transport) -> Result<Accepted, ConnectionError> {
    let mut acceptor = Acceptor::default();
    let refused = loop {
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(accepted),
            Ok(None) => poll_fn(|cx| poll_received(acceptor.read_tls(&mut transport.with(cx)))).await?,
            Err(refused) => break refused,
        }
    };
    Err(refuse(&refused.0, refused.1, transport).await)
}

/// Tells the peer why its ClientHello is not accepted.
pub async fn refuse(error: &Error, mut alert: AcceptedAlert, transport: &mut Transport) -> ConnectionError {
    poll_fn(|cx| {
        let mut socket = transport.with(cx);
        // As far as the socket takes it: a peer that does not read is not waited for.
        let is_sent = alert.write(&mut socket).is_ok_and(|count| count > 0);
        if let (false, Some(description)) = (is_sent, missing_alert(error)) {
            let _ = socket.write(&plain_alert(description));
        }
        Poll::Ready(())
    })
    .await;
    transport.dismiss();
    failure(error, transport)
}

/// What a plain server of rustls sends where its [`Acceptor`] sends nothing.
fn missing_alert(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::AlertReceived(_) => None,
        Error::InvalidMessage(_) => Some(AlertDescription::DecodeError),
        Error::PeerMisbehaved(_) => Some(AlertDescription::IllegalParameter),
        Error::PeerIncompatible(_) => Some(AlertDescription::HandshakeFailure),
        _ => Some(AlertDescription::UnexpectedMessage),
    }
}

/// A fatal alert as a record in the clear.
fn plain_alert(description: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description.into()]
}

/// What a `read_tls` has come to: ready to be processed, or the end of the handshake.
fn poll_received(outcome: io::Result<usize>) -> Poll<Result<(), ConnectionError>> {
    match outcome {
        Ok(0) => Poll::Ready(Err(TlsError::disconnected().into())),
        Ok(_) => Poll::Ready(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        // rustls' buffer is full of a message that does not come to an end.
        Err(error) if error.raw_os_error().is_none() => Poll::Ready(Err(TlsError::endless_message().into())),
        Err(error) => Poll::Ready(Err(lost(&error))),
    }
}

/// The socket has failed.
fn lost(error: &io::Error) -> ConnectionError {
    match error.raw_os_error() {
        Some(errno) => ConnectionError::Socket(Errno::from_raw_os_error(errno)),
        None => TlsError::disconnected().into(),
    }
}

/// Why TLS has failed. What does not even look like TLS is named for what it is.
fn failure(error: &Error, transport: &Transport) -> ConnectionError {
    match error {
        Error::InvalidMessage(_) if !looks_like_tls(transport.first()) => TlsError::not_tls(transport.first()).into(),
        _ => TlsError::from(error).into(),
    }
}
