//! The settings of one connection, where they differ from those that its credentials have for all.
//!
//! Pure. rustls reads everything from one configuration, so a connection that differs gets a copy, which shares what is
//! large.

use std::sync::Arc;

use rustls::client::{Resumption as Store, Tls12Resumption};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, KeyLog, ServerConfig};

use super::exchange::{AlpnAnswer, Resumption};
use crate::tls::credentials::{Credentials, key_log};
use crate::tls::resumption::{ClientSessions, ServerSessions};

/// Gets the lines of a connection's key log.
pub type SecretSink = Box<dyn Fn(Vec<u8>) + Send + Sync>;

/// The configuration of a client, and its sessions where JavaScript holds them.
pub fn client(
    credentials: &Credentials,
    resumption: Resumption,
    secrets: Option<SecretSink>,
) -> (Arc<ClientConfig>, Option<Arc<ClientSessions>>) {
    let mut config = Arc::clone(&credentials.client);
    let sessions = match resumption {
        Resumption::Implicit => None,
        Resumption::Explicit { session, keeps } => {
            let (party, hints) = (Arc::clone(&credentials.party), Arc::clone(&credentials.client_sessions));
            let sessions = Arc::new(ClientSessions::new(party, hints, session.as_deref(), keeps));
            let store = Store::store(Arc::<ClientSessions>::clone(&sessions));
            let kind = if credentials.has_tickets() {
                Tls12Resumption::SessionIdOrTickets
            } else {
                Tls12Resumption::SessionIdOnly
            };
            Arc::make_mut(&mut config).resumption = store.tls12_resumption(kind);
            Some(sessions)
        }
    };
    if let Some(write) = secrets {
        let config = Arc::make_mut(&mut config);
        config.key_log = with_secrets(&config.key_log, write);
    }
    (config, sessions)
}

/// What is particular to one connection of a server.
#[derive(Default)]
pub struct ConnectionOverrides {
    /// Gets the secrets.
    pub secrets: Option<SecretSink>,
    /// The application protocol.
    pub alpn: Option<AlpnAnswer>,
    /// The OCSP response to staple to the certificate.
    pub ocsp_response: Option<Vec<u8>>,
    /// The sessions that JavaScript keeps.
    pub sessions: Option<Arc<ServerSessions>>,
}

/// The configuration `config` of a server, adapted to one connection.
pub fn server(mut config: Arc<ServerConfig>, overrides: ConnectionOverrides) -> Arc<ServerConfig> {
    let ConnectionOverrides { secrets, alpn, ocsp_response, sessions } = overrides;
    if let Some(alpn) = alpn {
        Arc::make_mut(&mut config).alpn_protocols = match alpn {
            AlpnAnswer::Select(protocol) => vec![protocol],
            // No client can offer an empty name, so that nothing is shared.
            AlpnAnswer::Refuse => vec![Vec::new()],
        };
    }
    if let Some(response) = ocsp_response {
        let config = Arc::make_mut(&mut config);
        let inner = Arc::clone(&config.cert_resolver);
        config.cert_resolver = Arc::new(Stapling { inner, response });
    }
    if let Some(sessions) = sessions {
        Arc::make_mut(&mut config).session_storage = sessions;
    }
    if let Some(write) = secrets {
        let config = Arc::make_mut(&mut config);
        config.key_log = with_secrets(&config.key_log, write);
    }
    config
}

/// Staples a response to the certificate that is shown. rustls sends it if the client asks for one.
#[derive(Debug)]
struct Stapling {
    inner: Arc<dyn ResolvesServerCert>,
    response: Vec<u8>,
}

impl ResolvesServerCert for Stapling {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let shown = self.inner.resolve(hello)?;
        Some(Arc::new(CertifiedKey { ocsp: Some(self.response.clone()), ..shown.as_ref().clone() }))
    }
}

fn with_secrets(all: &Arc<dyn KeyLog>, write: SecretSink) -> Arc<dyn KeyLog> {
    key_log::beside(Arc::clone(all), write)
}

#[cfg(test)]
mod tests {
    use rustls::HandshakeKind::{self, Full, Resumed};
    use rustls::ProtocolVersion;

    use super::*;
    use crate::tls::credentials::Options;
    use crate::tls::fixtures::{Certificate, handshake_of, params};
    use crate::tls::resumption::Token;

    const VERSIONS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];

    fn server(own: &Certificate) -> Credentials {
        Credentials::new(&Options { identities: vec![own.identity()], ..Options::default() }).unwrap()
    }

    fn client(version: &str, change: impl FnOnce(&mut Options)) -> Credentials {
        let mut options = Options { ca: Some(vec![]), max_version: Some(version.into()), ..Options::default() };
        change(&mut options);
        Credentials::new(&options).unwrap()
    }

    fn config_of(server: &Credentials) -> Arc<ServerConfig> {
        Arc::clone(server.server.as_ref().unwrap())
    }

    /// The kind of a handshake that offers `session`, and the sessions that come of it.
    fn connect(
        credentials: &Credentials,
        server: &Credentials,
        session: Option<Token>,
    ) -> (HandshakeKind, Vec<Token>, Arc<ClientSessions>) {
        let session = session.map(|token| token.as_bytes().to_vec());
        let (config, sessions) = super::client(credentials, Resumption::Explicit { session, keeps: true }, None);
        let sessions = sessions.unwrap();
        let outcome = handshake_of(config, config_of(server), "localhost");
        assert_eq!((outcome.client_error, outcome.server_error), (None, None));
        let kind = outcome.client.handshake_kind().unwrap();
        assert!(!sessions.has_unreported(), "nothing is kept of a peer that is not judged yet");
        sessions.settle(kind == Resumed);
        let reported = std::iter::from_fn(|| sessions.take_unreported()).collect();
        assert!(!sessions.has_unreported());
        (kind, reported, sessions)
    }

    #[test]
    fn a_session_is_resumed_by_the_token_that_was_reported() {
        let server = server(&Certificate::self_signed(params("localhost")));
        for version in VERSIONS {
            let credentials = client(version, |_| ());
            let (kind, sessions, _) = connect(&credentials, &server, None);
            assert_eq!((kind, sessions.len()), (Full, if version == "TLSv1.3" { 2 } else { 1 }), "{version}");
            // Nothing but the token has it resumed.
            assert_eq!(connect(&credentials, &server, None).0, Full);
            assert_eq!(connect(&credentials, &server, Some(Token::new().unwrap())).0, Full);
            let (kind, _, state) = connect(&credentials, &server, Some(sessions[0]));
            assert_eq!(kind, Resumed, "{version}");
            // It is newest under TLS 1.2, as no other session was made.
            assert_eq!(state.newest() == Some(sessions[0]), version == "TLSv1.2");
            // Other credentials of the same options do as well: their own are dropped.
            let others = client(version, |options| options.alpn = vec![b"x".to_vec()]);
            drop(credentials);
            assert_eq!(connect(&others, &server, sessions.last().copied()).0, Resumed, "{version}");
        }
    }

    #[test]
    fn a_token_can_be_offered_again() {
        let server = server(&Certificate::self_signed(params("localhost")));
        for version in VERSIONS {
            let credentials = client(version, |_| ());
            let (_, sessions, _) = connect(&credentials, &server, None);
            for _ in 0..10 {
                assert_eq!(connect(&credentials, &server, Some(sessions[0])).0, Resumed, "{version}");
            }
        }
    }

    #[test]
    fn the_newest_session_is_there_before_its_tickets() {
        let own = Certificate::self_signed(params("localhost"));
        let (server, credentials) = (server(&own), client("TLSv1.3", |_| ()));
        let (config, sessions) = super::client(&credentials, Resumption::Explicit { session: None, keeps: true }, None);
        let sessions = sessions.unwrap();
        sessions.settle(false);
        let early = sessions.newest().unwrap();
        let outcome = handshake_of(config, config_of(&server), "localhost");
        assert_eq!(outcome.client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert!(sessions.newest() != Some(early));
        assert_eq!(connect(&credentials, &server, Some(early)).0, Resumed);
    }

    /// What a session was made without is not taken for granted later.
    #[test]
    fn a_session_of_another_party_is_ignored() {
        let own = Certificate::self_signed(params("localhost"));
        let server = server(&own);
        for version in VERSIONS {
            let loose = client(version, |_| ());
            let (_, sessions, _) = connect(&loose, &server, None);
            let strict = client(version, |options| {
                options.ca = Some(vec![own.der.to_vec()]);
                options.reject_unauthorized = true;
            });
            assert_eq!(connect(&strict, &server, Some(sessions[0])).0, Full, "{version}");
            let unnamed = client(version, |options| options.checks_names = false);
            assert_eq!(connect(&unnamed, &server, Some(sessions[0])).0, Full, "{version}");
            let with_certificate = client(version, |options| options.identities = vec![own.identity()]);
            assert_eq!(connect(&with_certificate, &server, Some(sessions[0])).0, Full, "{version}");
            // It is still there for its own.
            assert_eq!(connect(&loose, &server, Some(sessions[0])).0, Resumed, "{version}");
        }
    }

    #[test]
    fn without_a_wish_to_keep_them_sessions_are_dropped() {
        let server = server(&Certificate::self_signed(params("localhost")));
        for version in VERSIONS {
            let credentials = client(version, |_| ());
            for _ in 0..2 {
                let (config, sessions) =
                    super::client(&credentials, Resumption::Explicit { session: None, keeps: false }, None);
                let outcome = handshake_of(config, config_of(&server), "localhost");
                assert_eq!(outcome.client.handshake_kind(), Some(Full), "{version}");
                let sessions = sessions.unwrap();
                sessions.settle(false);
                assert!(!sessions.has_unreported() && sessions.newest().is_none());
            }
        }
    }

    #[test]
    fn secrets_are_logged_in_the_format_of_nss() {
        use std::sync::Mutex;
        let (server, credentials) = (server(&Certificate::self_signed(params("localhost"))), client("TLSv1.3", |_| ()));
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let write: SecretSink = Box::new(move |line| sink.lock().unwrap().push(String::from_utf8(line).unwrap()));
        let (config, sessions) = super::client(&credentials, Resumption::Implicit, Some(write));
        assert!(sessions.is_none());
        handshake_of(config, config_of(&server), "localhost");
        let lines = lines.lock().unwrap();
        assert!(lines.iter().all(|line| line.ends_with('\n')) && lines.len() >= 4);
        assert!(lines[0].starts_with("CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
    }
}
