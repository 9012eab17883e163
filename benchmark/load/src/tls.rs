//! TLS over a connection, as a client that trusts anybody: what is measured is the server. Never waits.
//!
//! Every handshake is a full one: sessions are not kept.

use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// Records are made of so much at once.
const SEAL_MOST: usize = 64 << 10;

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

/// See the module. The transport is lent to every call.
pub struct Tls {
    connection: ClientConnection,
    /// Our end is due once all records have been sent.
    is_ending: bool,
    is_ended: bool,
}

impl Tls {
    /// A connection whose handshake has not begun.
    pub fn new() -> io::Result<Self> {
        let config = CONFIG.clone().map_err(failed)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let connection = ClientConnection::new(config, name).map_err(failed)?;
        Ok(Self { connection, is_ending: false, is_ended: false })
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
        let taken = self.connection.writer().write(&bytes[..bytes.len().min(SEAL_MOST)])?;
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
