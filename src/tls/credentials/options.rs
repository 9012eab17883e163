//! The options of `createCredentials` (D19) as plain data, and what can be wrong with them.
//!
//! The binding makes them, [`Credentials::new`](super::Credentials::new) reads them, and nothing keeps them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How long a session can be resumed, in seconds; as in Node.
pub const DEFAULT_SESSION_TIMEOUT: u32 = 300;

/// The options, as plain data.
#[derive(Clone)]
pub struct Options {
    /// Keys with certificates; the first that suits the peer is used.
    pub identities: Vec<Identity>,
    /// PKCS#12 archives, opened.
    pub pfx: Vec<Archive>,
    /// Trusted certificates: bundles in PEM, or single certificates in DER. `None` is the default list.
    pub ca: Option<Vec<Vec<u8>>>,
    /// Revocation lists, in PEM or DER. With any, the issuer of every certificate of a chain needs one.
    pub crl: Vec<Vec<u8>>,
    /// The oldest protocol version: `TLSv1.2` (the default; older ones mean this) or `TLSv1.3`.
    pub min_version: Option<String>,
    /// The newest protocol version: `TLSv1.2` or `TLSv1.3` (the default).
    pub max_version: Option<String>,
    /// The cipher suites, in OpenSSL's syntax. `None` is all.
    pub ciphers: Option<String>,
    /// The protocols of ALPN, in order of preference.
    pub alpn: Vec<Vec<u8>>,
    /// Whether a server requests a certificate. With `ca`, `require_cert` or
    /// `reject_unauthorized` it always does.
    pub request_cert: bool,
    /// Whether a client without a certificate fails the handshake, be any other trusted or not.
    pub require_cert: bool,
    /// Whether an untrusted peer fails the handshake.
    pub reject_unauthorized: bool,
    /// Whether servers' certificates are checked for their names. If not, the caller does it.
    pub checks_names: bool,
    /// Whether a server's order of preference prevails over its client's.
    pub prefers_own_order: bool,
    /// Groups for the key exchange, in OpenSSL's syntax. `None` is all.
    pub groups: Option<String>,
    /// Signature algorithms for both sides, in OpenSSL's syntax. `None` is all.
    pub signatures: Option<String>,
    /// Separates sessions from those of servers with the same ticket keys.
    pub session_context: Vec<u8>,
    /// How long a session can be resumed, in seconds. 0 disables resumption.
    pub session_timeout: u32,
    /// Whether a server gives tickets, and a client of TLS 1.2 takes them.
    pub tickets: bool,
    /// The keys of session tickets, 48 bytes. `None` generates them.
    pub ticket_keys: Option<Vec<u8>>,
    /// Where the secrets of connections are logged.
    pub key_log: Option<KeyLogTarget>,
}

/// A private key and its certificates.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The key in DER: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: Vec<u8>,
    /// The chain in PEM, the certificate of the key first; or that certificate alone in DER.
    pub cert: Vec<u8>,
}

/// An opened archive: a key, and certificates in their order, all in DER.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// PKCS#8.
    pub key: Vec<u8>,
    /// X.509. One of them is for the key.
    pub certificates: Vec<Vec<u8>>,
}

/// Where the secrets of connections are logged, a line at a time.
#[derive(Clone)]
pub enum KeyLogTarget {
    /// To a file.
    File(PathBuf),
    /// To a function, which is called on any thread and must not block.
    Function(Arc<dyn Fn(Vec<u8>) + Send + Sync>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            identities: Vec::new(),
            pfx: Vec::new(),
            ca: None,
            crl: Vec::new(),
            min_version: None,
            max_version: None,
            ciphers: None,
            alpn: Vec::new(),
            request_cert: false,
            require_cert: false,
            reject_unauthorized: false,
            checks_names: true,
            prefers_own_order: true,
            groups: None,
            signatures: None,
            session_context: Vec::new(),
            session_timeout: DEFAULT_SESSION_TIMEOUT,
            tickets: true,
            ticket_keys: None,
            key_log: None,
        }
    }
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionError {
    /// The option, as JavaScript names it.
    pub field: &'static str,
    /// Node's code, where it has one.
    pub code: &'static str,
    /// The reason, for people.
    pub reason: String,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for OptionError {}
