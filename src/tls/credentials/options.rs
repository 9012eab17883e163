//! The options of `createCredentials` (D19) as plain data, and what can be wrong with them.
//!
//! The binding fills them in, [`Credentials::new`](super::credentials::Credentials::new) reads them, and nobody keeps
//! them.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// How long a session can be resumed, in seconds; as in Node.
pub const DEFAULT_SESSION_TIMEOUT: u32 = 300;

/// The options, as plain data.
#[derive(Clone)]
pub struct Options {
    /// Keys and certificates; the first that the peer can check is shown to it.
    pub identities: Vec<Identity>,
    /// What PKCS#12 archives hold.
    pub pfx: Vec<Archive>,
    /// Whom to trust: bundles in PEM, or single certificates in DER. `None` is the default list.
    pub ca: Option<Vec<Vec<u8>>>,
    /// Revocation lists, in PEM or DER. With any, every certificate of a chain needs the list of its issuer.
    pub crl: Vec<Vec<u8>>,
    /// The oldest protocol: `TLSv1.2` (the default; older ones mean this) or `TLSv1.3`.
    pub min_version: Option<String>,
    /// The newest protocol: `TLSv1.2` or `TLSv1.3` (the default).
    pub max_version: Option<String>,
    /// The cipher suites, in OpenSSL's language. `None` is all.
    pub ciphers: Option<String>,
    /// The protocols of ALPN, the preferred first.
    pub alpn: Vec<Vec<u8>>,
    /// Does a server ask for a certificate? It does in any case if there is `ca`.
    pub request_cert: bool,
    /// Does a peer that is not trusted end the handshake?
    pub reject_unauthorized: bool,
    /// Are certificates of servers checked for their names? If not, the caller does it.
    pub checks_names: bool,
    /// Does a server's order of preference go before its client's?
    pub prefers_own_order: bool,
    /// Groups for the key exchange, in OpenSSL's language. `None` is all.
    pub groups: Option<String>,
    /// Signature algorithms for both sides, in OpenSSL's language. `None` is all.
    pub signatures: Option<String>,
    /// Sessions are kept apart from those of other contexts with the same ticket keys.
    pub session_context: Vec<u8>,
    /// How long a session can be resumed, in seconds. 0 is not at all.
    pub session_timeout: u32,
    /// The keys of session tickets, 48 bytes. `None` is keys of our own.
    pub ticket_keys: Option<Vec<u8>>,
    /// Where the secrets of connections are logged.
    pub key_log: Option<KeyLogTarget>,
}

/// A private key and the certificates that belong to it.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The key in DER: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: Vec<u8>,
    /// The certificates in PEM, that of the key first; or that of the key alone in DER.
    pub cert: Vec<u8>,
}

/// An archive, opened: a key, and certificates in their order, all in DER.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// PKCS#8.
    pub key: Vec<u8>,
    /// That of the key among them.
    pub certificates: Vec<Vec<u8>>,
}

/// Where the secrets of connections are logged, a line at a time.
#[derive(Clone)]
pub enum KeyLogTarget {
    /// To a file.
    File(PathBuf),
    /// To a function, which is called on the threads that handshakes run on, and must not wait.
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
            reject_unauthorized: false,
            checks_names: true,
            prefers_own_order: true,
            groups: None,
            signatures: None,
            session_context: Vec::new(),
            session_timeout: DEFAULT_SESSION_TIMEOUT,
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
    /// One line for people.
    pub reason: String,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for OptionError {}
