//! Credentials for JavaScript. It only converts and calls.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use napi::bindgen_prelude::{Buffer, ClassInstance, Either, Function, Result};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use rustls::pki_types::CertificateDer;

use crate::tls::credentials::{Archive, Credentials, Current, Identity, KeyLogTarget, OptionError, Options, Staple};
use crate::tls::handshake::NamedCredentials;

/// A private key and its certificates.
#[napi(object)]
pub struct IdentityOption {
    /// PKCS#8, in DER.
    pub key: Buffer,
    /// PEM or DER.
    pub cert: Buffer,
}

/// A response of OCSP that a server staples to its certificate.
#[napi(object)]
pub struct StapleOption {
    /// In DER.
    pub bytes: Buffer,
    /// When it expires, in milliseconds of UNIX time.
    pub until: f64,
}

/// The contents of a PKCS#12 archive.
#[napi(object)]
pub struct ArchiveOption {
    /// PKCS#8, in DER.
    pub key: Buffer,
    /// In DER, in the order of the archive.
    pub certificates: Vec<Buffer>,
}

/// The options of `createCredentials`, checked for their types.
#[napi(object, object_to_js = false)]
pub struct CredentialOptions<'a> {
    /// Private keys and their certificates.
    pub identities: Vec<IdentityOption>,
    /// The contents of PKCS#12 archives.
    pub pfx: Vec<ArchiveOption>,
    /// Trusted certificates; the default list without it.
    pub ca: Option<Vec<Buffer>>,
    /// Revocation lists.
    pub crl: Vec<Buffer>,
    /// The oldest protocol version.
    pub min_version: Option<String>,
    /// The newest protocol version.
    pub max_version: Option<String>,
    /// Cipher suites.
    pub ciphers: Option<String>,
    /// Application protocols, in order of preference.
    pub alpn: Vec<Buffer>,
    /// Whether clients are asked for a certificate.
    pub request_cert: bool,
    /// Whether a client without a certificate fails the handshake, be any other trusted or not.
    pub require_cert: Option<bool>,
    /// Whether an untrusted peer fails the handshake.
    pub reject_unauthorized: bool,
    /// Whether servers' certificates are checked for their names; if not, the caller does it.
    pub checks_names: bool,
    /// Whether a server's order of preference prevails over its client's.
    pub prefers_own_order: bool,
    /// Groups for the key exchange, in OpenSSL's syntax.
    pub ecdh_curve: Option<String>,
    /// Signature algorithms, in OpenSSL's syntax.
    pub sigalgs: Option<String>,
    /// Separates sessions from those of servers with the same ticket keys.
    pub session_context: Option<Buffer>,
    /// How long a session can be resumed, in seconds.
    pub session_timeout: Option<u32>,
    /// Whether a server gives no tickets, and a client of TLS 1.2 takes none.
    pub no_tickets: Option<bool>,
    /// The keys of session tickets.
    pub ticket_keys: Option<Buffer>,
    /// Where the secrets of connections are logged: a file or a function.
    pub key_log: Option<Either<String, Function<'a, Buffer, ()>>>,
}

/// What is wrong with an option.
#[napi(object)]
pub struct OptionFailure {
    /// The option.
    pub field: String,
    /// Node's code.
    pub code: String,
    /// The reason, for people.
    pub reason: String,
}

/// Credentials, ready for handshakes.
#[napi]
pub struct NativeCredentials {
    pub(super) current: Arc<Current>,
    pub(super) contexts: Arc<NamedCredentials>,
}

#[napi]
impl NativeCredentials {
    /// Whether they have a key and a certificate.
    #[napi(getter, catch_unwind)]
    pub fn has_identity(&self) -> bool {
        self.current.get().server.is_some()
    }

    /// Whether one of the certificates that are trusted has a key of RSA that is too short for rustls.
    #[napi(getter, catch_unwind)]
    pub fn has_short_authorities(&self) -> bool {
        self.current.get().party.trust().has_short_keys()
    }

    /// Whether an untrusted peer fails the handshake.
    #[napi(getter, catch_unwind)]
    pub fn rejects_unauthorized(&self) -> bool {
        self.current.get().reject_unauthorized
    }

    /// When the first of the certificates expires, in milliseconds of UNIX time.
    #[napi(getter, catch_unwind)]
    pub fn expires(&self) -> Option<f64> {
        self.current.get().expires().map(|seconds| seconds as f64 * 1000.0)
    }

    /// The certificates of each key pair, in DER, its own first.
    #[napi(catch_unwind)]
    pub fn chains(&self) -> Vec<Vec<Buffer>> {
        let buffers = |chain: &[CertificateDer<'_>]| chain.iter().map(|der| Buffer::from(der.to_vec())).collect();
        self.current.get().party.key_pairs().chains().map(buffers).collect()
    }

    /// Handshakes staple these responses of OCSP to the certificates from now on, one to that of each key pair, each until
    /// it expires.
    #[napi(catch_unwind)]
    pub fn staple(&self, responses: Vec<Option<StapleOption>>) {
        let until = |ms: f64| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms as u64));
        let staple = |StapleOption { bytes, until: ms }| Some(Staple { response: bytes.into(), until: until(ms)? });
        let responses: Vec<_> = responses.into_iter().map(|response| response.and_then(staple)).collect();
        self.current.replace(Arc::new(self.current.get().stapling(&responses)));
    }

    /// Handshakes use what `other` has from now on, those as a context of others, too.
    #[napi(catch_unwind)]
    pub fn replace(&mut self, other: &NativeCredentials) {
        self.current.replace(other.current.get());
        self.contexts = Arc::clone(&other.contexts);
    }

    /// Sets other credentials for some of the names that clients ask for.
    #[napi(catch_unwind)]
    pub fn set_contexts(&mut self, names: Vec<String>, contexts: Vec<ClassInstance<'_, NativeCredentials>>) {
        let contexts = contexts.iter().map(|context| Arc::clone(&context.current));
        self.contexts = Arc::new(NamedCredentials::new(names.into_iter().zip(contexts)));
    }

    /// The keys of session tickets.
    #[napi(catch_unwind)]
    pub fn ticket_keys(&self) -> Buffer {
        self.current.get().ticket_keys().to_vec().into()
    }

    /// Replaces the keys of session tickets. Tickets under the previous keys remain valid.
    #[napi(catch_unwind)]
    pub fn set_ticket_keys(&self, keys: Buffer) -> Option<OptionFailure> {
        self.current.get().set_ticket_keys(&keys).err().map(failure)
    }
}

/// Reads options. Returns credentials, or what is wrong with an option. With `former`, they are to take the place of those.
#[napi(catch_unwind)]
pub fn create_credentials(
    options: CredentialOptions<'_>,
    former: Option<&NativeCredentials>,
) -> Result<Either<NativeCredentials, OptionFailure>> {
    let bytes = |buffers: Vec<Buffer>| buffers.into_iter().map(Vec::from).collect::<Vec<_>>();
    let key_log = options.key_log.map(key_log_target).transpose()?;
    let defaults = Options::default();
    let options = Options {
        identities: options
            .identities
            .into_iter()
            .map(|identity| Identity { key: identity.key.into(), cert: identity.cert.into() })
            .collect(),
        pfx: options
            .pfx
            .into_iter()
            .map(|archive| Archive { key: archive.key.into(), certificates: bytes(archive.certificates) })
            .collect(),
        ca: options.ca.map(bytes),
        crl: bytes(options.crl),
        min_version: options.min_version,
        max_version: options.max_version,
        ciphers: options.ciphers,
        alpn: bytes(options.alpn),
        request_cert: options.request_cert,
        require_cert: options.require_cert.unwrap_or(false),
        reject_unauthorized: options.reject_unauthorized,
        checks_names: options.checks_names,
        prefers_own_order: options.prefers_own_order,
        groups: options.ecdh_curve,
        signatures: options.sigalgs,
        session_context: options.session_context.map(Vec::from).unwrap_or_default(),
        session_timeout: options.session_timeout.unwrap_or(defaults.session_timeout),
        tickets: !options.no_tickets.unwrap_or(false),
        ticket_keys: options.ticket_keys.map(Vec::from),
        key_log,
    };
    let made = match former {
        Some(former) => Credentials::replacing(&options, &former.current.get()),
        None => Credentials::new(&options),
    };
    Ok(match made {
        Ok(credentials) => {
            Either::A(NativeCredentials { current: Arc::new(Current::new(credentials)), contexts: Arc::default() })
        }
        Err(error) => Either::B(failure(error)),
    })
}

fn failure(OptionError { field, code, reason }: OptionError) -> OptionFailure {
    OptionFailure { field: field.to_owned(), code: code.to_owned(), reason }
}

fn key_log_target(target: Either<String, Function<'_, Buffer, ()>>) -> Result<KeyLogTarget> {
    Ok(match target {
        Either::A(path) => KeyLogTarget::File(path.into()),
        Either::B(function) => {
            // Weak: it does not keep the process alive.
            let function = function.build_threadsafe_function::<Buffer>().weak::<true>().build()?;
            KeyLogTarget::Function(Arc::new(move |line| {
                function.call(line.into(), ThreadsafeFunctionCallMode::NonBlocking);
            }))
        }
    })
}
