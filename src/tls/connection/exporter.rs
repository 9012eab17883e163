//! Keying material for the application (RFC 5705; RFC 8446, 7.5). rustls exports it only where it keeps the buffers, too, but
//! shows the secret that it is made of to the key log.
//!
//! A key log belongs to the credentials, and so to many connections. So the secret is noted on the thread, for as long as
//! one connection processes what it has received.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use rustls::crypto::tls13::OkmBlock;
use rustls::{KeyLog, SupportedCipherSuite, Tls13CipherSuite};
use zeroize::Zeroizing;

/// What the key log calls the secret under TLS 1.3.
const EXPORTER_SECRET: &str = "EXPORTER_SECRET";

/// What it calls the master secret of TLS 1.2: it is named by the client's random number.
const MASTER_SECRET: &str = "CLIENT_RANDOM";

/// Two random numbers, of 32 bytes each.
const RANDOMS: usize = 64;

/// The longest label that has room beside its prefix under TLS 1.3.
const MAX_LABEL: usize = 255 - PREFIX.len();

const PREFIX: &[u8] = b"tls13 ";

/// No label begins with one of these under TLS 1.2: the protocol itself makes its secrets of them (RFC 5705, 4).
const RESERVED: [&[u8]; 5] =
    [b"client finished", b"server finished", b"master secret", b"extended master secret", b"key expansion"];

thread_local!(static NOTED: RefCell<Option<Exporter>> = const { RefCell::new(None) });

/// What keying material is made of.
pub struct Exporter {
    secret: Zeroizing<Vec<u8>>,
    /// Of the client and of the server, under TLS 1.2.
    randoms: Vec<u8>,
}

/// Runs `process`, and returns what the key log was shown meanwhile.
pub fn noted_during<T>(process: impl FnOnce() -> T) -> (T, Option<Exporter>) {
    NOTED.take();
    let outcome = process();
    (outcome, NOTED.take())
}

impl Exporter {
    /// The server's random number, which belongs after the client's.
    pub fn note_server_random(&mut self, random: &[u8; RANDOMS / 2]) {
        self.randoms.extend_from_slice(random);
    }

    /// Exports `length` bytes for `label` and `context` on a connection with `suite`. `None` if there is not so much.
    pub fn export(
        &self,
        suite: SupportedCipherSuite,
        length: usize,
        label: &[u8],
        context: Option<&[u8]>,
    ) -> Option<Vec<u8>> {
        let most = match suite {
            SupportedCipherSuite::Tls13(_) => usize::from(u16::MAX),
            SupportedCipherSuite::Tls12(_) => usize::MAX,
        };
        if length == 0 || length > most {
            return None;
        }
        let mut output = vec![0; length];
        match suite {
            SupportedCipherSuite::Tls13(suite) => {
                let empty = suite.common.hash_provider.hash(&[]);
                let context = suite.common.hash_provider.hash(context.unwrap_or_default());
                let mut secret = Zeroizing::new(vec![0; self.secret.len()]);
                expand(suite, &self.secret, label, empty.as_ref(), &mut secret)?;
                expand(suite, &secret, b"exporter", context.as_ref(), &mut output)?;
            }
            SupportedCipherSuite::Tls12(suite) => {
                if self.randoms.len() != RANDOMS || RESERVED.iter().any(|reserved| label.starts_with(reserved)) {
                    return None;
                }
                let mut seed = self.randoms.clone();
                if let Some(context) = context {
                    seed.extend(u16::try_from(context.len()).ok()?.to_be_bytes());
                    seed.extend_from_slice(context);
                }
                suite.prf_provider.for_secret(&mut output, &self.secret, label, &seed);
            }
        }
        Some(output)
    }
}

/// HKDF-Expand-Label (RFC 8446, 7.1).
fn expand(suite: &Tls13CipherSuite, secret: &[u8], label: &[u8], context: &[u8], output: &mut [u8]) -> Option<()> {
    if label.len() > MAX_LABEL {
        return None;
    }
    let length = u16::try_from(output.len()).ok()?.to_be_bytes();
    let name_length = [u8::try_from(PREFIX.len() + label.len()).ok()?];
    let context_length = [u8::try_from(context.len()).ok()?];
    let info = [&length[..], &name_length, PREFIX, label, &context_length, context];
    suite.hkdf_provider.expander_for_okm(&OkmBlock::new(secret)).expand_slice(&info, output).ok()
}

/// The key log of credentials: it notes what keying material is made of, and passes all on to `other`, if there is one.
pub fn noting(other: Option<Arc<dyn KeyLog>>) -> Arc<dyn KeyLog> {
    Arc::new(Noting(other))
}

struct Noting(Option<Arc<dyn KeyLog>>);

impl KeyLog for Noting {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let randoms = match label {
            EXPORTER_SECRET => Some(Vec::new()),
            MASTER_SECRET => Some(client_random.to_vec()),
            _ => None,
        };
        if let Some(randoms) = randoms {
            NOTED.set(Some(Exporter { secret: Zeroizing::new(secret.to_vec()), randoms }));
        }
        if let Some(other) = self.0.as_ref().filter(|other| other.will_log(label)) {
            other.log(label, client_random, secret);
        }
    }

    fn will_log(&self, label: &str) -> bool {
        label == EXPORTER_SECRET || label == MASTER_SECRET || self.0.as_ref().is_some_and(|other| other.will_log(label))
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noting")
    }
}
