//! What JavaScript asks of an engine's streams about TLS. Conversions, and nothing else.

use std::sync::Arc;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use rustls::HandshakeKind;

use super::NativeEngine;
use super::credentials::NativeCredentials;
use crate::stream::Secure;
use crate::tls::error::TlsError;
use crate::tls::handshake::{HandshakeRequest, Role};
use crate::tls::session::PeerCertificate;
use crate::tls::suites;
use crate::tls::trust::extra_file;

/// How a stream is to be secured.
#[napi(object)]
pub struct SecureOptions {
    /// Answer, instead of speaking first.
    pub is_server: bool,
    /// What the peer is called.
    pub server_name: Option<String>,
    /// Whether the peer's certificate must have that name.
    pub checks_name: bool,
    /// `onasks` chooses the credentials by the name that the client asks for.
    pub asks: bool,
    /// What was received and not delivered.
    pub received: Option<Buffer>,
}

/// What was agreed with the peer, and what is thought of it.
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
    /// Whether a former session was resumed.
    pub is_resumed: bool,
    /// What speaks against the peer, in Node's codes.
    pub verdict: Option<String>,
}

/// What went wrong in TLS.
#[napi(object)]
pub struct TlsFailure {
    /// Node's code.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// The alert that the peer has sent.
    pub alert: Option<String>,
}

/// A certificate in the words of the contract.
#[napi(object)]
pub struct CertificateText {
    /// Whose it is, on one line.
    pub subject: String,
    /// Who has signed it, on one line.
    pub issuer: String,
    /// When it begins to be valid.
    pub valid_from: String,
    /// When it ceases to be valid.
    pub valid_to: String,
    /// Its SHA-1 fingerprint.
    pub fingerprint: String,
}

#[napi]
impl NativeEngine {
    /// Has a stream change over to TLS behind what was written; `onsecure` or a failure follows. `false` if it can't.
    #[napi(catch_unwind)]
    pub fn secure(&self, id: u32, credentials: &NativeCredentials, options: SecureOptions) -> bool {
        let SecureOptions { is_server, server_name, checks_name, asks, received } = options;
        self.core.with(|engine| {
            let role = if is_server {
                Role::Server { contexts: Arc::clone(&credentials.contexts), asks }
            } else {
                let address = engine.stream(id).and_then(|stream| stream.addresses().peer).map(|peer| peer.ip());
                Role::Client { server_name, checks_name, address }
            };
            let request = HandshakeRequest {
                role,
                credentials: Arc::clone(&credentials.inner),
                received: received.map(Vec::from).unwrap_or_default(),
            };
            engine.secure(id, request)
        })
    }

    /// The name that a client has asked for, after `onasks`.
    #[napi(catch_unwind)]
    pub fn asked_name(&self) -> Option<String> {
        self.core.asked_name.take()
    }

    /// Goes on with the handshake after `onasks`, with these credentials or those it has begun with.
    #[napi(catch_unwind)]
    pub fn answer_name(&self, id: u32, credentials: Option<&NativeCredentials>) {
        let answer = self.core.with(|engine| engine.stream(id)?.security().take_answer());
        if let Some(answer) = answer {
            // A handshake that is over by now needs no answer.
            let _ = answer.send(credentials.map(|credentials| Arc::clone(&credentials.inner)));
        }
    }

    /// What was agreed with the peer of a secure stream.
    #[napi(catch_unwind)]
    pub fn agreement(&self, id: u32) -> Option<Agreement> {
        self.with_secure(id, |secure| {
            let connection = secure.session.connection();
            let suite = connection.negotiated_cipher_suite().and_then(|suite| suites::suite_name(suite.suite()));
            Agreement {
                protocol: connection.protocol_version().map_or("unknown", suites::protocol_name).to_owned(),
                cipher: suite.map_or("(NONE)", |name| name.name).to_owned(),
                standard_cipher: suite.map_or("(NONE)", |name| name.standard_name).to_owned(),
                cipher_version: suite.map_or("unknown", |name| name.version).to_owned(),
                alpn: connection.alpn_protocol().map(|protocol| protocol.to_vec().into()),
                server_name: secure.server_name.clone(),
                is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
                verdict: secure.verdict.as_ref().map(|verdict| verdict.code().to_owned()),
            }
        })
    }

    /// The certificate of a secure stream's peer, in DER.
    #[napi(catch_unwind)]
    pub fn peer_certificate(&self, id: u32) -> Option<Buffer> {
        self.with_secure(id, |secure| Some(secure.session.connection().peer_certificates()?.first()?.to_vec().into()))
            .flatten()
    }

    /// The certificates that a secure stream's peer has sent, in DER, its own first.
    #[napi(catch_unwind)]
    pub fn peer_chain(&self, id: u32) -> Vec<Buffer> {
        self.with_secure(id, |secure| {
            let chain = secure.session.connection().peer_certificates().unwrap_or_default();
            chain.iter().map(|certificate| certificate.to_vec().into()).collect()
        })
        .unwrap_or_default()
    }

    /// Our own certificate on a secure stream, in DER.
    #[napi(catch_unwind)]
    pub fn own_certificate(&self, id: u32) -> Option<Buffer> {
        self.with_secure(id, |secure| Some(secure.own.as_ref()?.to_vec().into())).flatten()
    }

    /// Keying material of a secure stream (RFC 5705), if it can be had.
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
            let material = connection.export_keying_material(vec![0; length as usize], &label, context.as_deref());
            material.ok().map(Buffer::from)
        })
        .flatten()
    }

    /// Whether a secure stream's peer has ended without saying so.
    #[napi(catch_unwind)]
    pub fn is_truncated(&self, id: u32) -> bool {
        self.with_secure(id, |secure| secure.session.is_truncated()).unwrap_or(false)
    }

    /// What has failed, after `ontlsfail`.
    #[napi(catch_unwind)]
    pub fn tls_failure(&self) -> Option<TlsFailure> {
        let TlsError { code, message, alert } = *self.core.tls_failure.take()?;
        Some(TlsFailure { code, message, alert: alert.map(str::to_owned) })
    }

    fn with_secure<R>(&self, id: u32, ask: impl FnOnce(&mut Secure) -> R) -> Option<R> {
        self.core.with(|engine| engine.stream(id)?.security().known().map(ask))
    }
}

/// A certificate's names, dates and fingerprint, if it can be read.
#[napi(catch_unwind)]
pub fn describe_certificate(der: Buffer) -> Option<CertificateText> {
    let PeerCertificate { subject, issuer, valid_from, valid_to, fingerprint } = PeerCertificate::from_der(&der)?;
    Some(CertificateText { subject, issuer, valid_from, valid_to, fingerprint })
}

/// The library is being loaded: what the process was started with is noted before code can change it.
#[napi_derive::module_init]
fn load() {
    extra_file::path();
}
