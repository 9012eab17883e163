//! Who we are: the options of `createCredentials` (D19), turned once into what rustls needs for every handshake with
//! them.
//!
//! Made on the JavaScript thread, shared by all streams that use them, read from the threads that handshakes run on.
//! Nothing in them changes but the ticket keys and the client's memory of sessions, which have locks of their own.
//!
//! | file | |
//! |---|---|
//! | [`options`] | the options as plain data, and what can be wrong with them |
//! | [`key_pairs`], [`archive`] | private keys with their certificates, and which of them the peer is shown; PKCS#12 |
//! | [`protocol`], [`algorithms`] | versions, cipher suites, groups and signature algorithms by their names |
//! | [`config`] | rustls' configurations of a client and of a server |
//! | [`tickets`] | the keys of session tickets |

mod algorithms;
mod archive;
mod config;
pub(crate) mod key_pairs;
mod options;
mod protocol;
mod tickets;

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{ClientConfig, ServerConfig};

pub use self::options::{Archive, Identity, OptionError, Options};
pub use self::protocol::Protocol;
pub use self::tickets::{TICKET_KEYS_LENGTH, Tickets};
use super::trust::{Crl, Listed, Trust, Verifier};

/// What a name on the wire of ALPN may have.
const ALPN_NAME_LENGTH: std::ops::RangeInclusive<usize> = 1..=255;

/// Credentials, ready for handshakes.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// For connections that we open. An address as the server's name sends no SNI.
    pub client: Arc<ClientConfig>,
    /// For connections that we accept; `None` without an identity.
    pub server: Option<Arc<ServerConfig>>,
    /// The same, with a certificate asked for in any case.
    asking_server: Option<Arc<ServerConfig>>,
    /// Whether clients are asked for a certificate.
    requests_certificate: bool,
    /// Whom we trust.
    pub trust: Arc<Trust>,
    /// Is the verdict a gate? Then who drives a handshake has to close it, too: a resumed one asks no verifier.
    pub reject_unauthorized: bool,
    /// Are servers' certificates checked for their names? If not, the caller does it.
    pub checks_names: bool,
    own: Option<CertificateDer<'static>>,
    tickets: Arc<Tickets>,
}

impl Credentials {
    /// Reads and checks all options.
    pub fn new(options: Options) -> Result<Self, OptionError> {
        let mut keys = options.identities.iter().cloned().map(key_pairs::read).collect::<Result<Vec<_>, _>>()?;
        let mut others = Vec::new();
        for archive in &options.pfx {
            let contents = archive.contents()?;
            keys.push(contents.identity);
            others.extend(contents.others);
        }
        check_alpn(&options.alpn)?;
        let signatures = options.signatures.as_deref().map(algorithms::signatures).transpose()?;
        if let Some(schemes) = &signatures {
            keys = keys.iter().map(|key| key_pairs::limit(key, schemes)).collect();
        }
        let verifier = |trust: &Arc<Trust>| {
            let verifier = Verifier::new(Arc::clone(trust), options.reject_unauthorized);
            let verifier = if options.checks_names { verifier } else { verifier.without_names() };
            match &signatures {
                Some(schemes) => verifier.with_schemes(schemes.clone()),
                None => verifier,
            }
        };
        let protocol = Protocol::new(&options)?;
        let trust = Arc::new(trust(&options, others)?);
        let tickets = Arc::new(tickets(&options)?);
        // Where nobody gets in without a certificate, one is asked for.
        let requests_certificate = options.request_cert || options.ca.is_some() || options.reject_unauthorized;
        let server = |requests: bool| match keys.is_empty() {
            true => Ok(None),
            false => {
                let verifier = requests.then(|| verifier(&trust));
                config::server(&options, &protocol, &keys, verifier, &tickets).map(|config| Some(Arc::new(config)))
            }
        };
        let asking_server = server(true)?;
        let server = if requests_certificate { asking_server.clone() } else { server(false)? };
        let own = keys.first().and_then(|key| key.cert.first().cloned());
        Ok(Self {
            client: Arc::new(config::client(&options, &protocol, keys, verifier(&trust))?),
            server,
            asking_server,
            requests_certificate,
            trust,
            reject_unauthorized: options.reject_unauthorized,
            checks_names: options.checks_names,
            own,
            tickets,
        })
    }

    /// For a connection that was accepted with the credentials `first`, which asks for a certificate if either does.
    pub fn server_behind(&self, first: &Self) -> Option<&Arc<ServerConfig>> {
        if first.requests_certificate { self.asking_server.as_ref() } else { self.server.as_ref() }
    }

    /// Our own certificate: the first, where there are several.
    pub fn own_certificate(&self) -> Option<&CertificateDer<'static>> {
        self.own.as_ref()
    }

    /// The present keys of session tickets (`getTicketKeys()`).
    pub fn ticket_keys(&self) -> [u8; TICKET_KEYS_LENGTH] {
        self.tickets.ticket_keys()
    }

    /// Replaces the keys of session tickets (`setTicketKeys()`).
    pub fn set_ticket_keys(&self, keys: &[u8]) -> Result<(), OptionError> {
        self.tickets.set_ticket_keys(ticket_keys(keys)?);
        Ok(())
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
    let listed = |data: &Vec<u8>| Listed::read(data).map_err(|reason| invalid("ca", reason));
    let ca = options.ca.as_ref().map(|ca| ca.iter().map(listed).collect::<Result<Vec<_>, _>>()).transpose()?;
    let more = more.into_iter().map(Listed::new).collect::<Result<_, _>>().map_err(|reason| invalid("pfx", reason))?;
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

fn ticket_keys(keys: &[u8]) -> Result<[u8; TICKET_KEYS_LENGTH], OptionError> {
    keys.try_into().map_err(|_| OptionError {
        field: "ticketKeys",
        code: "ERR_INVALID_ARG_VALUE",
        reason: format!("must be exactly {TICKET_KEYS_LENGTH} bytes. Received {}", keys.len()),
    })
}

#[cfg(test)]
mod tests {
    use rustls::{HandshakeKind, ProtocolVersion};

    use super::*;
    use crate::tls::fixtures::{Certificate, authority, handshake, params};
    use crate::tls::suites;

    fn server_options() -> Options {
        let identity = Certificate::self_signed(params("localhost")).identity();
        Options { identities: vec![identity], ..Options::default() }
    }

    fn client(change: impl FnOnce(&mut Options)) -> Credentials {
        let mut options = Options { ca: Some(vec![]), ..Options::default() };
        change(&mut options);
        Credentials::new(options).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Options)) -> (&'static str, &'static str) {
        let mut options = server_options();
        change(&mut options);
        let error = Credentials::new(options).unwrap_err();
        (error.field, error.code)
    }

    #[test]
    fn without_an_identity_there_is_no_server() {
        assert!(client(|_| ()).server.is_none());
        assert!(Credentials::new(server_options()).unwrap().server.is_some());
    }

    #[test]
    fn what_is_wrong_names_its_option() {
        let root = Certificate::self_signed(authority("root"));
        let garbage = || b"garbage".to_vec();
        assert_eq!(refused(|options| options.identities[0].key = garbage()), ("key", "ERR_OSSL_UNSUPPORTED"));
        assert_eq!(refused(|options| options.identities[0].cert = garbage()), ("cert", "ERR_OSSL_ASN1_WRONG_TAG"));
        let pfx = refused(|options| options.pfx = vec![Archive { key: garbage(), certificates: vec![] }]);
        assert_eq!(pfx, ("pfx", "ERR_CRYPTO_OPERATION_FAILED"));
        assert_eq!(refused(|options| options.ca = Some(vec![garbage()])), ("ca", "ERR_INVALID_ARG_VALUE"));
        assert_eq!(refused(|options| options.crl = vec![garbage()]), ("crl", "ERR_CRYPTO_OPERATION_FAILED"));
        assert_eq!(refused(|options| options.crl = vec![root.crl(false, 2021)]), ("crl", "CRL_HAS_EXPIRED"));
        assert_eq!(refused(|options| options.alpn = vec![vec![]]), ("ALPNProtocols", "ERR_OUT_OF_RANGE"));
        let keys = refused(|options| options.ticket_keys = Some(vec![0; 47]));
        assert_eq!(keys, ("ticketKeys", "ERR_INVALID_ARG_VALUE"));
        let ciphers = refused(|options| options.ciphers = Some("NOPE".into()));
        assert_eq!(ciphers, ("ciphers", "ERR_SSL_NO_CIPHER_MATCH"));
    }

    #[test]
    fn versions_and_ciphers_are_used() {
        let server = Credentials::new(server_options()).unwrap();
        let outcome = handshake(&client(|options| options.min_version = Some("TLSv1".into())), &server, "localhost");
        assert_eq!(outcome.client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        let old = client(|options| {
            options.max_version = Some("TLSv1.2".into());
            options.ciphers = Some("ECDHE-ECDSA-CHACHA20-POLY1305".into());
        });
        let outcome = handshake(&old, &server, "localhost");
        let suite = outcome.server.negotiated_cipher_suite().unwrap().suite();
        assert_eq!(suites::suite_name(suite).unwrap().name, "ECDHE-ECDSA-CHACHA20-POLY1305");
        let only_rsa = client(|options| {
            options.max_version = Some("TLSv1.2".into());
            options.ciphers = Some("ECDHE-RSA-AES128-GCM-SHA256".into());
        });
        assert!(handshake(&only_rsa, &server, "localhost").server_error.is_some());
    }

    #[test]
    fn alpn_is_agreed_on_or_ends_the_handshake() {
        let names = |names: &[&str]| names.iter().map(|name| name.as_bytes().to_vec()).collect::<Vec<_>>();
        let server = Credentials::new(Options { alpn: names(&["a", "b"]), ..server_options() }).unwrap();
        let outcome = handshake(&client(|options| options.alpn = names(&["c", "b"])), &server, "localhost");
        assert_eq!(outcome.client.alpn_protocol(), Some(b"b".as_slice()));
        let outcome = handshake(&client(|options| options.alpn = names(&["c"])), &server, "localhost");
        assert_eq!(outcome.server_error, Some(rustls::Error::NoApplicationProtocol));
        assert_eq!(handshake(&client(|_| ()), &server, "localhost").server_error, None);
    }

    fn kinds(client: &Credentials, servers: [&Credentials; 2]) -> Vec<HandshakeKind> {
        let mut kinds = Vec::new();
        for server in servers {
            let outcome = handshake(client, server, "localhost");
            assert_eq!((outcome.client_error, outcome.server_error), (None, None));
            assert!(outcome.client.peer_certificates().is_some());
            kinds.push(outcome.server.handshake_kind().unwrap());
        }
        kinds
    }

    #[test]
    fn sessions_are_resumed_by_whoever_has_the_keys() {
        use HandshakeKind::{Full, Resumed};
        for version in ["TLSv1.2", "TLSv1.3"] {
            let client = |_: ()| client(|options| options.max_version = Some(version.into()));
            let keys = |keys: u8| Options { ticket_keys: Some(vec![keys; 48]), ..server_options() };
            let server = Credentials::new(server_options()).unwrap();
            assert_eq!(kinds(&client(()), [&server, &server]), [Full, Resumed], "{version}");
            let (one, other) = (Credentials::new(keys(1)).unwrap(), Credentials::new(keys(1)).unwrap());
            assert_eq!(kinds(&client(()), [&one, &other]), [Full, Resumed], "{version}");
            let stranger = Credentials::new(keys(2)).unwrap();
            assert_eq!(kinds(&client(()), [&one, &stranger]), [Full, Full], "{version}");
            stranger.set_ticket_keys(&one.ticket_keys()).unwrap();
            assert_eq!(kinds(&client(()), [&one, &stranger]), [Full, Resumed], "{version}");
            let none = Credentials::new(Options { session_timeout: 0, ..server_options() }).unwrap();
            assert_eq!(kinds(&client(()), [&none, &none]), [Full, Full], "{version}");
        }
    }

    /// `openssl req -new -key KEY -subj /CN=localhost | openssl x509 -req -signkey KEY` makes certificates of version 1,
    /// which webpki does not read.
    #[test]
    fn a_certificate_of_version_1_can_be_shown_and_listed() {
        let identity = Identity { key: pem_key(), cert: VERSION_1.as_bytes().to_vec() };
        let server = Credentials::new(Options { identities: vec![identity], ..Options::default() }).unwrap();
        for version in ["TLSv1.2", "TLSv1.3"] {
            let gate = client(|options| {
                options.max_version = Some(version.into());
                options.ca = Some(vec![VERSION_1.as_bytes().to_vec()]);
                options.reject_unauthorized = true;
            });
            let outcome = handshake(&gate, &server, "localhost");
            assert_eq!((outcome.client_error, outcome.server_error), (None, None), "{version}");
        }
    }

    fn pem_key() -> Vec<u8> {
        use rustls::pki_types::PrivateKeyDer;
        use rustls::pki_types::pem::PemObject;
        PrivateKeyDer::from_pem_slice(VERSION_1_KEY.as_bytes()).unwrap().secret_der().to_vec()
    }

    const VERSION_1: &str = "\
-----BEGIN CERTIFICATE-----
MIIBIjCByQIUdzkuXMyxiL+oXAGArO7oTOf1ce8wCgYIKoZIzj0EAwIwFDESMBAG
A1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyNTAzMjkxN1oXDTM3MTEwNzAzMjkxN1ow
FDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
7x1buxUAJKDpG9kr0yK80f6FbgBrbP0tbbkAbE7oXlRjTpOUqgZM6kLawR8rpJHo
C3afK1rpsG1smHXztHX9PjAKBggqhkjOPQQDAgNIADBFAiAOuW/I6ZTD4XTzDrSD
9R3vaIIsZ0CfD8TcZ5gw9WW0yAIhAKrELNSt1ADlTliMeIkMfP/TDwzKaozmS9kZ
jEV17JIF
-----END CERTIFICATE-----
";

    const VERSION_1_KEY: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIIB316n8VXOScBOyoQW3S8OTaXe6sRW4hP/aPbao9K5OoAoGCCqGSM49
AwEHoUQDQgAE7x1buxUAJKDpG9kr0yK80f6FbgBrbP0tbbkAbE7oXlRjTpOUqgZM
6kLawR8rpJHoC3afK1rpsG1smHXztHX9Pg==
-----END EC PRIVATE KEY-----
";
}
