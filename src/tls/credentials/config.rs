//! What rustls is configured with, made of options that have been read.
//!
//! Made once per credentials, on the JavaScript thread; handshakes read it on others.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};

use super::key_pairs::KeyPairs;
use super::options::{OptionError, Options};
use super::protocol::Protocol;
use super::tickets::Tickets;
use crate::tls::trust::Verifier;

/// Sessions that a client remembers, for all servers together.
const CLIENT_SESSIONS: usize = 256;

/// The configuration of the connections that we open.
pub fn client(
    options: &Options,
    protocol: &Protocol,
    key_pairs: Vec<Arc<CertifiedKey>>,
    verifier: Verifier,
) -> Result<ClientConfig, OptionError> {
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&protocol.provider))
        .with_protocol_versions(&protocol.versions)
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(KeyPairs::new(key_pairs)));
    config.alpn_protocols.clone_from(&options.alpn);
    config.resumption = match options.session_timeout {
        0 => Resumption::disabled(),
        _ => Resumption::in_memory_sessions(CLIENT_SESSIONS),
    };
    if let Some(key_log) = &options.key_log {
        config.key_log = Arc::clone(key_log);
    }
    Ok(config)
}

/// The configuration of the connections that we accept; without a `verifier`, clients are asked for no certificate.
pub fn server(
    options: &Options,
    protocol: &Protocol,
    key_pairs: &[Arc<CertifiedKey>],
    verifier: Option<Verifier>,
    tickets: &Arc<Tickets>,
) -> Result<ServerConfig, OptionError> {
    let builder = ServerConfig::builder_with_provider(Arc::clone(&protocol.provider))
        .with_protocol_versions(&protocol.versions)
        .map_err(unusable)?;
    let builder = if let Some(verifier) = verifier {
        // The names of a default list would be some hundred, and tell the client nothing.
        let verifier = if options.ca.is_some() { verifier.with_hints() } else { verifier };
        builder.with_client_cert_verifier(Arc::new(verifier))
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_cert_resolver(Arc::new(KeyPairs::new(key_pairs.to_vec())));
    config.alpn_protocols.clone_from(&options.alpn);
    config.ignore_client_order = options.prefers_own_order;
    // Sessions are in tickets, and so with the client, only: their keys say how long they live.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Arc::<Tickets>::clone(tickets);
    if options.session_timeout == 0 {
        config.send_tls13_tickets = 0;
    }
    if let Some(key_log) = &options.key_log {
        config.key_log = Arc::clone(key_log);
    }
    Ok(config)
}

/// Versions and suites that rustls can't use together; [`Protocol::new`] has seen to it that they are not.
fn unusable(error: rustls::Error) -> OptionError {
    OptionError { field: "ciphers", code: "ERR_SSL_NO_CIPHER_MATCH", reason: error.to_string() }
}
