//! TLS over a connection, as a client that trusts anybody: what is measured is the server. Never waits.
//!
//! Every handshake is a full one, unless sessions are kept to be resumed.

use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, HandshakeKind, NamedGroup, SignatureScheme,
};

/// Records are made of so much at once.
const MAX_SEAL: usize = 64 << 10;

static CONFIG: LazyLock<Result<Arc<ClientConfig>, Error>> = LazyLock::new(|| {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
});

/// What handshakes are done with. Clones share their sessions.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    /// The sessions that handshakes resume, if they are to.
    pub sessions: Option<Arc<Sessions>>,
}

impl Client {
    /// Each handshake is a full one.
    pub fn forgetful() -> io::Result<Self> {
        Ok(Self { config: CONFIG.clone().map_err(failed)?, sessions: None })
    }

    /// Each handshake resumes a session, as long as there is one.
    pub fn resuming() -> io::Result<Self> {
        let Self { config, .. } = Self::forgetful()?;
        let mut config = (*config).clone();
        let sessions = Arc::new(Sessions::default());
        config.resumption = Resumption::store(Arc::<Sessions>::clone(&sessions));
        Ok(Self { config: Arc::new(config), sessions: Some(sessions) })
    }

    /// Offers an application protocol from now on.
    pub fn offer(&mut self, protocol: &[u8]) {
        let mut config = (*self.config).clone();
        config.alpn_protocols = vec![protocol.to_vec()];
        self.config = Arc::new(config);
    }
}

/// Sessions of one server, of TLS 1.3. Each is used once; how many a server gives, and with which handshakes, is its own
/// affair: OpenSSL gives two with a full one, and none with one that has resumed a session.
#[derive(Debug, Default)]
pub struct Sessions {
    kept: Mutex<Vec<Tls13ClientSessionValue>>,
    is_saving: AtomicBool,
}

/// More are not kept.
const MAX_SESSIONS: usize = 8192;

impl Sessions {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is used up for now.
    pub fn save(&self, is_saving: bool) {
        self.is_saving.store(is_saving, Ordering::Relaxed);
    }

    /// Whether handshakes are full ones for now.
    pub fn is_saving(&self) -> bool {
        self.is_saving.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tls13ClientSessionValue>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, session: Tls13ClientSessionValue) {
        let mut kept = self.lock();
        if kept.len() < MAX_SESSIONS {
            kept.push(session);
        }
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        if self.is_saving() { None } else { self.lock().pop() }
    }
}

/// See the module. The transport is lent to every call.
pub struct Tls {
    connection: ClientConnection,
    /// Our end is due once all records have been sent.
    is_ending: bool,
    is_ended: bool,
}

impl Tls {
    /// A connection whose handshake has not begun.
    pub fn new(client: &Client) -> io::Result<Self> {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(&client.config), name).map_err(failed)?;
        Ok(Self { connection, is_ending: false, is_ended: false })
    }

    /// Whether the handshake has resumed a session.
    pub fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Goes on with the handshake. Says whether it is done.
    pub fn shake(&mut self, transport: &mut (impl Read + Write)) -> io::Result<bool> {
        while self.connection.is_handshaking() {
            self.flush(transport)?;
            match receive(&mut self.connection, transport)? {
                None => return Ok(false),
                Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(_) => {}
            }
        }
        self.flush(transport)?;
        Ok(true)
    }

    /// Reads all that is there, as far as it fits; `None` when there is nothing yet.
    pub fn read(&mut self, transport: &mut (impl Read + Write), buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.flush(transport)?;
        let mut filled = 0;
        while filled < buffer.len() {
            match self.connection.reader().fill_buf() {
                Ok([]) if filled == 0 => return Ok(Some(0)),
                Ok([]) => break,
                Ok(chunk) => {
                    let count = chunk.len().min(buffer.len() - filled);
                    buffer[filled..filled + count].copy_from_slice(&chunk[..count]);
                    self.connection.reader().consume(count);
                    filled += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if receive(&mut self.connection, transport)?.is_none() {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok((filled > 0).then_some(filled))
    }

    /// Writes from `bytes`; `None` when nothing is taken now.
    pub fn write(&mut self, transport: &mut (impl Read + Write), bytes: &[u8]) -> io::Result<Option<usize>> {
        if !self.flush(transport)? {
            return Ok(None);
        }
        let taken = self.connection.writer().write(&bytes[..bytes.len().min(MAX_SEAL)])?;
        self.flush(transport)?;
        Ok(Some(taken))
    }

    /// Ends the sending side once all has been sent, which later reads see to.
    pub fn end(&mut self, transport: &mut (impl Read + Write)) -> io::Result<()> {
        self.connection.send_close_notify();
        self.is_ending = true;
        self.flush(transport).map(|_| ())
    }

    /// Whether the sending side of the transport is to be ended now; said once.
    pub fn take_end(&mut self) -> bool {
        let is_due = self.is_ending && !self.is_ended && !self.connection.wants_write();
        self.is_ended |= is_due;
        is_due
    }

    /// Sends what waits. Says whether nothing waits any more.
    fn flush(&mut self, transport: &mut impl Write) -> io::Result<bool> {
        while self.connection.wants_write() {
            match self.connection.write_tls(transport) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Receives and opens records. `None` when there is nothing yet, 0 at the end.
fn receive(connection: &mut ClientConnection, transport: &mut impl Read) -> io::Result<Option<usize>> {
    match connection.read_tls(transport) {
        Ok(count) => {
            connection.process_new_packets().map_err(failed)?;
            Ok(Some(count))
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Any certificate will do, if the server has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
