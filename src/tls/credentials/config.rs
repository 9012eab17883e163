//! From options to rustls' configurations.
//!
//! Read once per credentials, on the JavaScript thread; handshakes use the configurations on others.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, KeyLog, ServerConfig, SignatureScheme};

use super::key_pairs::{self, KeyPairs};
use super::options::{OptionError, Options};
use super::protocol::Protocol;
use super::tickets::{TICKET_KEYS_LENGTH, Tickets};
use super::{algorithms, key_log};
use crate::tls::trust::{Crl, ListedCertificate, Trust, Verifier};

/// The sessions that a client keeps, for all servers together.
const CLIENT_SESSIONS: usize = 256;

/// The length of a protocol name in ALPN, in bytes.
const ALPN_NAME_LENGTH: std::ops::RangeInclusive<usize> = 1..=255;

/// All options, read and checked.
pub struct Parts<'a> {
    options: &'a Options,
    key_log: Option<Arc<dyn KeyLog>>,
    key_pairs: Vec<Arc<CertifiedKey>>,
    /// The signature schemes, unless all may be used.
    signatures: Option<Vec<SignatureScheme>>,
    protocol: Protocol,
    /// Roots, listed certificates and revocation lists.
    pub trust: Arc<Trust>,
    /// The keys of session tickets.
    pub tickets: Arc<Tickets>,
}

impl<'a> Parts<'a> {
    /// Reads `options`.
    pub fn read(options: &'a Options) -> Result<Self, OptionError> {
        let key_log = options.key_log.as_ref().map(key_log::open).transpose()?;
        let mut key_pairs = options.identities.iter().cloned().map(key_pairs::read).collect::<Result<Vec<_>, _>>()?;
        let mut others = Vec::new();
        for archive in &options.pfx {
            let contents = archive.contents()?;
            key_pairs.push(contents.identity);
            others.extend(contents.others);
        }
        check_alpn(&options.alpn)?;
        let signatures = options.signatures.as_deref().map(algorithms::signatures).transpose()?;
        if let Some(schemes) = &signatures {
            key_pairs = key_pairs.iter().map(|key_pair| key_pairs::limit(key_pair, schemes)).collect();
        }
        let protocol = Protocol::new(options)?;
        let trust = Arc::new(trust(options, others)?);
        let tickets = Arc::new(tickets(options)?);
        Ok(Self { options, key_log, key_pairs, signatures, protocol, trust, tickets })
    }

    /// Our own certificate: the first, if there are several.
    pub fn own_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.key_pairs.first()?.cert.first()
    }

    /// The configuration of the connections that we open.
    pub fn client(&self) -> Result<ClientConfig, OptionError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.protocol.provider))
            .with_protocol_versions(&self.protocol.versions)
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier()))
            .with_client_cert_resolver(Arc::new(KeyPairs::new(self.key_pairs.clone())));
        config.alpn_protocols.clone_from(&self.options.alpn);
        config.resumption = match self.options.session_timeout {
            0 => Resumption::disabled(),
            _ => Resumption::in_memory_sessions(CLIENT_SESSIONS),
        };
        if let Some(key_log) = &self.key_log {
            config.key_log = Arc::clone(key_log);
        }
        Ok(config)
    }

    /// The configuration of the connections that we accept; `None` without a key and a certificate.
    pub fn server(&self, requests_certificate: bool) -> Result<Option<ServerConfig>, OptionError> {
        if self.key_pairs.is_empty() {
            return Ok(None);
        }
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.protocol.provider))
            .with_protocol_versions(&self.protocol.versions)
            .map_err(unusable)?;
        let builder = if requests_certificate {
            let verifier = self.verifier();
            // The default list has more than a hundred names, which would not help a client to choose.
            let verifier = if self.options.ca.is_some() { verifier.with_hints() } else { verifier };
            builder.with_client_cert_verifier(Arc::new(verifier))
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_cert_resolver(Arc::new(KeyPairs::new(self.key_pairs.clone())));
        config.alpn_protocols.clone_from(&self.options.alpn);
        config.ignore_client_order = self.options.prefers_own_order;
        // Only clients keep sessions, in tickets. The ticket keys decide how long a session can be resumed.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::<Tickets>::clone(&self.tickets);
        if self.options.session_timeout == 0 {
            config.send_tls13_tickets = 0;
        }
        if let Some(key_log) = &self.key_log {
            config.key_log = Arc::clone(key_log);
        }
        Ok(Some(config))
    }

    fn verifier(&self) -> Verifier {
        let verifier = Verifier::new(Arc::clone(&self.trust), self.options.reject_unauthorized);
        let verifier = if self.options.checks_names { verifier } else { verifier.without_names() };
        match &self.signatures {
            Some(schemes) => verifier.with_schemes(schemes.clone()),
            None => verifier,
        }
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

fn trust(options: &Options, more: Vec<CertificateDer<'static>>) -> Result<Trust, OptionError> {
    let invalid = |field, reason| OptionError { field, code: "ERR_INVALID_ARG_VALUE", reason };
    let listed = |data: &Vec<u8>| ListedCertificate::read(data).map_err(|reason| invalid("ca", reason));
    let ca = options.ca.as_ref().map(|ca| ca.iter().map(listed).collect::<Result<Vec<_>, _>>()).transpose()?;
    let more = more
        .into_iter()
        .map(ListedCertificate::new)
        .collect::<Result<_, _>>()
        .map_err(|reason| invalid("pfx", reason))?;
    let no_crl =
        |_| OptionError { field: "crl", code: "ERR_CRYPTO_OPERATION_FAILED", reason: "Failed to parse CRL".into() };
    let crls = options.crl.iter().map(|data| Crl::read(data).map_err(no_crl)).collect::<Result<Vec<_>, _>>()?;
    let crls: Vec<Crl> = crls.into_iter().flatten().collect();
    let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
    if crls.iter().any(|crl| crl.is_expired(now)) {
        return Err(OptionError { field: "crl", code: "CRL_HAS_EXPIRED", reason: "CRL has expired".into() });
    }
    Ok(Trust::new(ca.map(|ca| ca.into_iter().flatten().collect()), more, crls))
}

fn tickets(options: &Options) -> Result<Tickets, OptionError> {
    let keys = options.ticket_keys.as_deref().map(ticket_keys).transpose()?;
    Tickets::new(options.session_timeout, keys, &options.session_context).ok_or_else(|| OptionError {
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
