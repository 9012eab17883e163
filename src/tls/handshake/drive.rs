//! Drives rustls through a handshake over a [`Transport`]: the one loop that receives, processes and sends.
//!
//! Runs on the runtime, in the task of its handshake. Invariants:
//!
//! - Received bytes are processed before more are received: records after a ClientHello do not wait for further bytes.
//! - A peer that violates the protocol is sent rustls' alert at once, and can read it. One that does not speak TLS is
//!   sent nothing, as by OpenSSL.
//! - The last flight waits in the connection. The session sends it together with what the application writes on
//!   `'secure'`, so that session tickets and the first data share a segment.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::task::{Context, Poll, ready};

use rustix::io::Errno;
use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use rustls::{AlertDescription, Error, PeerIncompatible};

use super::transport::Transport;
use crate::tls::connection::Connection;
use crate::tls::error::{ConnectionError, TlsError, is_unsuited_key, looks_like_tls};
use crate::tls::trust::stapled_during;

/// As many bytes are received at once: more than most flights have.
const MAX_RECEIVE: usize = 4096;

/// Completes the handshake of `connection`, which `is_fed` if there is something that it has not processed yet; a client
/// has, at first, nothing else to begin with. Returns the OCSP response that the server has stapled to its certificate.
pub async fn complete(
    connection: &mut Connection,
    transport: &mut Transport,
    mut is_fed: bool,
) -> Result<Option<Vec<u8>>, ConnectionError> {
    let mut stapled = None;
    let outcome = poll_fn(|cx| poll_complete(connection, transport, &mut is_fed, &mut stapled, cx)).await;
    if outcome.is_err() {
        transport.shut_down();
    }
    outcome.map(|()| stapled)
}

fn poll_complete(
    connection: &mut Connection,
    transport: &mut Transport,
    is_fed: &mut bool,
    stapled: &mut Option<Vec<u8>>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), ConnectionError>> {
    loop {
        // Only when bytes have come. rustls keeps early data that it skips, and counts it again whenever it is called.
        if std::mem::take(is_fed) {
            let (outcome, response) = stapled_during(|| connection.process());
            if response.is_some() {
                *stapled = response;
            }
            // A failure after the end of the handshake is for the session, which has the data in front of it.
            if !connection.is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            if let Err(error) = outcome {
                if !is_not_tls(&error, transport) {
                    transport.write_at_once(connection.outgoing());
                }
                return Poll::Ready(Err(failure(&error, transport)));
            }
        }
        // Records are to be sent before more are received.
        ready!(poll_sent(connection, transport, cx)).map_err(|error| lost(&error))?;
        // The peer has closed in the middle of the handshake.
        if connection.has_ended() {
            return Poll::Ready(Err(TlsError::disconnected().into()));
        }
        if connection.exceeds_message_limit() {
            return Poll::Ready(Err(TlsError::message_too_long().into()));
        }
        ready!(poll_received(connection.receive(MAX_RECEIVE, |space| transport.polled(cx).read(space))))?;
        *is_fed = true;
    }
}

/// Sends what waits. Ready if nothing does any more.
fn poll_sent(connection: &mut Connection, transport: &mut Transport, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    while !connection.outgoing().is_empty() {
        match transport.polled(cx).write(connection.outgoing()) {
            Ok(count) => connection.sent(count),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(error) => return Poll::Ready(Err(error)),
        }
    }
    Poll::Ready(Ok(()))
}

/// Receives the ClientHello, on which the configuration of a server depends. One that is not accepted is still to be
/// refused.
pub async fn client_hello(
    transport: &mut Transport,
) -> Result<Result<Accepted, (Error, AcceptedAlert)>, ConnectionError> {
    let mut acceptor = Acceptor::default();
    loop {
        match acceptor.accept() {
            Ok(Some(accepted)) => return Ok(Ok(accepted)),
            Ok(None) => poll_fn(|cx| poll_received(acceptor.read_tls(&mut transport.polled(cx)))).await?,
            Err(refused) => return Ok(Err(refused)),
        }
    }
}

/// The alert as it is sent.
pub fn encoded(mut alert: AcceptedAlert) -> Vec<u8> {
    let mut records = Vec::new();
    // Memory takes it all.
    let _ = alert.write_all(&mut records);
    records
}

/// Sends `alert` for a ClientHello that is not accepted. Returns the reason.
pub fn refuse(error: &Error, alert: &[u8], transport: &mut Transport) -> ConnectionError {
    // Nothing is sent, so there is nothing that a reset could overtake.
    if is_not_tls(error, transport) {
        return failure(error, transport);
    }
    if let Some(description) = better_alert(error) {
        send_alert(description, transport);
        return failure(error, transport);
    }
    match missing_alert(error) {
        Some(description) if alert.is_empty() => send_alert(description, transport),
        _ => transport.end_with(alert),
    }
    failure(error, transport)
}

/// Ends a handshake that has just begun with an alert.
pub fn send_alert(description: AlertDescription, transport: &mut Transport) {
    transport.end_with(&plain_alert(description));
}

/// OpenSSL's alert, where that of rustls says less.
fn better_alert(error: &Error) -> Option<AlertDescription> {
    match error {
        // The client supports TLS 1.1 at most.
        Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired) => {
            Some(AlertDescription::ProtocolVersion)
        }
        _ if is_unsuited_key(error) => Some(AlertDescription::HandshakeFailure),
        _ => None,
    }
}

/// The alert that a plain server of rustls sends where its [`Acceptor`] sends none.
fn missing_alert(error: &Error) -> Option<AlertDescription> {
    match error {
        Error::AlertReceived(_) => None,
        Error::InvalidMessage(_) => Some(AlertDescription::DecodeError),
        Error::PeerMisbehaved(_) => Some(AlertDescription::IllegalParameter),
        Error::PeerIncompatible(_) => Some(AlertDescription::HandshakeFailure),
        _ => Some(AlertDescription::UnexpectedMessage),
    }
}

/// A fatal alert as an unencrypted record.
fn plain_alert(description: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, description.into()]
}

/// The outcome of a `read_tls`: there is something to process, or the handshake has failed.
fn poll_received(outcome: io::Result<usize>) -> Poll<Result<(), ConnectionError>> {
    match outcome {
        Ok(0) => Poll::Ready(Err(TlsError::disconnected().into())),
        Ok(_) => Poll::Ready(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        // rustls' buffer is full of an incomplete message.
        Err(error) if error.raw_os_error().is_none() => Poll::Ready(Err(TlsError::message_too_long().into())),
        Err(error) => Poll::Ready(Err(lost(&error))),
    }
}

/// The error of a socket that has failed.
fn lost(error: &io::Error) -> ConnectionError {
    match error.raw_os_error() {
        Some(errno) => ConnectionError::Socket(Errno::from_raw_os_error(errno)),
        None => TlsError::disconnected().into(),
    }
}

/// The error of TLS that has failed. It names the protocol of a peer that does not speak TLS.
fn failure(error: &Error, transport: &Transport) -> ConnectionError {
    if is_not_tls(error, transport) {
        TlsError::not_tls(transport.first_bytes()).into()
    } else {
        TlsError::from(error).into()
    }
}

/// Whether the handshake has failed because the peer does not speak TLS.
fn is_not_tls(error: &Error, transport: &Transport) -> bool {
    matches!(error, Error::InvalidMessage(_)) && !looks_like_tls(transport.first_bytes())
}
