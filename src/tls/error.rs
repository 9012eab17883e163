//! Errors of TLS as in Node: an error of rustls has the `code` that Node would derive from OpenSSL's reason (`no shared
//! cipher` is `ERR_SSL_NO_SHARED_CIPHER`).
//!
//! Pure. Errors are made where a handshake or a record fails, and converted to JavaScript once. If OpenSSL has no
//! counterpart, the reason is one of its general ones. rustls' message follows it.

use std::fmt;

use rustix::io::Errno;
use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, PeerMisbehaved};

use super::trust::Verdict;

/// An error of TLS with the properties that it has in JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    /// Node's code, such as `ERR_SSL_WRONG_VERSION_NUMBER`.
    pub code: String,
    /// The message, for people.
    pub message: String,
    /// OpenSSL's name of the alert, if the peer has sent one.
    pub alert: Option<&'static str>,
}

/// Why a handshake or a session has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionError {
    /// A system call on the socket has failed.
    Socket(Errno),
    /// TLS has failed.
    Tls(Box<TlsError>),
}

impl From<TlsError> for ConnectionError {
    fn from(error: TlsError) -> Self {
        Self::Tls(Box::new(error))
    }
}

impl TlsError {
    /// A message of the protocol itself exceeds the maximum.
    pub fn message_too_long() -> Self {
        Self::of_reason("excessive message size")
    }

    /// The handshake has panicked.
    pub fn internal() -> Self {
        Self::new(
            "ERR_RUST_NET_INTERNAL",
            "rust-net has failed internally. This is a bug in rust-net, please report it.",
        )
    }

    /// The connection has ended during the handshake; Node's code and message.
    pub fn disconnected() -> Self {
        Self::new("ECONNRESET", "Client network socket disconnected before secure TLS connection was established")
    }

    /// The peer does not speak TLS. Its `first` bytes tell HTTP from other protocols.
    pub fn not_tls(first: &[u8]) -> Self {
        Self::of_reason(plaintext_reason(first))
    }

    /// A client and we have no signature algorithm in common.
    pub fn no_shared_signatures() -> Self {
        Self::of_reason("no shared signature algorithms")
    }

    fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), alert: None }
    }

    /// An error with the code that Node derives from OpenSSL's reason.
    fn of_reason(reason: &str) -> Self {
        Self::new(format!("ERR_SSL_{}", reason.to_uppercase().replace(' ', "_")), reason)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TlsError {}

impl From<&Error> for TlsError {
    fn from(error: &Error) -> Self {
        if let Some(verdict) = Verdict::from_rustls(error) {
            return Self::from(&verdict);
        }
        if let Error::AlertReceived(alert) = error {
            return match alert_name(*alert) {
                Some(name) => Self { alert: Some(name), ..Self::of_reason(name) },
                None => Self::of_reason("unknown alert type"),
            };
        }
        let reason = reason(error);
        let detail = error.to_string();
        Self { message: format!("{reason} ({detail})"), ..Self::of_reason(reason) }
    }
}

impl From<&Verdict> for TlsError {
    fn from(verdict: &Verdict) -> Self {
        let code = if *verdict == Verdict::NoCertificate {
            "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"
        } else {
            verdict.code()
        };
        Self::new(code, verdict.message())
    }
}

/// OpenSSL's reason for an error of rustls.
fn reason(error: &Error) -> &'static str {
    match error {
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => "unexpected message",
        Error::InvalidMessage(invalid) => invalid_message_reason(invalid),
        Error::DecryptError => "decryption failed or bad record mac",
        Error::PeerIncompatible(incompatible) => incompatible_reason(incompatible),
        Error::PeerMisbehaved(misbehaviour) => misbehaviour_reason(misbehaviour),
        Error::PeerSentOversizedRecord => "packet length too long",
        Error::NoApplicationProtocol => "no application protocol",
        Error::InvalidCertificate(CertificateError::BadSignature) => "bad signature",
        // rustls has no error for a client of TLS 1.2 that can check no signature of the key.
        Error::General(_) if is_unsuited_key(error) => "no suitable signature algorithm",
        Error::InvalidCertificate(_) | Error::InvalidCertRevocationList(_) => "certificate verify failed",
        _ => "internal error",
    }
}

/// Whether our key can sign nothing that the client could check, under TLS 1.2.
pub fn is_unsuited_key(error: &Error) -> bool {
    matches!(error, Error::General(text) if text == "incompatible signing key")
}

fn misbehaviour_reason(misbehaviour: &PeerMisbehaved) -> &'static str {
    match misbehaviour {
        PeerMisbehaved::TooManyKeyUpdateRequests => "too many key updates",
        PeerMisbehaved::TooManyWarningAlertsReceived => "too many warn alerts",
        PeerMisbehaved::TooManyEmptyFragments => "record too small",
        PeerMisbehaved::KeyEpochWithPendingFragment => "not on record boundary",
        _ => "bad extension",
    }
}

fn invalid_message_reason(invalid: &InvalidMessage) -> &'static str {
    match invalid {
        // In the header of a record: the peer does not speak TLS.
        InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion => "wrong version number",
        InvalidMessage::MessageTooLarge
        | InvalidMessage::HandshakePayloadTooLarge
        | InvalidMessage::CertificatePayloadTooLarge => "packet length too long",
        InvalidMessage::MessageTooShort | InvalidMessage::MissingData(_) => "length too short",
        InvalidMessage::InvalidCcs | InvalidMessage::UnexpectedMessage(_) => "unexpected message",
        InvalidMessage::NoSignatureSchemes => "no shared signature algorithms",
        InvalidMessage::UnsupportedCompression => "unsupported compression algorithm",
        InvalidMessage::UnsupportedCurveType | InvalidMessage::UnsupportedKeyExchangeAlgorithm(_) => "wrong curve",
        InvalidMessage::DuplicateExtension(_) => "bad extension",
        _ => "length mismatch",
    }
}

fn incompatible_reason(incompatible: &PeerIncompatible) -> &'static str {
    match incompatible {
        PeerIncompatible::NoCipherSuitesInCommon => "no shared cipher",
        PeerIncompatible::NoKxGroupsInCommon | PeerIncompatible::KeyShareExtensionRequired => "no suitable key share",
        PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => "no suitable signature algorithm",
        // TLS 1.2 introduced the extension: a client without it supports TLS 1.1 at most.
        PeerIncompatible::SignatureAlgorithmsExtensionRequired
        | PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::SupportedVersionsExtensionRequired
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => "unsupported protocol",
        PeerIncompatible::NullCompressionRequired => "unsupported compression algorithm",
        PeerIncompatible::EcPointsExtensionRequired
        | PeerIncompatible::NoEcPointFormatsInCommon
        | PeerIncompatible::UncompressedEcPointsRequired => "tls invalid ecpointformat list",
        PeerIncompatible::ExtendedMasterSecretExtensionRequired => "inconsistent extms",
        _ => "bad extension",
    }
}

/// The name of a received alert in OpenSSL 3.0, and so in Node.
fn alert_name(alert: AlertDescription) -> Option<&'static str> {
    Some(match alert {
        AlertDescription::UnexpectedMessage => "sslv3 alert unexpected message",
        AlertDescription::BadRecordMac => "sslv3 alert bad record mac",
        AlertDescription::DecryptionFailed => "tlsv1 alert decryption failed",
        AlertDescription::RecordOverflow => "tlsv1 alert record overflow",
        AlertDescription::DecompressionFailure => "sslv3 alert decompression failure",
        AlertDescription::HandshakeFailure => "sslv3 alert handshake failure",
        AlertDescription::NoCertificate => "sslv3 alert no certificate",
        AlertDescription::BadCertificate => "sslv3 alert bad certificate",
        AlertDescription::UnsupportedCertificate => "sslv3 alert unsupported certificate",
        AlertDescription::CertificateRevoked => "sslv3 alert certificate revoked",
        AlertDescription::CertificateExpired => "sslv3 alert certificate expired",
        AlertDescription::CertificateUnknown => "sslv3 alert certificate unknown",
        AlertDescription::IllegalParameter => "sslv3 alert illegal parameter",
        AlertDescription::UnknownCA => "tlsv1 alert unknown ca",
        AlertDescription::AccessDenied => "tlsv1 alert access denied",
        AlertDescription::DecodeError => "tlsv1 alert decode error",
        AlertDescription::DecryptError => "tlsv1 alert decrypt error",
        AlertDescription::ExportRestriction => "tlsv1 alert export restriction",
        AlertDescription::ProtocolVersion => "tlsv1 alert protocol version",
        AlertDescription::InsufficientSecurity => "tlsv1 alert insufficient security",
        AlertDescription::InternalError => "tlsv1 alert internal error",
        AlertDescription::InappropriateFallback => "tlsv1 alert inappropriate fallback",
        AlertDescription::UserCanceled => "tlsv1 alert user cancelled",
        AlertDescription::NoRenegotiation => "tlsv1 alert no renegotiation",
        AlertDescription::MissingExtension => "tlsv13 alert missing extension",
        AlertDescription::UnsupportedExtension => "tlsv1 unsupported extension",
        AlertDescription::CertificateUnobtainable => "tlsv1 certificate unobtainable",
        AlertDescription::UnrecognisedName => "tlsv1 unrecognized name",
        AlertDescription::BadCertificateStatusResponse => "tlsv1 bad certificate status response",
        AlertDescription::BadCertificateHashValue => "tlsv1 bad certificate hash value",
        AlertDescription::UnknownPSKIdentity => "tlsv1 alert unknown psk identity",
        AlertDescription::CertificateRequired => "tlsv13 alert certificate required",
        AlertDescription::NoApplicationProtocol => "tlsv1 alert no application protocol",
        _ => return None,
    })
}

/// Whether a connection that begins with `first` is TLS: its first record is a handshake.
pub fn looks_like_tls(first: &[u8]) -> bool {
    matches!(first, [22, 3, ..] | [22] | [])
}

/// Whether a connection that begins with `first` is unencrypted HTTP, by OpenSSL's rules.
pub fn looks_like_http(first: &[u8]) -> bool {
    plaintext_reason(first) == "http request"
}

fn plaintext_reason(first: &[u8]) -> &'static str {
    let starts = |words: &[&str]| words.iter().any(|word| first.starts_with(word.as_bytes()));
    if starts(&["GET ", "POST ", "HEAD ", "PUT "]) {
        "http request"
    } else if starts(&["CONNE"]) {
        "https proxy request"
    } else {
        "wrong version number"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::credentials::Credentials;
    use crate::tls::credentials::Options;
    use crate::tls::fixtures::{Certificate, handshake, params};

    fn code(error: Error) -> String {
        TlsError::from(&error).code
    }

    #[test]
    fn codes_are_those_of_node() {
        use PeerIncompatible::*;
        for (error, expected) in [
            (Error::PeerIncompatible(NoCipherSuitesInCommon), "ERR_SSL_NO_SHARED_CIPHER"),
            (Error::PeerIncompatible(NoKxGroupsInCommon), "ERR_SSL_NO_SUITABLE_KEY_SHARE"),
            (Error::PeerIncompatible(NoSignatureSchemesInCommon), "ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM"),
            (Error::PeerIncompatible(SignatureAlgorithmsExtensionRequired), "ERR_SSL_UNSUPPORTED_PROTOCOL"),
            (Error::PeerIncompatible(Tls12NotOfferedOrEnabled), "ERR_SSL_UNSUPPORTED_PROTOCOL"),
            (Error::PeerIncompatible(ServerDoesNotSupportTls12Or13), "ERR_SSL_UNSUPPORTED_PROTOCOL"),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), "ERR_SSL_WRONG_VERSION_NUMBER"),
            (Error::InvalidMessage(InvalidMessage::MessageTooLarge), "ERR_SSL_PACKET_LENGTH_TOO_LONG"),
            (Error::DecryptError, "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
            (Error::NoApplicationProtocol, "ERR_SSL_NO_APPLICATION_PROTOCOL"),
            (Error::NoCertificatesPresented, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE"),
            (Error::InvalidCertificate(CertificateError::BadSignature), "ERR_SSL_BAD_SIGNATURE"),
        ] {
            assert_eq!(code(error.clone()), expected, "{error:?}");
        }
    }

    #[test]
    fn a_received_alert_is_named_and_a_local_failure_names_none() {
        let received = TlsError::from(&Error::AlertReceived(AlertDescription::UnknownCA));
        assert_eq!(received.code, "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA");
        assert_eq!(received.alert, Some("tlsv1 alert unknown ca"));
        assert_eq!(
            code(Error::AlertReceived(AlertDescription::HandshakeFailure)),
            "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"
        );
        assert_eq!(
            code(Error::AlertReceived(AlertDescription::CertificateRequired)),
            "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"
        );
        assert_eq!(TlsError::from(&Error::DecryptError).alert, None);
        assert_eq!(code(Error::AlertReceived(AlertDescription::Unknown(200))), "ERR_SSL_UNKNOWN_ALERT_TYPE");
    }

    #[test]
    fn a_verdict_keeps_its_own_code() {
        let error = Verdict::Expired.to_rustls();
        let described = TlsError::from(&error);
        assert_eq!(
            (described.code.as_str(), described.message.as_str()),
            ("CERT_HAS_EXPIRED", "certificate has expired")
        );
    }

    #[test]
    fn http_is_distinguished_from_other_protocols() {
        assert!(looks_like_http(b"GET / HTTP/1.1\r\n") && looks_like_http(b"PUT /a"));
        assert!(!looks_like_http(b"DELETE / HTTP/1.1") && !looks_like_http(b"\x16\x03\x01") && !looks_like_http(b"GE"));
        assert_eq!(TlsError::not_tls(b"POST / HTTP/1.1").code, "ERR_SSL_HTTP_REQUEST");
        assert_eq!(TlsError::not_tls(b"CONNECT a").code, "ERR_SSL_HTTPS_PROXY_REQUEST");
        assert_eq!(TlsError::not_tls(b"EHLO me").code, "ERR_SSL_WRONG_VERSION_NUMBER");
    }

    /// The codes are those of `node:tls` 20 on both sides of the same handshake.
    #[test]
    fn failed_handshakes_have_the_codes_of_node_on_both_sides() {
        let own = Certificate::self_signed(params("localhost"));
        let base = || Options { ca: Some(vec![]), ..Options::default() };
        let ciphers = |list: &str| Options { ciphers: Some(list.into()), ..base() };
        let max = |version: &str, options: Options| Options { max_version: Some(version.into()), ..options };
        let min = |version: &str, options: Options| Options { min_version: Some(version.into()), ..options };
        let alpn = |name: &str| Options { alpn: vec![name.into()], ..base() };
        let strict = || Options { reject_unauthorized: true, ..base() };
        let (tls12, tls13) = ("TLSv1.2", "TLSv1.3");
        let (ecdsa128, ecdsa256) = ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384");
        let (aes128, aes256) = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
        let failure = "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE";
        let version = "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION";
        for (server, client, at_server, at_client) in [
            (max(tls12, ciphers(ecdsa128)), max(tls12, ciphers(ecdsa256)), "ERR_SSL_NO_SHARED_CIPHER", failure),
            (ciphers(aes128), ciphers(aes256), "ERR_SSL_NO_SHARED_CIPHER", failure),
            (min(tls13, base()), max(tls12, base()), "ERR_SSL_UNSUPPORTED_PROTOCOL", version),
            (max(tls12, base()), min(tls13, base()), "ERR_SSL_UNSUPPORTED_PROTOCOL", version),
            (alpn("a"), alpn("b"), "ERR_SSL_NO_APPLICATION_PROTOCOL", "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL"),
            (
                strict(),
                base(),
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
                "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
            ),
            // Under TLS 1.2 Node sends `handshake_failure`, rustls the same as under 1.3.
            (
                max(tls12, strict()),
                base(),
                "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
                "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
            ),
        ] {
            let server = Credentials::new(&Options { identities: vec![own.identity()], ..server }).unwrap();
            let outcome = handshake(&Credentials::new(&client).unwrap(), &server, "localhost");
            let codes = (code(outcome.server_error.unwrap()), code(outcome.client_error.unwrap()));
            assert_eq!(codes, (at_server.into(), at_client.into()));
        }
    }

    /// Likewise, for a server that receives something other than a ClientHello.
    #[test]
    fn what_is_not_a_handshake_has_the_codes_of_node() {
        let own = Certificate::self_signed(params("localhost"));
        let options = Options { identities: vec![own.identity()], ..Options::default() };
        let config = Credentials::new(&options).unwrap().server.unwrap();
        for (bytes, expected) in [
            (&b"hello world, what is this?"[..], "ERR_SSL_WRONG_VERSION_NUMBER"),
            (&[0; 60], "ERR_SSL_WRONG_VERSION_NUMBER"),
            (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff", "ERR_SSL_LENGTH_TOO_SHORT"),
            (b"\x17\x03\x03\x00\x05\xaa\xaa\xaa\xaa\xaa", "ERR_SSL_UNEXPECTED_MESSAGE"),
            (b"\x16\x03\x01\x70\x00\x5a\xaa\xaa\xaa\xaa", "ERR_SSL_PACKET_LENGTH_TOO_LONG"),
        ] {
            let mut server = rustls::ServerConnection::new(std::sync::Arc::clone(&config)).unwrap();
            server.read_tls(&mut &*bytes).unwrap();
            assert_eq!(code(server.process_new_packets().unwrap_err()), expected, "{bytes:?}");
        }
    }
}
