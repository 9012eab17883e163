//! From options to rustls' configurations.
//!
//! Read once per credentials, on the JavaScript thread; handshakes use the configurations on others.

use std::sync::Arc;

use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::{ClientConfig, KeyLog, ServerConfig};

use super::key_log;
use super::options::{OptionError, Options};
use super::party::Party;
use super::protocol::Protocol;
use super::tickets::{TICKET_KEYS_LENGTH, Tickets};
use crate::tls::connection::exporter;

/// The sessions that a client keeps, for all servers together.
const CLIENT_SESSIONS: usize = 256;

/// The length of a protocol name in ALPN, in bytes.
const ALPN_NAME_LENGTH: std::ops::RangeInclusive<usize> = 1..=255;

/// All options, read and checked.
pub struct Parts<'a> {
    options: &'a Options,
    key_log: Option<Arc<dyn KeyLog>>,
    protocol: Protocol,
    /// Our key pairs, and whom we trust.
    pub party: Arc<Party>,
    /// The sessions of clients that JavaScript does not hold.
    pub client_sessions: Arc<ClientSessionMemoryCache>,
    /// The keys of session tickets.
    pub tickets: Arc<Tickets>,
}

impl<'a> Parts<'a> {
    /// Reads `options`.
    pub fn read(options: &'a Options) -> Result<Self, OptionError> {
        let key_log = options.key_log.as_ref().map(key_log::open).transpose()?;
        check_alpn(&options.alpn)?;
        let protocol = Protocol::new(options)?;
        let party = Party::of(options)?;
        let client_sessions = Arc::new(ClientSessionMemoryCache::new(CLIENT_SESSIONS));
        let tickets = Arc::new(tickets(options)?);
        Ok(Self { options, key_log, protocol, party, client_sessions, tickets })
    }

    /// The configuration of the connections that we open.
    pub fn client(&self) -> Result<ClientConfig, OptionError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.protocol.provider))
            .with_protocol_versions(&self.protocol.versions)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(self.party.verifier())
            .with_client_cert_resolver(self.party.key_pairs());
        config.alpn_protocols.clone_from(&self.options.alpn);
        config.resumption = match self.options.session_timeout {
            0 => Resumption::disabled(),
            _ => Resumption::store(Arc::<ClientSessionMemoryCache>::clone(&self.client_sessions)),
        };
        config.key_log = exporter::noting(self.key_log.clone());
        Ok(config)
    }

    /// The configuration of the connections that we accept; `None` without a key and a certificate.
    pub fn server(&self, requests_certificate: bool) -> Result<Option<ServerConfig>, OptionError> {
        if self.party.own_key_pair().is_none() {
            return Ok(None);
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.protocol.provider))
            .with_protocol_versions(&self.protocol.versions)
            .map_err(unusable)?;
        let builder = if requests_certificate {
            builder.with_client_cert_verifier(self.party.asking_verifier())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(self.party.key_pairs());
        config.alpn_protocols.clone_from(&self.options.alpn);
        config.ignore_client_order = self.options.prefers_own_order;
        // Only clients keep sessions, in tickets. The ticket keys decide how long a session can be resumed.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::<Tickets>::clone(&self.tickets);
        if !self.tickets.enabled() {
            config.send_tls13_tickets = 0;
        }
        config.key_log = exporter::noting(self.key_log.clone());
        Ok(Some(config))
    }
}

fn check_alpn(protocols: &[Vec<u8>]) -> Result<(), OptionError> {
    match protocols.iter().find(|name| !ALPN_NAME_LENGTH.contains(&name.len())) {
        None => Ok(()),
        Some(name) => {
            let reason = format!("a protocol of ALPN has 1 to 255 bytes, not {}", name.len());
            Err(OptionError { field: "ALPNProtocols", code: "ERR_OUT_OF_RANGE", reason })
        }
    }
}

fn tickets(options: &Options) -> Result<Tickets, OptionError> {
    let keys = options.ticket_keys.as_deref().map(ticket_keys).transpose()?;
    let lifetime = if options.tickets { options.session_timeout } else { 0 };
    Tickets::new(lifetime, keys, &options.session_context).ok_or_else(|| OptionError {
        field: "ticketKeys",
        code: "ERR_CRYPTO_OPERATION_FAILED",
        reason: "the system has no random numbers".into(),
    })
}

/// Checks the length of `ticketKeys`.
pub fn ticket_keys(keys: &[u8]) -> Result<[u8; TICKET_KEYS_LENGTH], OptionError> {
    keys.try_into().map_err(|_| OptionError {
        field: "ticketKeys",
        code: "ERR_INVALID_ARG_VALUE",
        reason: format!("must be exactly {TICKET_KEYS_LENGTH} bytes. Received {}", keys.len()),
    })
}

/// Versions and suites do not fit together. [`Protocol::new`] has excluded that.
fn unusable(error: rustls::Error) -> OptionError {
    OptionError { field: "ciphers", code: "ERR_SSL_NO_CIPHER_MATCH", reason: error.to_string() }
}
