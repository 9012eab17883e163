//! A handshake, off the loop: tokio-rustls on the threads of the [`runtime`](crate::runtime).
//!
//! A stream gives a duplicate of its socket and what it has received but not delivered, and gets back a connection, or
//! what went wrong. Meanwhile it neither reads nor writes. Nothing here knows streams: whoever begins a handshake says
//! where its letters are to be posted.
//!
//! # Threads
//!
//! [`begin`] is called on the JavaScript thread; the rest runs on the runtime. Signatures are computed on its few
//! threads, so that no more are under way at once, in the order in which they have become due; who only waits for its
//! peer holds no thread. Dropping the [`Handshake`] cancels it and closes the duplicate.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use rustls::Connection;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::Acceptor;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::{LazyConfigAcceptor, TlsConnector};

use super::credentials::Credentials;
use super::error::{Failure, TlsError, looks_like_tls};
use super::judge::{Peer, judge};
use super::transport::{Transport, hang_up};
use super::verdict::Verdict;
use crate::runtime;
use crate::socket::Kind;

/// Which side a stream takes.
#[derive(Clone, Debug)]
pub enum Role {
    /// Speaks first.
    Client {
        /// What the peer is called, sent as SNI.
        server_name: Option<String>,
        /// Whether its certificate must have that name.
        checks_name: bool,
        /// The peer's address, under which its sessions are kept where it has no name.
        address: Option<IpAddr>,
    },
    /// Answers.
    Server {
        /// Other credentials for some names.
        contexts: Arc<Contexts>,
        /// Whether whoever gets [`Letter::Asks`] chooses the credentials for the other names.
        asks: bool,
    },
}

/// Credentials by the name that a client asks for: `example.com`, or `*.example.com` for one label in front.
#[derive(Debug, Default)]
pub struct Contexts(Vec<(String, Arc<Credentials>)>);

impl Contexts {
    /// Names are compared without regard to case. The first that fits counts.
    pub fn new(contexts: impl IntoIterator<Item = (String, Arc<Credentials>)>) -> Self {
        Self(contexts.into_iter().map(|(name, credentials)| (name.to_ascii_lowercase(), credentials)).collect())
    }

    fn find(&self, name: &str) -> Option<Arc<Credentials>> {
        let name = name.to_ascii_lowercase();
        let domain = name.split_once('.').map(|(_, domain)| domain);
        let fits = |pattern: &str| match pattern.strip_prefix("*.") {
            Some(suffix) => domain == Some(suffix),
            None => pattern == name,
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, credentials)| Arc::clone(credentials))
    }
}

/// The name that the gate asks for at the other end of a path, as in Node.
const LOCAL: &str = "localhost";

/// What a handshake needs.
pub struct Request {
    /// Which side to take.
    pub role: Role,
    /// Who we are and whom we trust.
    pub credentials: Arc<Credentials>,
    /// What was received and not delivered: it belongs to the handshake.
    pub received: Vec<u8>,
    /// How long it may take.
    pub deadline: Duration,
}

/// What a handshake has to say.
pub enum Letter {
    /// A client has named whom it wants; [`Answer`] goes on with the credentials for that.
    Asks(String, Answer),
    /// It is over.
    Over(Result<Box<Secured>, Failure>),
}

/// The way to answer [`Letter::Asks`]: credentials, or `None` for those of the request.
pub type Answer = oneshot::Sender<Option<Arc<Credentials>>>;

/// What a handshake has achieved.
pub struct Secured {
    /// The connection, whose records go over the stream's socket from now on.
    pub connection: Connection,
    /// What was received and not read.
    pub unread: Vec<u8>,
    /// What speaks against the peer, if anything does.
    pub verdict: Option<Verdict>,
    /// The name that a client has asked for, on either side.
    pub server_name: Option<String>,
    /// Our certificate: on a server, the one that was shown.
    pub own: Option<CertificateDer<'static>>,
}

/// A handshake under way. Dropping it cancels it.
pub struct Handshake(AbortHandle);

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins a handshake over `fd`, which is a duplicate of the stream's socket. `post` gets its letters, [`Letter::Over`]
/// last. `None` where no thread can be started.
pub fn begin(
    request: Request,
    fd: OwnedFd,
    kind: Kind,
    post: impl Fn(Letter) + Send + Sync + 'static,
) -> Option<Handshake> {
    let task = async move {
        let post = TellsOfPanic(post);
        let deadline = request.deadline;
        let outcome = match timeout(deadline, run(request, fd, kind, &post.0)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TlsError::handshake_timeout().into()),
        };
        (post.0)(Letter::Over(outcome.map(Box::new)));
    };
    runtime::spawn(task).map(Handshake)
}

/// A handshake that panics is over, too. tokio keeps the panic to its task.
struct TellsOfPanic<P: Fn(Letter)>(P);

impl<P: Fn(Letter)> Drop for TellsOfPanic<P> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)(Letter::Over(Err(TlsError::internal().into())));
        }
    }
}

async fn run(request: Request, fd: OwnedFd, kind: Kind, post: &(impl Fn(Letter) + Sync)) -> Result<Secured, Failure> {
    let Request { role, credentials, received, .. } = request;
    // While the user chooses the credentials, nobody reads: that the peer has left is seen by watching.
    let watched = match &role {
        Role::Server { asks: true, .. } => Some(fd.try_clone().map_err(|error| failure(&error, None))?),
        _ => None,
    };
    let transport = Transport::new(fd, kind, received).map_err(|error| failure(&error, None))?;
    match role {
        Role::Client { server_name, checks_name, address } => {
            connect(transport, credentials, server_name, checks_name, address).await
        }
        Role::Server { contexts, .. } => accept(transport, credentials, &contexts, watched, post).await,
    }
}

async fn connect(
    transport: Transport,
    credentials: Arc<Credentials>,
    server_name: Option<String>,
    checks_name: bool,
    address: Option<IpAddr>,
) -> Result<Secured, Failure> {
    // An address is never sent as a name.
    let name = match server_name.as_deref().map(|name| ServerName::try_from(name.to_owned())) {
        Some(Ok(name)) => name,
        _ => ServerName::IpAddress(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).into()),
    };
    let sends_name = matches!(name, ServerName::DnsName(_));
    let connecting = TlsConnector::from(Arc::clone(&credentials.client)).connect(name, transport);
    let stream = connecting.into_fallible().await.map_err(|(error, transport)| failure(&error, Some(&transport)))?;
    let (transport, connection) = stream.into_inner();
    let checked = match server_name.clone() {
        Some(name) if checks_name => Some(name),
        _ if !credentials.reject_unauthorized => None,
        // Behind a gate there is always a name, as in Node: the host's, its address, or what a path counts as.
        Some(name) => Some(name),
        None => Some(address.map_or_else(|| LOCAL.to_owned(), |address| address.to_string())),
    };
    let gate = Gate { peer: Peer::Server { name: checked.as_deref() }, is_closed: credentials.reject_unauthorized };
    let asked_for = server_name.filter(|_| sends_name);
    let own = credentials.own_certificate().cloned();
    secured(transport, connection.into(), gate, asked_for, own, &credentials)
}

async fn accept(
    transport: Transport,
    credentials: Arc<Credentials>,
    contexts: &Contexts,
    watched: Option<OwnedFd>,
    post: &(impl Fn(Letter) + Sync),
) -> Result<Secured, Failure> {
    let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), transport);
    let start = match (&mut acceptor).await {
        Ok(start) => start,
        Err(error) => return Err(failure(&error, acceptor.take_io().as_ref())),
    };
    let server_name = start.client_hello().server_name().map(str::to_owned);
    let first = Arc::clone(&credentials);
    #[cfg(feature = "fault-injection")]
    assert!(server_name.as_deref() != Some("panic.test"), "set off by a test");
    let credentials = match &server_name {
        None => credentials,
        Some(name) => match contexts.find(name) {
            Some(context) => context,
            None => match watched {
                Some(fd) => {
                    let (answer, answered) = oneshot::channel();
                    post(Letter::Asks(name.clone(), answer));
                    answer_or_end(answered, fd).await.ok_or_else(TlsError::disconnected)?.unwrap_or(credentials)
                }
                None => credentials,
            },
        },
    };
    let Some(config) = credentials.server_behind(&first).cloned() else {
        return Err(TlsError::from(&rustls::Error::from(rustls::PeerIncompatible::NoCipherSuitesInCommon)).into());
    };
    let shown = config.cert_resolver.resolve(start.client_hello());
    let own = shown.and_then(|identity| identity.cert.first().cloned());
    let accepting = start.into_stream(config).into_fallible();
    let stream = accepting.await.map_err(|(error, transport)| failure(&error, Some(&transport)))?;
    let (transport, connection) = stream.into_inner();
    // Who asks for another name does not get around the gate.
    let is_closed = credentials.reject_unauthorized || first.reject_unauthorized;
    secured(transport, connection.into(), Gate { peer: Peer::Client, is_closed }, server_name, own, &credentials)
}

/// What was answered. `None` if the stream, or its peer at `fd`, is gone before.
async fn answer_or_end(
    mut answered: oneshot::Receiver<Option<Arc<Credentials>>>,
    fd: OwnedFd,
) -> Option<Option<Arc<Credentials>>> {
    let mut end = pin!(hang_up(fd));
    poll_fn(|cx| match (Pin::new(&mut answered).poll(cx), end.as_mut().poll(cx)) {
        (Poll::Ready(answer), _) => Poll::Ready(answer.ok()),
        (Poll::Pending, Poll::Ready(_)) => Poll::Ready(None),
        (Poll::Pending, Poll::Pending) => Poll::Pending,
    })
    .await
}

/// What a peer must be, and whether it gets no further if it is not.
struct Gate<'a> {
    peer: Peer<'a>,
    is_closed: bool,
}

fn secured(
    transport: Transport,
    connection: Connection,
    gate: Gate<'_>,
    server_name: Option<String>,
    own: Option<CertificateDer<'static>>,
    credentials: &Credentials,
) -> Result<Secured, Failure> {
    // After every handshake, a resumed one too: a session remembers the peer's certificates, not what they were worth.
    let chain = connection.peer_certificates().unwrap_or_default();
    let verdict = judge(&credentials.trust, chain, gate.peer, UnixTime::now()).err();
    if let (true, Some(verdict)) = (gate.is_closed, &verdict) {
        return Err(TlsError::from(verdict).into());
    }
    Ok(Secured { unread: transport.into_rest(), connection, verdict, server_name, own })
}

/// What a failed handshake has failed of.
fn failure(error: &io::Error, transport: Option<&Transport>) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        let first = transport.map_or(&[][..], Transport::first);
        return match tls {
            rustls::Error::InvalidMessage(_) if !looks_like_tls(first) => TlsError::not_tls(first).into(),
            _ => TlsError::from(tls).into(),
        };
    }
    match error.raw_os_error() {
        Some(errno) => Failure::Socket(Errno::from_raw_os_error(errno)),
        None => TlsError::disconnected().into(),
    }
}
