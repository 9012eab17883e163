//! TLS of an engine's streams for JavaScript. It only converts and calls.

use std::sync::Arc;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rustls::HandshakeKind;

use super::NativeEngine;
use super::constants::{
    CLIENT_CHECKS_NAME, CLIENT_EMITS_SESSIONS, CLIENT_RESUMES_ITSELF, SERVER_ASKS_ALWAYS, SERVER_ASKS_FOR_NAMES,
    SERVER_AWAITS_SESSIONS, SERVER_EMITS_SESSIONS, TLS_LOGS_KEYS,
};
use super::credentials::NativeCredentials;
use crate::stream::Secure;
use crate::tls::credentials::{GroupName, group_name, signature_name};
use crate::tls::handshake::{AlpnAnswer, Asks, HandshakeRequest, HelloAnswer, Resumption, Role};
use crate::tls::session::CertificateText;
use crate::tls::suites;
use crate::tls::trust::extra_file;

/// What to do about a ClientHello.
#[napi(object)]
#[derive(Default)]
pub struct NameAnswer {
    /// The application protocol to select.
    pub alpn: Option<Buffer>,
    /// Whether a client that offers application protocols is refused.
    pub refuses_alpn: Option<bool>,
    /// The OCSP response to staple to the certificate.
    pub ocsp_response: Option<Buffer>,
    /// What `onnewsession` has reported of the session to resume.
    pub session: Option<Buffer>,
    /// Whether the handshake is not to be rustls': `ondecline` follows.
    pub declines: Option<bool>,
}

/// The group of the key exchange.
#[napi(object)]
pub struct EphemeralKey {
    /// `ECDH` or `TLSGroup`.
    pub r#type: String,
    /// OpenSSL's name of the group.
    pub name: String,
    /// The size of a key in bits.
    pub size: Option<u32>,
}

/// What was negotiated with the peer, and whether it is trusted.
#[napi(object)]
pub struct Agreement {
    /// `TLSv1.2` or `TLSv1.3`.
    pub protocol: String,
    /// The cipher suite, by OpenSSL's name.
    pub cipher: String,
    /// The cipher suite, by IANA's name.
    pub standard_cipher: String,
    /// The protocol that the cipher suite was first defined for.
    pub cipher_version: String,
    /// The application protocol.
    pub alpn: Option<Buffer>,
    /// The name that the client has asked for.
    pub server_name: Option<String>,
    /// Whether a session was resumed.
    pub is_resumed: bool,
    /// Node's code for why the peer is not trusted, if it isn't.
    pub verdict: Option<String>,
    /// The newest session, for the option `session`, where there is one.
    pub session: Option<Buffer>,
    /// The group of the key exchange, if there was one.
    pub ephemeral_key: Option<EphemeralKey>,
    /// On a server: the signature algorithms that the client has in common with us, by OpenSSL's names.
    pub shared_sigalgs: Vec<String>,
    /// On a client: the OCSP response that the server has stapled to its certificate.
    pub ocsp_response: Option<Buffer>,
}

/// A certificate as `getPeerCertificate()` returns it.
#[napi(object)]
pub struct CertificateFields {
    /// The subject, on one line.
    pub subject: String,
    /// The issuer, on one line.
    pub issuer: String,
    /// The first date of its validity.
    pub valid_from: String,
    /// The last date of its validity.
    pub valid_to: String,
    /// Its SHA-1 fingerprint.
    pub fingerprint: String,
}

#[napi]
impl NativeEngine {
    /// Has a stream begin a handshake as a server after what was written; `onsecure` or an error follows. `flags` are a sum
    /// of `SERVER_*` and `TLS_LOGS_KEYS`. `received` are bytes that were received and not delivered. From the version
    /// `declines_from` on, by its number, `ondecline` hands back a ClientHello that rustls can't answer. Returns `false` if
    /// the stream can't have TLS.
    #[napi(catch_unwind)]
    pub fn secure_as_server(
        &self,
        id: u32,
        credentials: &NativeCredentials,
        flags: u32,
        received: Option<Buffer>,
        declines_from: Option<u32>,
    ) -> bool {
        let has = |flag| flags & flag != 0;
        let role = Role::Server {
            contexts: Arc::clone(&credentials.contexts),
            asks: match (has(SERVER_ASKS_ALWAYS), has(SERVER_ASKS_FOR_NAMES)) {
                (true, _) => Asks::Always,
                (_, true) => Asks::ForNames,
                _ => Asks::Never,
            },
            emits_sessions: has(SERVER_EMITS_SESSIONS),
            awaits_sessions: has(SERVER_AWAITS_SESSIONS),
            declines_from: declines_from.and_then(|version| u16::try_from(version).ok()),
        };
        self.core.with(|engine| engine.secure(id, request(role, credentials, flags, received)))
    }

    /// As `secureAsServer`, as a client. `flags` are a sum of `CLIENT_*` and `TLS_LOGS_KEYS`; `server_name` is the name of
    /// the server, and `session` what `onsession` has given.
    #[napi(catch_unwind)]
    pub fn secure_as_client(
        &self,
        id: u32,
        credentials: &NativeCredentials,
        flags: u32,
        server_name: Option<String>,
        received: Option<Buffer>,
        session: Option<Buffer>,
    ) -> bool {
        let has = |flag| flags & flag != 0;
        let resumption = if has(CLIENT_RESUMES_ITSELF) {
            Resumption::Implicit
        } else {
            Resumption::Explicit { session: session.map(Vec::from), keeps: has(CLIENT_EMITS_SESSIONS) }
        };
        self.core.with(|engine| {
            let address = engine.stream(id).and_then(|stream| stream.addresses().peer).map(|peer| peer.ip());
            let role = Role::Client { server_name, checks_name: has(CLIENT_CHECKS_NAME), address, resumption };
            engine.secure(id, request(role, credentials, flags, received))
        })
    }

    /// Continues a handshake after `onservername`, with these credentials or those that it has begun with.
    #[napi(catch_unwind)]
    pub fn answer_name(&self, id: u32, credentials: Option<&NativeCredentials>, answer: Option<NameAnswer>) {
        let sender = self.core.with(|engine| engine.stream(id)?.security().take_answer());
        let NameAnswer { alpn, refuses_alpn, ocsp_response, session, declines } = answer.unwrap_or_default();
        let answer = HelloAnswer {
            credentials: credentials.map(|credentials| credentials.current.get()),
            alpn: match (refuses_alpn, alpn) {
                (Some(true), _) => Some(AlpnAnswer::Refuse),
                (_, alpn) => alpn.map(|protocol| AlpnAnswer::Select(protocol.into())),
            },
            ocsp_response: ocsp_response.map(Vec::from),
            session: session.map(Vec::from),
            declines: declines.unwrap_or(false),
        };
        if let Some(sender) = sender {
            // The handshake may be over by now.
            let _ = sender.send(answer);
        }
    }

    /// Continues a handshake after `onnewsession`, with `awaitsNewSession`.
    #[napi(catch_unwind)]
    pub fn new_session_done(&self, id: u32) {
        let sender = self.core.with(|engine| engine.stream(id)?.security().take_kept());
        if let Some(sender) = sender {
            // The handshake may be over by now.
            let _ = sender.send(());
        }
    }

    /// What was negotiated with the peer of a secure stream.
    #[napi(catch_unwind)]
    pub fn agreement(&self, id: u32) -> Option<Agreement> {
        self.with_secure(id, |secure| {
            let negotiated = secure.session.connection().negotiated();
            let suite = negotiated.negotiated_cipher_suite().and_then(|suite| suites::suite_name(suite.suite()));
            Agreement {
                protocol: negotiated.protocol_version().map_or("unknown", suites::protocol_name).to_owned(),
                cipher: suite.map_or("(NONE)", |name| name.name).to_owned(),
                standard_cipher: suite.map_or("(NONE)", |name| name.standard_name).to_owned(),
                cipher_version: suite.map_or("unknown", |name| name.version).to_owned(),
                alpn: negotiated.alpn_protocol().map(|protocol| protocol.to_vec().into()),
                server_name: secure.facts.server_name.clone(),
                is_resumed: negotiated.handshake_kind() == Some(HandshakeKind::Resumed),
                verdict: secure.facts.verdict.as_ref().map(|verdict| verdict.code().to_owned()),
                ephemeral_key: negotiated.negotiated_key_exchange_group().and_then(|group| {
                    let GroupName { kind, name, bits } = group_name(group.name())?;
                    Some(EphemeralKey { r#type: kind.to_owned(), name: name.to_owned(), size: bits })
                }),
                shared_sigalgs: secure.facts.shared_schemes.iter().copied().map(signature_name).collect(),
                ocsp_response: secure.facts.stapled.clone().map(Buffer::from),
                session: secure
                    .session
                    .sessions()
                    .and_then(|sessions| Some(sessions.newest()?.as_bytes().to_vec().into())),
            }
        })
    }

    /// The certificate of a secure stream's peer, in DER.
    #[napi(catch_unwind)]
    pub fn peer_certificate(&self, id: u32) -> Option<Buffer> {
        self.with_secure(id, |secure| {
            Some(secure.session.connection().negotiated().peer_certificates()?.first()?.to_vec().into())
        })
        .flatten()
    }

    /// The certificates that a secure stream's peer has sent, in DER, its own first.
    #[napi(catch_unwind)]
    pub fn peer_chain(&self, id: u32) -> Vec<Buffer> {
        self.with_secure(id, |secure| {
            let chain = secure.session.connection().negotiated().peer_certificates().unwrap_or_default();
            chain.iter().map(|certificate| certificate.to_vec().into()).collect()
        })
        .unwrap_or_default()
    }

    /// Our own certificate on a secure stream, in DER.
    #[napi(catch_unwind)]
    pub fn own_certificate(&self, id: u32) -> Option<Buffer> {
        self.with_secure(id, |secure| Some(secure.facts.own.as_ref()?.cert.first()?.to_vec().into())).flatten()
    }

    /// Exports keying material of a secure stream (RFC 5705). `None` if the connection refuses.
    #[napi(catch_unwind)]
    pub fn export_keying_material(
        &self,
        id: u32,
        length: u32,
        label: Buffer,
        context: Option<Buffer>,
    ) -> Option<Buffer> {
        self.with_secure(id, |secure| {
            let connection = secure.session.connection();
            connection.export_keying_material(length as usize, &label, context.as_deref()).map(Buffer::from)
        })
        .flatten()
    }

    /// Puts no more than `size` bytes of plaintext into each record of a secure stream. Returns `false` if it can't.
    #[napi(catch_unwind)]
    pub fn set_max_send_fragment(&self, id: u32, size: u32) -> bool {
        self.with_secure(id, |secure| secure.session.set_max_send_fragment(size as usize)).unwrap_or(false)
    }

    fn with_secure<R>(&self, id: u32, ask: impl FnOnce(&mut Secure) -> R) -> Option<R> {
        self.core.with(|engine| engine.stream(id)?.security().known().map(ask))
    }
}

fn request(role: Role, credentials: &NativeCredentials, flags: u32, received: Option<Buffer>) -> HandshakeRequest {
    HandshakeRequest {
        role,
        credentials: credentials.current.get(),
        received: received.map(Vec::from).unwrap_or_default(),
        logs_keys: flags & TLS_LOGS_KEYS != 0,
    }
}

/// The names of the cipher suite with this number: OpenSSL's, the IANA's, and the version that it was first defined for.
#[napi(catch_unwind)]
pub fn cipher_names(suite: u16) -> Vec<&'static str> {
    suites::suite_name(suite.into())
        .map_or(vec!["(NONE)", "(NONE)", "unknown"], |name| vec![name.name, name.standard_name, name.version])
}

/// Formats a certificate's names, dates and fingerprint. `None` if it can't be read.
#[napi(catch_unwind)]
pub fn describe_certificate(der: Buffer) -> Option<CertificateFields> {
    let CertificateText { subject, issuer, valid_from, valid_to, fingerprint } = CertificateText::from_der(&der)?;
    Some(CertificateFields { subject, issuer, valid_from, valid_to, fingerprint })
}

/// Runs when the library is loaded: reads the initial environment before code can change it.
#[napi_derive::module_init]
fn load() {
    extra_file::path();
}
