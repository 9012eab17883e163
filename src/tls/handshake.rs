//! A handshake, off the loop: rustls on the threads of the [`runtime`](crate::runtime).
//!
//! A stream shares its socket and passes on what it has received but not delivered; it gets back a connection, or what
//! went wrong. Meanwhile it neither reads nor writes. Nothing here knows streams: the caller of [`begin`] says where
//! letters are posted.
//!
//! # Threads
//!
//! [`begin`] is called on the JavaScript thread; the rest runs on the runtime. Signatures are computed on its few
//! threads, so that no more are under way at once, in the order in which they have become due; a handshake that waits
//! for its peer occupies no thread. Dropping the [`Handshake`] cancels it and releases its share of the socket. The
//! deadline is JavaScript's, which cancels a handshake that takes too long.

use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rustix::io::Errno;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConnection, Connection};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::credentials::Credentials;
use super::drive;
use super::error::{Failure, TlsError};
use super::judge::{Peer, judge};
use super::transport::Transport;
use super::verdict::Verdict;
use crate::runtime;
use crate::socket::{Descriptor, Kind};

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

/// Begins a handshake over `fd`, the stream's socket. `post` gets its letters, [`Letter::Over`] last. `None` where no
/// thread can be started.
pub fn begin(
    request: Request,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: impl Fn(Letter) + Send + Sync + 'static,
) -> Option<Handshake> {
    let task = async move {
        let post = TellsOfPanic(post);
        let outcome = run(request, fd, kind, &post.0).await;
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

async fn run(
    request: Request,
    fd: Arc<Descriptor>,
    kind: Kind,
    post: &(impl Fn(Letter) + Sync),
) -> Result<Secured, Failure> {
    let Request { role, credentials, received } = request;
    let transport = Transport::new(fd, kind, received)
        .map_err(|error| Failure::Socket(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    match role {
        Role::Client { server_name, checks_name, address } => {
            connect(transport, credentials, server_name, checks_name, address).await
        }
        Role::Server { contexts, asks } => accept(transport, credentials, &contexts, asks, post).await,
    }
}

async fn connect(
    mut transport: Transport,
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
    let client =
        ClientConnection::new(Arc::clone(&credentials.client), name).map_err(|error| TlsError::from(&error))?;
    let mut connection = Connection::from(client);
    drive::complete(&mut connection, &mut transport).await?;
    let checked = match server_name.clone() {
        Some(name) if checks_name && credentials.checks_names => Some(name),
        _ if !credentials.reject_unauthorized || !credentials.checks_names => None,
        // Behind a gate there is always a name, as in Node: the host's, its address, or what a path counts as.
        Some(name) => Some(name),
        None => Some(address.map_or_else(|| LOCAL.to_owned(), |address| address.to_string())),
    };
    let gate = Gate { peer: Peer::Server { name: checked.as_deref() }, is_closed: credentials.reject_unauthorized };
    let asked_for = server_name.filter(|_| sends_name);
    let own = credentials.own_certificate().cloned();
    secured(transport, connection, gate, asked_for, own, &credentials)
}

async fn accept(
    mut transport: Transport,
    credentials: Arc<Credentials>,
    contexts: &Contexts,
    asks: bool,
    post: &(impl Fn(Letter) + Sync),
) -> Result<Secured, Failure> {
    let hello = drive::client_hello(&mut transport).await?;
    let server_name = hello.client_hello().server_name().map(str::to_owned);
    let first = Arc::clone(&credentials);
    #[cfg(feature = "fault-injection")]
    assert!(server_name.as_deref() != Some("panic.test"), "set off by a test");
    let credentials = match &server_name {
        None => credentials,
        Some(name) => match contexts.find(name) {
            Some(context) => context,
            None if asks => {
                let (answer, answered) = oneshot::channel();
                post(Letter::Asks(name.clone(), answer));
                let answer = answer_or_end(answered, &transport).await;
                answer.ok_or_else(TlsError::disconnected)?.unwrap_or(credentials)
            }
            None => credentials,
        },
    };
    let Some(config) = credentials.server_behind(&first).cloned() else {
        return Err(TlsError::from(&rustls::Error::from(rustls::PeerIncompatible::NoCipherSuitesInCommon)).into());
    };
    let shown = config.cert_resolver.resolve(hello.client_hello());
    let own = shown.and_then(|identity| identity.cert.first().cloned());
    let mut connection = match hello.into_connection(config) {
        Ok(server) => Connection::from(server),
        Err((error, alert)) => return Err(drive::refuse(&error, alert, &mut transport).await),
    };
    drive::complete(&mut connection, &mut transport).await?;
    // Who asks for another name does not get around the gate.
    let is_closed = credentials.reject_unauthorized || first.reject_unauthorized;
    secured(transport, connection, Gate { peer: Peer::Client, is_closed }, server_name, own, &credentials)
}

/// What was answered. `None` if the stream, or its peer, is gone before: while the user chooses the credentials, nothing
/// is read.
async fn answer_or_end(
    mut answered: oneshot::Receiver<Option<Arc<Credentials>>>,
    transport: &Transport,
) -> Option<Option<Arc<Credentials>>> {
    poll_fn(|cx| match (Pin::new(&mut answered).poll(cx), transport.poll_hang_up(cx)) {
        (Poll::Ready(answer), _) => Poll::Ready(answer.ok()),
        (Poll::Pending, Poll::Ready(())) => Poll::Ready(None),
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
