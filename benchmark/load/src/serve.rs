//! The limit: the servers of the benchmark on tokio and tokio-rustls, on one thread, without JavaScript.
//!
//! `load serve WORK [--path PATH] [--identity FILE] [--backend PORT] [--replies COUNT]` prints the port or path that it
//! listens on, and ends with its input.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::work::Failure;

/// As much as node:net reads at once.
const MAX_READ: usize = 64 << 10;

/// What is done with a connection.
#[derive(Clone, Copy)]
enum Service {
    Echo,
    /// The same, if it is text.
    Strings,
    /// Sends it back so often.
    Replies(usize),
    Sink,
    Source,
    /// Passes everything on to this port.
    Proxy(u16),
}

/// Serves until the input ends.
pub fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    let work = arguments.next().unwrap_or_default();
    let mut options = HashMap::new();
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.insert(name, value);
    }
    let backend = options.get("--backend").and_then(|port| port.parse().ok());
    let replies = options.get("--replies").and_then(|count| count.parse().ok());
    let service = match (work.as_str(), backend) {
        ("echo", _) => Service::Echo,
        ("strings", _) => Service::Strings,
        ("replies", _) => Service::Replies(replies.unwrap_or(1)),
        ("sink", _) => Service::Sink,
        ("source", _) => Service::Source,
        ("proxy", Some(port)) => Service::Proxy(port),
        _ => return Err(Failure::from(format!("no such work: {work:?}"))),
    };
    let acceptor = options.get("--identity").map(|file| acceptor(file)).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let serving = serve(service, acceptor, options.get("--path"));
        let ended = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
        tokio::select! {
            outcome = serving => outcome.map_err(Failure::from),
            _ = ended => Ok(()),
        }
    })
}

fn acceptor(file: &str) -> Result<TlsAcceptor, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::from(format!("{file}: {error}"));
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| failed(&error))?;
    let chain = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(&error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(&error))?;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(|error| failed(&error))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(service: Service, acceptor: Option<TlsAcceptor>, path: Option<&String>) -> io::Result<()> {
    if let Some(path) = path {
        let listener = UnixListener::bind(path)?;
        println!("{path}");
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(attend(service, acceptor.clone(), stream));
        }
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(attend(service, acceptor.clone(), stream));
    }
}

/// Serves one connection. Its failures are the client's to report.
async fn attend(
    service: Service,
    acceptor: Option<TlsAcceptor>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
) -> io::Result<()> {
    match acceptor {
        None => service.run(stream).await,
        Some(acceptor) => service.run(acceptor.accept(stream).await?).await,
    }
}

impl Service {
    async fn run(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
        match self {
            Self::Source => {
                let chunk: Vec<u8> = (0..=255).cycle().take(MAX_READ).collect();
                loop {
                    stream.write_all(&chunk).await?;
                }
            }
            Self::Proxy(port) => {
                let mut behind = TcpStream::connect(("127.0.0.1", port)).await?;
                behind.set_nodelay(true)?;
                tokio::io::copy_bidirectional(&mut stream, &mut behind).await?;
                return Ok(());
            }
            _ => {}
        }
        let mut received = 0;
        // An idle connection owns no buffer that has been touched.
        let mut buffer = Vec::with_capacity(MAX_READ);
        while stream.read_buf(&mut buffer).await? > 0 {
            received += buffer.len();
            match self {
                Self::Replies(count) => {
                    let replies = buffer.repeat(count);
                    stream.write_all(&replies).await?;
                }
                Self::Sink => {}
                Self::Strings => {
                    let text = std::str::from_utf8(&buffer).map_err(io::Error::other)?;
                    stream.write_all(text.as_bytes()).await?;
                }
                _ => stream.write_all(&buffer).await?,
            }
            stream.flush().await?;
            buffer.clear();
        }
        if matches!(self, Self::Sink) {
            stream.write_all(received.to_string().as_bytes()).await?;
        }
        stream.shutdown().await
    }
}
