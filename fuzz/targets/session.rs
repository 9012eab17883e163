//! A session over records at any split and into any space, against rustls with buffers of its own, read in the plainest way.
//!
//! Two connections of the same secrets receive the same bytes, which a third has made and the input has damaged: ours is a
//! session over a socket, its twin is fed from memory. Both must give the same plaintext and come to the same end; what
//! the session sends must arrive at the third. That two connections have the same secrets takes a provider without
//! randomness.

use std::io::{BufRead, Read as _, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, Error, NamedGroup, ServerConfig,
    ServerConnection, SignatureScheme, SupportedProtocolVersion, version,
};

use super::input::Input;
use crate::socket::Kind;
use crate::socket::io::Read;
use crate::tls::connection::Connection as Ours;
use crate::tls::error::{ConnectionError, TlsError};
use crate::tls::provider;
use crate::tls::sealed::Sealed;
use crate::tls::session::{Received, Session};

/// So much is made of an input, in each direction.
const MOST: usize = 96 << 10;

/// With so much space, records are received where their plaintext is to be.
const IN_PLACE: usize = 40 << 10;

/// How receiving has ended.
#[derive(Debug, PartialEq)]
enum End {
    /// By a close_notify.
    Closed,
    /// By the end of the socket.
    Truncated,
    Failed(TlsError),
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let flags = input.byte();
    let version = if flags & 1 == 0 { &version::TLS13 } else { &version::TLS12 };
    let (ours, twin, mut peer) = connections(version, flags & 2 == 0);
    let records = records(&mut input, &mut peer, flags & 1 == 0);

    let (expected, end) = twin_receives(twin, &records);
    let mut play = Play::new(ours, records, &mut input, flags & 4 == 0);
    let found = play.receive(&mut input, if flags & 8 == 0 { 1 } else { IN_PLACE });
    assert_eq!(play.plaintext.len(), expected.len(), "{found:?} {end:?}");
    assert!(play.plaintext == expected, "other bytes than those that were sent");
    assert_eq!(found, end);
    play.finish(&mut peer, &found);
}

/// What the peer sends: what the input has it do, and what the input does to that.
fn records(input: &mut Input<'_>, peer: &mut Connection, is_tls13: bool) -> Vec<u8> {
    let mut records = Vec::new();
    drain(peer, &mut records);
    let mut last = 0..records.len();
    let mut next = 0u8;
    for _ in 0..input.byte() % 16 {
        let before = records.len();
        match input.byte() % 10 {
            0..=2 => {
                let plain = counting(&mut next, input.size());
                let _ = peer.writer().write_all(&plain);
            }
            3 => {
                for _ in 0..=input.byte() % 40 {
                    let _ = peer.writer().write_all(&counting(&mut next, 1));
                }
            }
            4 if is_tls13 => drop(peer.refresh_traffic_keys()),
            5 => peer.send_close_notify(),
            6 => {
                let length = input.byte().into();
                records.extend(input.take(length));
            }
            7 if !records.is_empty() => {
                let at = records.len() - 1 - input.short() % records.len();
                records[at] ^= input.byte();
            }
            8 => records.truncate(records.len() - input.short() % (records.len() + 1)),
            9 => records.extend_from_within(last.start.min(before)..last.end.min(before)),
            _ => {}
        }
        drain(peer, &mut records);
        if records.len() > before {
            last = before..records.len();
        }
        if records.len() > MOST {
            break;
        }
    }
    records
}

/// `count` bytes that go on where the last ones ended.
fn counting(next: &mut u8, count: usize) -> Vec<u8> {
    let bytes = (0..count).map(|i| next.wrapping_add(i as u8)).collect();
    *next = next.wrapping_add(count as u8);
    bytes
}

fn drain(connection: &mut Connection, to: &mut Vec<u8>) {
    while connection.wants_write() && connection.write_tls(to).is_ok_and(|count| count > 0) {}
}

fn twin_receives(mut twin: Connection, mut records: &[u8]) -> (Vec<u8>, End) {
    let mut plaintext = Vec::new();
    loop {
        let outcome = twin.process_new_packets();
        // An error only says that there is no more.
        let _ = twin.reader().read_to_end(&mut plaintext);
        match outcome {
            Err(error) => return (plaintext, End::Failed(TlsError::from(&error))),
            Ok(state) if state.peer_has_closed() => return (plaintext, End::Closed),
            Ok(_) if records.is_empty() => return (plaintext, End::Truncated),
            Ok(_) => {}
        }
        if twin.read_tls(&mut records).is_err() {
            return (plaintext, End::Failed(TlsError::message_too_long()));
        }
    }
}

/// The session and both ends of its socket.
struct Play {
    session: Session,
    fd: OwnedFd,
    theirs: UnixStream,
    /// What the peer has still to send.
    records: Vec<u8>,
    plaintext: Vec<u8>,
    written: Vec<u8>,
    arrived: Vec<u8>,
    /// Memory that records are sealed in.
    sealed: Sealed,
}

impl Play {
    fn new(connection: Ours, mut records: Vec<u8>, input: &mut Input<'_>, has_little_room: bool) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("there are sockets");
        ours.set_nonblocking(true).expect("a socket");
        theirs.set_nonblocking(true).expect("a socket");
        if has_little_room {
            socket2::SockRef::from(&ours).set_send_buffer_size(4096).expect("a socket");
        }
        // What the handshake has received after its own messages.
        let unread: Vec<u8> = records.drain(..input.short() % (records.len() + 1)).collect();
        let session = Session::new(connection, &unread, None);
        let (plaintext, written, arrived, sealed) = (vec![], vec![], vec![], Sealed::default());
        Self { session, fd: ours.into(), theirs, records, plaintext, written, arrived, sealed }
    }

    /// Receives everything, as the input cuts it up, into `least` bytes or more at a time, and writes in between.
    fn receive(&mut self, input: &mut Input<'_>, least: usize) -> End {
        loop {
            let is_last = input.is_empty();
            let count = if is_last { self.records.len() } else { input.size() + 1 };
            let (cipher, space) = if is_last { (1 << 16, 1 << 16) } else { (input.size() + 1, input.size() + least) };
            let delivered = self.deliver(count);
            if let Some(end) = self.read(cipher, space) {
                return end;
            }
            if is_last && delivered == 0 {
                // Nothing is left, and nothing more can come.
                self.theirs.shutdown(std::net::Shutdown::Write).expect("a socket");
                return self.read(cipher, space).expect("the end of the socket is found");
            }
            if !is_last && input.byte() & 3 == 0 && self.written.len() < MOST {
                self.write(input.size());
            }
        }
    }

    fn deliver(&mut self, most: usize) -> usize {
        let most = most.min(self.records.len());
        let count = self.theirs.write(&self.records[..most]).unwrap_or(0);
        self.records.drain(..count);
        count
    }

    /// Reads until the session waits for the kernel, or says that it is over.
    fn read(&mut self, cipher: usize, space: usize) -> Option<End> {
        let mut cipher = vec![0u8; cipher];
        let mut space = vec![0xaau8; space];
        let mut is_drained = false;
        loop {
            let before = self.plaintext.len();
            let found = match self.session.read(&self.fd, Kind::Unix, &mut cipher, &mut space) {
                Err(ConnectionError::Tls(error)) => return Some(End::Failed(*error)),
                Err(ConnectionError::Socket(errno)) => panic!("the socket has failed: {errno}"),
                Ok(Received { read: Read::End, .. }) if self.session.is_truncated() => return Some(End::Truncated),
                Ok(Received { read: Read::End, .. }) => return Some(End::Closed),
                Ok(found) => found,
            };
            if let Read::Bytes(count) = found.read {
                assert!(count > 0 && count <= space.len());
                self.plaintext.extend(&space[..count]);
            }
            assert!(!is_drained || before == self.plaintext.len(), "something was left behind after `drained`");
            if is_drained && found == (Received { read: Read::Empty, drained: true }) {
                return None;
            }
            assert!(!is_drained || found.read == Read::Empty);
            is_drained = found.drained;
        }
    }

    fn write(&mut self, count: usize) {
        let bytes: Vec<u8> = (0..count).map(|i| (self.written.len() + i) as u8).collect();
        let (first, rest) = bytes.split_at(count / 3);
        let (second, third) = rest.split_at(rest.len() / 2);
        let slices = [second, &[], third];
        let taken = self.session.write_some(&self.fd, Kind::Unix, &mut self.sealed, first, &slices);
        let taken = taken.expect("the peer is there");
        assert!(taken <= count);
        self.written.extend(&bytes[..taken]);
        self.collect();
    }

    /// The peer takes what has arrived.
    fn collect(&mut self) {
        let _ = self.theirs.read_to_end(&mut self.arrived);
    }

    /// What was written arrives, whatever has been received; then the end.
    fn finish(mut self, peer: &mut Connection, found: &End) {
        let has_failed = matches!(found, End::Failed(_));
        if !has_failed {
            let last = self.session.write_all(&self.fd, Kind::Unix, &mut self.sealed, b"last", true);
            assert_eq!(last, Ok(4), "the peer is there");
            self.written.extend(b"last");
        }
        while !self.session.flush(&self.fd, Kind::Unix).expect("the peer is there") {
            self.collect();
        }
        self.collect();
        let mut records = self.arrived.as_slice();
        let mut arrived = Vec::new();
        let mut is_closed = false;
        loop {
            let outcome = peer.process_new_packets();
            while peer.reader().fill_buf().is_ok_and(|chunk| !chunk.is_empty()) {
                let _ = peer.reader().read_to_end(&mut arrived);
            }
            match outcome {
                Ok(state) => is_closed |= state.peer_has_closed(),
                Err(error) => {
                    assert!(has_failed, "what was sent can't be read: {error}");
                    break;
                }
            }
            if records.is_empty() || peer.read_tls(&mut records).is_err() {
                break;
            }
        }
        assert!(arrived == self.written, "{} bytes of {} arrived", arrived.len(), self.written.len());
        assert!(has_failed || is_closed, "no close_notify");
    }
}

/// Ours, its twin, and their peer, after a handshake.
fn connections(version: &'static SupportedProtocolVersion, is_server: bool) -> (Ours, Connection, Connection) {
    let configs = if version.version == version::TLS13.version { &*TLS13 } else { &*TLS12 };
    let server = || Connection::from(ServerConnection::new(Arc::clone(&configs.1)).expect("a configuration"));
    let name = || ServerName::try_from("fuzz.test").expect("a name");
    let client = || Connection::from(ClientConnection::new(Arc::clone(&configs.0), name()).expect("a configuration"));
    let (ours, mut twin, mut peer) = if is_server {
        (Ours::server(Arc::clone(&configs.1)), server(), client())
    } else {
        (Ours::client(Arc::clone(&configs.0), name()), client(), server())
    };
    let mut ours = ours.expect("a configuration");
    ours.process().expect("a handshake");
    while ours.is_handshaking() || peer.is_handshaking() {
        let mut also = Vec::new();
        let said = take(&mut ours);
        drain(&mut twin, &mut also);
        assert!(said == also, "twins differ");
        feed(&mut peer, &said);
        if ours.is_handshaking() {
            let mut answer = Vec::new();
            drain(&mut peer, &mut answer);
            ours.feed(&answer);
            ours.process().expect("a handshake");
            feed(&mut twin, &answer);
        }
    }
    // What a server has to say after the handshake, such as tickets, goes to the client.
    let rest = take(&mut ours);
    drain(&mut twin, &mut Vec::new());
    feed(&mut peer, &rest);
    (ours, twin, peer)
}

/// What `ours` has to send.
fn take(ours: &mut Ours) -> Vec<u8> {
    let records = ours.outgoing().to_vec();
    ours.sent(records.len());
    records
}

fn feed(connection: &mut Connection, mut records: &[u8]) {
    while !records.is_empty() {
        connection.read_tls(&mut records).expect("memory");
        connection.process_new_packets().expect("a handshake");
    }
}

type Configs = (Arc<ClientConfig>, Arc<ServerConfig>);

static TLS12: LazyLock<Configs> = LazyLock::new(|| configs(&version::TLS12));
static TLS13: LazyLock<Configs> = LazyLock::new(|| configs(&version::TLS13));

fn configs(version: &'static SupportedProtocolVersion) -> Configs {
    let provider = Arc::new(CryptoProvider {
        kx_groups: vec![&KeyExchange],
        secure_random: &Constant,
        ..provider::provider().as_ref().clone()
    });
    // Its signatures are the same each time.
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
    let certificate = rcgen::CertificateParams::default().self_signed(&key).expect("a certificate").der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
        .expect("a configuration");
    let mut client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a configuration")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    client.resumption = Resumption::disabled();
    (Arc::new(client), Arc::new(server))
}

/// Randomness without any.
#[derive(Debug)]
struct Constant;

impl SecureRandom for Constant {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        bytes.fill(0x2a);
        Ok(())
    }
}

/// A key exchange without keys.
#[derive(Debug)]
struct KeyExchange;

impl SupportedKxGroup for KeyExchange {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Self))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

impl ActiveKeyExchange for KeyExchange {
    fn complete(self: Box<Self>, _peer: &[u8]) -> Result<SharedSecret, Error> {
        Ok(SharedSecret::from(&[0x2a; 32][..]))
    }

    fn pub_key(&self) -> &[u8] {
        &[0x2a; 32]
    }

    fn group(&self) -> NamedGroup {
        self.name()
    }
}

/// Trusts anyone: who the peer is does not matter here.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
