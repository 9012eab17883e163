//! Who are we, and how do we talk? The options of `createCredentials` (D19), read once, and turned into what rustls needs
//! for every handshake with them.
//!
//! [`Credentials`] are made on the JavaScript thread, shared by all streams that use them, and read on the threads that
//! handshakes run on. Only the ticket keys and the sessions that a client keeps change, each behind a lock of their own.
//! [`Options`] are what they are made of; the rest is exported for the fuzzer and the tests.
//!
//! | file | |
//! |---|---|
//! | [`options`] | the options as plain data, and what can be wrong with them |
//! | [`party`] | what sessions depend on: key pairs and trust, the same for equal options |
//! | [`key_pairs`], [`archive`] | private keys with their certificates, and which of them a peer is shown; PKCS#12 |
//! | [`protocol`], [`algorithms`] | versions, cipher suites, groups and signature algorithms by their names |
//! | [`current`] | replacing them |
//! | [`config`] | rustls' configurations of a client and of a server |
//! | [`key_log`] | the secrets of connections, for debugging |
//! | [`tickets`] | the keys of session tickets |

mod algorithms;
mod archive;
mod config;
mod current;
pub(super) mod key_log;
pub(crate) mod key_pairs;
mod options;
mod party;
mod protocol;
mod tickets;

use std::sync::Arc;

use rustls::client::ClientSessionMemoryCache;
use rustls::server::ProducesTickets;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};

pub use self::algorithms::{GroupName, group_name, signature_name};
use self::config::Parts;
pub use self::current::Current;
pub use self::key_pairs::Staple;
pub use self::options::{Archive, Identity, KeyLogTarget, OptionError, Options};
pub use self::party::Party;
pub use self::protocol::Protocol;
pub use self::tickets::{TICKET_KEYS_LENGTH, Tickets};

/// Credentials, ready for handshakes.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// For connections that we open.
    pub client: Arc<ClientConfig>,
    /// For connections that we accept; `None` without a key and a certificate.
    pub server: Option<Arc<ServerConfig>>,
    /// The same, but it always requests a certificate.
    asking_server: Option<Arc<ServerConfig>>,
    /// Whether a server requests a certificate.
    requests_certificate: bool,
    /// Whether a client without one fails the handshake.
    pub requires_certificate: bool,
    /// Our key pairs, and whom we trust.
    pub party: Arc<Party>,
    /// The sessions of clients that JavaScript does not hold.
    pub client_sessions: Arc<ClientSessionMemoryCache>,
    /// Whether an untrusted peer fails the handshake. The verifier alone can't ensure that: a resumed handshake never
    /// calls it.
    pub reject_unauthorized: bool,
    /// Whether servers' certificates are checked for their names. If not, the caller does it.
    pub checks_names: bool,
    tickets: Arc<Tickets>,
    /// The option `tickets`.
    gives_tickets: bool,
    /// How long a session can be resumed, in seconds.
    pub session_timeout: u32,
    /// Separates the sessions of different servers.
    pub session_context: Vec<u8>,
}

impl Credentials {
    /// Reads and checks all options.
    pub fn new(options: &Options) -> Result<Self, OptionError> {
        Self::read(options, None)
    }

    /// As [`Self::new`], for credentials that take the place of `former`. Clients can go on to resume their sessions, unless
    /// the options have ticket keys of their own or change for how long, or whom we trust. Sessions with servers are not
    /// resumed any more.
    pub fn replacing(options: &Options, former: &Self) -> Result<Self, OptionError> {
        Self::read(options, Some(former))
    }

    fn read(options: &Options, former: Option<&Self>) -> Result<Self, OptionError> {
        let mut parts = Parts::read(options)?;
        let requires_certificate = options.require_cert || options.reject_unauthorized;
        // A client that must be trusted can't do without a certificate.
        let requests_certificate = options.request_cert || options.ca.is_some() || requires_certificate;
        let goes_on = |former: &&Self| {
            options.ticket_keys.is_none()
                && options.tickets == former.gives_tickets
                && options.session_timeout == former.session_timeout
                && options.session_context == former.session_context
                && requests_certificate == former.requests_certificate
                && parts.party.trusts_like(&former.party)
        };
        if let Some(former) = former.filter(goes_on) {
            parts.tickets = Arc::clone(&former.tickets);
        }
        let asking_server = parts.server(true)?.map(Arc::new);
        let server = if requests_certificate { asking_server.clone() } else { parts.server(false)?.map(Arc::new) };
        Ok(Self {
            client: Arc::new(parts.client()?),
            server,
            asking_server,
            requests_certificate,
            requires_certificate,
            reject_unauthorized: options.reject_unauthorized,
            checks_names: options.checks_names,
            party: parts.party,
            client_sessions: parts.client_sessions,
            tickets: parts.tickets,
            gives_tickets: options.tickets,
            session_timeout: options.session_timeout,
            session_context: options.session_context.clone(),
        })
    }

    /// The same, but a server staples these responses of OCSP to its certificates, one to that of each key pair. Clients
    /// can go on to resume their sessions.
    pub fn stapling(&self, responses: &[Option<Staple>]) -> Self {
        let key_pairs = Arc::new(self.party.key_pairs().stapling(responses));
        let stapled = |config: &Arc<ServerConfig>| {
            let mut config = config.as_ref().clone();
            config.cert_resolver = Arc::clone(&key_pairs) as _;
            Arc::new(config)
        };
        let server = self.server.as_ref().map(stapled);
        Self { server, asking_server: self.asking_server.as_ref().map(stapled), ..self.clone() }
    }

    /// For a connection that was accepted with the credentials `first`: a certificate is requested if those request one.
    pub fn server_config_after(&self, first: &Self) -> Option<&Arc<ServerConfig>> {
        if first.requests_certificate { self.asking_server.as_ref() } else { self.server.as_ref() }
    }

    /// Our own key pair: the first, if there are several.
    pub fn own_key_pair(&self) -> Option<&Arc<CertifiedKey>> {
        self.party.own_key_pair()
    }

    /// When the first of the certificates that we show expires, in seconds of UNIX time; `None` without any.
    pub fn expires(&self) -> Option<i64> {
        self.party.expires()
    }

    /// Whether a server gives tickets, and a client of TLS 1.2 takes them.
    pub fn has_tickets(&self) -> bool {
        self.tickets.enabled()
    }

    /// The current keys of session tickets (`getTicketKeys()`).
    pub fn ticket_keys(&self) -> [u8; TICKET_KEYS_LENGTH] {
        self.tickets.ticket_keys()
    }

    /// Replaces the keys of session tickets (`setTicketKeys()`).
    pub fn set_ticket_keys(&self, keys: &[u8]) -> Result<(), OptionError> {
        self.tickets.set_ticket_keys(config::ticket_keys(keys)?);
        Ok(())
    }
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
        Credentials::new(&options).unwrap()
    }

    fn refused(change: impl FnOnce(&mut Options)) -> (&'static str, &'static str) {
        let mut options = server_options();
        change(&mut options);
        let error = Credentials::new(&options).unwrap_err();
        (error.field, error.code)
    }

    #[test]
    fn without_a_key_pair_there_is_no_server() {
        assert!(client(|_| ()).server.is_none());
        assert!(Credentials::new(&server_options()).unwrap().server.is_some());
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
        let server = Credentials::new(&server_options()).unwrap();
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
        let server = Credentials::new(&Options { alpn: names(&["a", "b"]), ..server_options() }).unwrap();
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
    fn sessions_are_resumed_by_every_server_with_the_keys() {
        use HandshakeKind::{Full, Resumed};
        for version in ["TLSv1.2", "TLSv1.3"] {
            let client = |_: ()| client(|options| options.max_version = Some(version.into()));
            let keys = |keys: u8| Options { ticket_keys: Some(vec![keys; 48]), ..server_options() };
            let server = Credentials::new(&server_options()).unwrap();
            assert_eq!(kinds(&client(()), [&server, &server]), [Full, Resumed], "{version}");
            let (one, other) = (Credentials::new(&keys(1)).unwrap(), Credentials::new(&keys(1)).unwrap());
            assert_eq!(kinds(&client(()), [&one, &other]), [Full, Resumed], "{version}");
            let stranger = Credentials::new(&keys(2)).unwrap();
            assert_eq!(kinds(&client(()), [&one, &stranger]), [Full, Full], "{version}");
            stranger.set_ticket_keys(&one.ticket_keys()).unwrap();
            assert_eq!(kinds(&client(()), [&one, &stranger]), [Full, Resumed], "{version}");
            let none = Credentials::new(&Options { session_timeout: 0, ..server_options() }).unwrap();
            assert_eq!(kinds(&client(()), [&none, &none]), [Full, Full], "{version}");
        }
    }

    #[test]
    fn what_takes_the_place_of_others_goes_on_with_their_sessions_unless_it_trusts_others() {
        use HandshakeKind::{Full, Resumed};
        let root = Certificate::self_signed(authority("root"));
        let base = || Options { ca: Some(vec![root.der.to_vec()]), ..server_options() };
        let former = Credentials::new(&base()).unwrap();
        let renewed = Credentials::replacing(&base(), &former).unwrap();
        assert_eq!(kinds(&client(|_| ()), [&former, &renewed]), [Full, Resumed]);
        assert_eq!(kinds(&client(|_| ()), [&former, &Credentials::new(&base()).unwrap()]), [Full, Full]);
        for changed in [
            Options { ca: None, ..base() },
            Options { ca: Some(vec![]), ..base() },
            Options { crl: vec![root.crl(false, 2040)], ..base() },
            Options { session_context: b"other".to_vec(), ..base() },
            Options { session_timeout: 20, ..base() },
            Options { ticket_keys: Some(vec![1; 48]), ..base() },
        ] {
            let changed = Credentials::replacing(&changed, &former).unwrap();
            assert_eq!(kinds(&client(|_| ()), [&former, &changed]), [Full, Full]);
        }
    }

    #[test]
    fn handshakes_take_what_is_current() {
        let (one, other) = (Credentials::new(&server_options()).unwrap(), Credentials::new(&server_options()).unwrap());
        let certificates = |credentials: &Credentials| credentials.own_key_pair().map(|own| own.cert.clone());
        let shown = [&one, &other].map(certificates);
        let current = Current::new(one);
        let begun = current.get();
        current.replace(Arc::new(other));
        assert_eq!([&*begun, &*current.get()].map(certificates), shown);
        assert_ne!(shown[0], shown[1]);
    }

    #[test]
    fn the_first_certificate_to_expire_counts() {
        let identity = |year| {
            let mut params = params("localhost");
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            Certificate::self_signed(params).identity()
        };
        let expires = |identities| Credentials::new(&Options { identities, ..Options::default() }).unwrap().expires();
        assert_eq!(expires(vec![identity(2040), identity(2035), identity(2050)]), Some(2_051_222_400));
        assert_eq!(expires(vec![]), None);
    }

    /// `openssl req -new -key KEY -subj /CN=localhost | openssl x509 -req -signkey KEY` makes certificates of version 1,
    /// which webpki does not read.
    #[test]
    fn a_certificate_of_version_1_can_be_shown_and_listed() {
        let identity = Identity { key: pem_key(), cert: VERSION_1.as_bytes().to_vec() };
        let server = Credentials::new(&Options { identities: vec![identity], ..Options::default() }).unwrap();
        for version in ["TLSv1.2", "TLSv1.3"] {
            let strict = client(|options| {
                options.max_version = Some(version.into());
                options.ca = Some(vec![VERSION_1.as_bytes().to_vec()]);
                options.reject_unauthorized = true;
            });
            let outcome = handshake(&strict, &server, "localhost");
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
