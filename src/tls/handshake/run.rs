//! A handshake from its request to its outcome. A task on the runtime.

use std::sync::Arc;

use rustix::io::Errno;

use super::accept::{Accepting, accept};
use super::connect::{ExpectedServer, connect};
use super::decline::Declining;
use super::exchange::{Established, Failure, HandshakeMessage, HandshakeRequest, Role};
use super::settings::{self, ConnectionOverrides, SecretSink};
use super::transport::Transport;
use crate::socket::{Descriptor, Kind};
use crate::tls::error::ConnectionError;

/// Runs a handshake to its end.
pub async fn run(
    request: HandshakeRequest,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: &Arc<impl Fn(HandshakeMessage) + Send + Sync + 'static>,
) -> Result<Established, Failure> {
    let HandshakeRequest { role, credentials, received, logs_keys } = request;
    let secrets = logs_keys.then(|| {
        let post = Arc::clone(post);
        Box::new(move |line| post(HandshakeMessage::Secret(line))) as SecretSink
    });
    let transport = Transport::new(fd, kind, received)
        .map_err(|error| ConnectionError::Socket(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    match role {
        Role::Client { server_name, checks_name, address, resumption } => {
            let (config, sessions) = settings::client(&credentials, resumption, secrets);
            let expected = ExpectedServer { server_name, checks_name, address };
            Ok(connect(transport, credentials, config, sessions, expected).await?)
        }
        Role::Server { contexts, asks, emits_sessions, awaits_sessions, declines_from } => {
            let overrides = ConnectionOverrides { secrets, ..ConnectionOverrides::default() };
            let declining = Declining(declines_from);
            let accepting = Accepting { credentials, contexts, asks, emits_sessions, awaits_sessions, declining };
            accept(transport, accepting, overrides, &**post).await
        }
    }
}
