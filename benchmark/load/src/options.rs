//! The command line: `load KIND [--name value]...`.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::dialogue::Protocol;
use crate::message::MESSAGE;
use crate::socket::{Endpoint, Place};
use crate::tls::Client;

/// Descriptors that are needed besides the connections.
const OTHER_DESCRIPTORS: u64 = 32;

/// The kind of load.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Messages on open connections, each sent when a former one is answered.
    Echo,
    /// One message per connection.
    Churn,
    /// The same, begun at a fixed rate.
    Storm,
    /// Sending as fast as the server reads.
    Upload,
    /// Receiving as fast as the server sends.
    Download,
    /// Connections that do nothing.
    Idle,
}

/// What is asked for.
pub struct Options {
    /// The kind of load.
    pub kind: Kind,
    /// Where the server is.
    pub endpoint: Endpoint,
    /// How many connections at once.
    pub connections: usize,
    /// The size of a message in bytes.
    pub size: usize,
    /// What messages and their answers look like.
    pub protocol: Protocol,
    /// How many messages a connection has on their way.
    pub depth: usize,
    /// How long to warm up.
    pub warm_up: Duration,
    /// How long to measure at a time.
    pub time: Duration,
    /// How many operations at most, at a time.
    pub most: u64,
    /// How many connections a storm begins in a second.
    pub rate: f64,
}

impl Options {
    /// Reads the arguments after the program's name.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let kind = match arguments.next().as_deref() {
            Some("echo") => Kind::Echo,
            Some("churn") => Kind::Churn,
            Some("storm") => Kind::Storm,
            Some("upload") => Kind::Upload,
            Some("download") => Kind::Download,
            Some("idle") => Kind::Idle,
            other => return Err(format!("no such kind of load: {other:?}")),
        };
        let mut place = None;
        let mut options = Self {
            kind,
            endpoint: Endpoint { place: Place::Unix(String::new()), client: None },
            connections: 1,
            size: MESSAGE,
            protocol: Protocol::Raw { replies: 1 },
            depth: 1,
            warm_up: Duration::ZERO,
            time: Duration::from_secs(1),
            most: u64::MAX,
            rate: 1.0,
        };
        while let Some(name) = arguments.next() {
            let client = match name.as_str() {
                "--tls" => Some(Client::forgetful()),
                "--tls-resumed" => Some(Client::resuming()),
                _ => None,
            };
            if let Some(client) = client {
                options.endpoint.client = Some(client.map_err(|error| error.to_string())?);
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--tcp" => place = Some(Place::Tcp(parsed(&name, &value)?)),
                "--unix" => place = Some(Place::Unix(value)),
                "--connections" => options.connections = parsed(&name, &value)?,
                "--size" => options.size = parsed(&name, &value)?,
                "--depth" => options.depth = parsed(&name, &value)?,
                "--replies" => options.protocol = Protocol::Raw { replies: parsed(&name, &value)? },
                "--protocol" => options.protocol = protocol(&value)?,
                "--warm-up" => options.warm_up = seconds(&name, &value)?,
                "--seconds" => options.time = seconds(&name, &value)?,
                "--rate" => options.rate = parsed(&name, &value)?,
                "--most" => options.most = parsed(&name, &value)?,
                _ => return Err(format!("unknown option {name}")),
            }
        }
        if let (Protocol::Http2, Some(client)) = (options.protocol, &mut options.endpoint.client) {
            client.offer(b"h2");
        }
        options.endpoint.place = place.ok_or("one of --tcp ADDRESS:PORT and --unix PATH is needed")?;
        if !(options.rate > 0.0 && options.rate.is_finite()) {
            return Err("--rate must be a number of connections".into());
        }
        let replies = if let Protocol::Raw { replies } = options.protocol { replies } else { 1 };
        if [options.connections, options.size, replies, options.depth].contains(&0) {
            return Err("--connections, --size, --replies and --depth can't be 0".into());
        }
        Ok(options)
    }
}

/// Raises the limit of open descriptors as far as `connections` need it.
pub fn allow_descriptors(connections: usize) -> io::Result<()> {
    let needed = connections as u64 + OTHER_DESCRIPTORS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < needed) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })?;
    }
    Ok(())
}

fn protocol(name: &str) -> Result<Protocol, String> {
    match name {
        "http" => Ok(Protocol::Http { closes: false }),
        "http-short" => Ok(Protocol::Http { closes: true }),
        "http2" => Ok(Protocol::Http2),
        _ => Err(format!("--protocol can't be {name:?}")),
    }
}

fn parsed<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} can't be {value:?}"))
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    Duration::try_from_secs_f64(parsed(name, value)?).map_err(|error| format!("{name}: {error}"))
}
